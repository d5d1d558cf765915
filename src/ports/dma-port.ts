/**
 * A device's way to the memory of its guest. Addresses are the device's own, which an IOMMU may translate; accesses may cross
 * pages. False is an access that was refused, wholly or from some page on: the device has to do without. Nothing here throws
 * for what a guest did.
 */
export interface DmaPort {
  /** Fills `into` from memory. */
  read(address: bigint, into: Uint8Array): boolean;
  /** Writes `from` to memory. */
  write(address: bigint, from: Uint8Array): boolean;
  /** Writes 4 aligned bytes at once, behind everything that was written before: a guest on another thread sees that then. */
  storeU32(address: bigint, value: number): boolean;
}
