/** Writes `count` consecutive u64 from `first` (below 2^53) at `offset` bytes: page frames of one contiguous run. */
export function fillConsecutive(view: DataView, offset: number, first: number, count: number): void {
  // Signed halves: unsigned ones above 2^31 are floating-point numbers to the engine.
  let lo = first | 0;
  let hi = (first / 0x100000000) | 0;
  const end = offset + 8 * count;
  for (let at = offset; at < end; at += 8) {
    view.setInt32(at, lo, true);
    view.setInt32(at + 4, hi, true);
    lo = (lo + 1) | 0;
    if (lo === 0) hi++;
  }
}
