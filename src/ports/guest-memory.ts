/**
 * Guest physical memory. Addresses are numbers of bytes (below 2^53, which covers 52-bit GPAs); every access is
 * bounds-checked and may cross pages. Throws MemoryError E_GPA outside the memory or inside a hole.
 */
export interface GuestMemory {
  /** One past the highest GPA. */
  readonly size: number;
  /** True when the range lies in memory, without holes. */
  has(gpa: number, length: number): boolean;
  /**
   * The bytes themselves, without a copy, where the memory is in this process and the range is contiguous in it;
   * undefined where it is not (a file shared with another process).
   */
  window(gpa: number, length: number): DataView | undefined;
  /** Copies out. */
  read(gpa: number, into: Uint8Array): void;
  /** Copies in. */
  write(gpa: number, from: Uint8Array): void;
  /** Zeroes a range. */
  clear(gpa: number, length: number): void;
  readU8(gpa: number): number;
  readU16(gpa: number): number;
  readU32(gpa: number): number;
  readU64(gpa: number): bigint;
  writeU8(gpa: number, value: number): void;
  writeU16(gpa: number, value: number): void;
  writeU32(gpa: number, value: number): void;
  writeU64(gpa: number, value: bigint): void;
  /** Atomic where the memory is in this process; on a file the best the file can do (see the implementation). 4-byte aligned. */
  loadU32(gpa: number): number;
  storeU32(gpa: number, value: number): void;
  /** Sets bits, returns the old value. */
  orU32(gpa: number, bits: number): number;
  /** Clears bits, returns the old value. */
  clearU32(gpa: number, bits: number): number;
}
