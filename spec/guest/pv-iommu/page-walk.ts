/** What a walk of x86-64 tables finds: independent of the code that writes them. */
export interface Walked {
  readonly gpa: bigint;
  readonly write: boolean;
  readonly pageBits: number;
}

/** Walks tables as the hardware does (PVI-52); `read` gives the qword at a GPA. */
export function walk(read: (gpa: bigint) => bigint, root: bigint, levels: number, iova: bigint): Walked | undefined {
  if (iova >> BigInt(12 + 9 * levels) !== 0n) return undefined;
  let table = root;
  let write = true;
  for (let level = levels; level >= 1; level--) {
    const shift = BigInt(12 + 9 * (level - 1));
    const entry = read(table + 8n * ((iova >> shift) & 0x1ffn));
    if ((entry & 1n) === 0n) return undefined;
    write &&= (entry & 2n) !== 0n;
    const address = entry & 0x000f_ffff_ffff_f000n;
    if (level === 1 || (level <= 3 && (entry & 0x80n) !== 0n)) {
      const inside = (1n << shift) - 1n;
      if ((address & inside) !== 0n) throw new Error(`page of ${shift} bits at ${address}`);
      return { gpa: address | (iova & inside), write, pageBits: Number(shift) };
    }
    if ((entry & 0x80n) !== 0n) throw new Error(`large page at level ${level}`);
    table = address;
  }
  return undefined;
}
