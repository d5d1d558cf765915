// Collections behind the callers' backs would hide what was allocated: the heap is measured right after one.
const collect = (globalThis as { gc?: () => void }).gc;

/** Growth of the heap in bytes for one of `times` turns of a loop; needs node --expose-gc. */
export function heapGrowth(loop: (times: number) => unknown, times: number): number {
  if (collect === undefined) throw new Error('needs node --expose-gc');
  loop(times);
  const grown = [];
  for (let round = 0; round < 5; round++) {
    collect();
    const before = process.memoryUsage().heapUsed;
    loop(times);
    grown.push(process.memoryUsage().heapUsed - before);
  }
  // Taking the measure allocates a little itself; the least of five rounds still holds whatever each turn left.
  return Math.max(0, Math.min(...grown)) / times;
}
