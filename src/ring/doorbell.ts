import { RingError } from './ring-error.js';
import type { RingReader } from './ring-reader.js';
import type { RingWriter } from './ring-writer.js';

/**
 * A counter in shared memory that one Worker rings and another sleeps on, in place of an interrupt. Waiting blocks, so a
 * browser allows it in Workers only.
 */
export class Doorbell {
  private readonly word: Int32Array;

  /** A word at a 4-byte aligned offset. Throws RingError E_RING_AREA. */
  constructor(buffer: SharedArrayBuffer, byteOffset: number) {
    if (!(byteOffset >= 0 && byteOffset % 4 === 0 && byteOffset + 4 <= buffer.byteLength))
      throw new RingError('E_RING_AREA', `a doorbell at ${byteOffset} is unaligned or outside of ${buffer.byteLength}`);
    this.word = new Int32Array(buffer, byteOffset, 1);
  }

  /** Wakes whoever sleeps, now or in a `wait` whose `count` was taken before. */
  ring(): void {
    // Seq-cst and before the notify: a sleeper that took the old count finds it changed.
    Atomics.add(this.word, 0, 1);
    Atomics.notify(this.word, 0);
  }

  /** How often it rang, modulo 2^32. */
  count(): number {
    return Atomics.load(this.word, 0);
  }

  /** Sleeps until it rings past `count`; false when the time is over. */
  wait(count: number, timeoutMs = Number.POSITIVE_INFINITY): boolean {
    const end = performance.now() + timeoutMs;
    // The notify of a ring whose count was seen already may come late, into the next sleep, and that is no ring.
    for (
      let left = timeoutMs;
      Atomics.wait(this.word, 0, count, left) === 'ok';
      left = Math.max(0, end - performance.now())
    )
      if (this.count() !== count) return true;
    return this.count() !== count;
  }
}

/**
 * Sleeps until the ring has packets; false when the time is over. Interrupts are masked again on return. Throws RingError.
 */
export function waitForPackets(reader: RingReader, bell: Doorbell, timeoutMs = Number.POSITIVE_INFINITY): boolean {
  const end = performance.now() + timeoutMs;
  for (;;) {
    // Taken before the unmask: a ring between the look and the sleep changes it, and the sleep does not begin.
    const count = bell.count();
    const ready = reader.unmaskInterrupts();
    const inTime = ready || bell.wait(count, Math.max(0, end - performance.now()));
    reader.maskInterrupts();
    if (ready) return true;
    if (!inTime) return false;
  }
}

/**
 * Sleeps until a packet of `bytes` (trailer included) fits; false when the time is over. Asks for a quarter of the ring where
 * that is more, so that a writer ahead of its reader is not woken for every packet. Throws RingError.
 */
export function waitForSpace(
  writer: RingWriter,
  bell: Doorbell,
  bytes: number,
  timeoutMs = Number.POSITIVE_INFINITY,
): boolean {
  const end = performance.now() + timeoutMs;
  const wanted = Math.max(bytes, writer.memory.dataBytes / 4);
  for (;;) {
    const count = bell.count();
    if (writer.requestSpace(wanted) || writer.freeBytes() >= bytes) {
      writer.cancelSpaceRequest();
      return true;
    }
    if (!bell.wait(count, Math.max(0, end - performance.now()))) {
      writer.cancelSpaceRequest();
      return writer.freeBytes() >= bytes;
    }
  }
}
