interface Placed {
  readonly slots: readonly { readonly key: string; readonly offset: number }[];
}

/** Offset of a member in bytes, from its declaration: for handlers that read one word of an input and not all of it. */
export function offsetOf({ slots }: Placed, key: string): number {
  return slots.find((slot) => slot.key === key)!.offset;
}
