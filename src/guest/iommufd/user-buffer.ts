/** Memory of the process that reads or writes a file descriptor; any access may fault. */
export interface UserBuffer {
  /** Bytes. */
  readonly length: number;
  /** Copies to the process at `at` (bytes); false for a fault. */
  put(at: number, bytes: Uint8Array): boolean;
  /** Copies from the process; undefined for a fault. */
  get(at: number, length: number): Uint8Array | undefined;
}

/** A buffer that is there: accesses outside of it fault. */
export function userBuffer(bytes: Uint8Array): UserBuffer {
  const inside = (at: number, length: number): boolean => at >= 0 && at + length <= bytes.length;
  return {
    length: bytes.length,
    put(at, copied) {
      if (!inside(at, copied.length)) return false;
      bytes.set(copied, at);
      return true;
    },
    get(at, length) {
      return inside(at, length) ? bytes.slice(at, at + length) : undefined;
    },
  };
}
