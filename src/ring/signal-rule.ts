// When one side of a ring has to interrupt the other. include/linux/hyperv.h, drivers/hv/ring_buffer.c; OpenVMM vmbus_ring.

/**
 * After a publish: true when the reader may be asleep, which it can be only if it found the ring empty where this batch
 * began. `readIndex` has to be loaded after the new write index was stored.
 */
export function signalsAfterWrite(interruptMask: number, readIndex: number, writeIndexBefore: number): boolean {
  return interruptMask === 0 && readIndex === writeIndexBefore;
}

/**
 * After a release: true when this release is what made room for a writer that waits. `pending` is the raw word: some
 * writers store the size of the ring less one, so its low bits are cut off. Free bytes are those a writer may use, 8 less
 * than the distance of the indices. Linux says the same about distances (free ≤ pending before, > pending after).
 */
export function signalsAfterRead(pending: number, freeBefore: number, freeAfter: number): boolean {
  const needed = (pending & ~7) >>> 0;
  return needed !== 0 && freeBefore < needed && freeAfter >= needed;
}
