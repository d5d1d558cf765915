/** Number of one bits in a u32. */
export function popcount32(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** A u64 from its unsigned halves. */
export function joinU64(lo: number, hi: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** Low half of a u64, unsigned. */
export function loOf(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

/** High half of a u64, unsigned. */
export function hiOf(value: bigint): number {
  return Number(BigInt.asUintN(64, value) >> 32n);
}
