/** First vector that Linux gives to devices on x64: behind the exceptions and the one of int 0x80's predecessor (0x20, 0x21). */
const FIRST = 0x22;
/** From here up they are the system's (arch/x86/include/asm/irq_vectors.h: FIRST_SYSTEM_VECTOR). */
const END = 0xec;

/** Vectors of each CPU, the lowest free one first. */
export class VectorSpace {
  private readonly taken: readonly Set<number>[];

  constructor(cpus: number) {
    this.taken = Array.from({ length: cpus }, () => new Set<number>());
  }

  take(cpu: number): number | undefined {
    const taken = this.taken[cpu];
    if (taken === undefined) return undefined;
    for (let vector = FIRST; vector < END; vector++) {
      if (taken.has(vector)) continue;
      taken.add(vector);
      return vector;
    }
    return undefined;
  }

  /** Throws RangeError for a vector that is not taken. */
  give(cpu: number, vector: number): void {
    if (this.taken[cpu]?.delete(vector) !== true) throw new RangeError(`vector ${vector} of CPU ${cpu} is not taken`);
  }

  /** Vectors in use, of all CPUs. */
  get inUse(): number {
    return this.taken.reduce((sum, { size }) => sum + size, 0);
  }
}
