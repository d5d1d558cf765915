/** Adds an event's number to those that there are for a reason. */
export function addTo<K>(reasons: Map<K, number[]>, why: K, n: number): void {
  const events = reasons.get(why);
  if (events === undefined) reasons.set(why, [n]);
  else events.push(n);
}

/** Numbers for the same reasons, one after the other. */
export function joined<K>(maps: readonly ReadonlyMap<K, readonly number[]>[]): Map<K, readonly number[]> {
  const all = new Map<K, readonly number[]>();
  for (const map of maps) for (const [why, events] of map) all.set(why, [...(all.get(why) ?? []), ...events]);
  return all;
}
