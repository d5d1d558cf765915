import { type UserBuffer, userBuffer } from '../../../src/guest/iommufd/user-buffer.js';
import type { VeventQueue } from '../../../src/guest/iommufd/vevent-queue.js';
import { splitVevents } from '../../../src/guest/iommufd/vevent-reader.js';
import { got } from './machine.js';

// What specs put into a vEVENTQ, and how they read it.

export const payload = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

export function report(queue: VeventQueue, count: number, from = 0): void {
  for (let i = 0; i < count; i++) got(queue.report(payload(from + i)));
}

export function readBytes(queue: VeventQueue, count = 4000): Uint8Array {
  const bytes = new Uint8Array(count);
  return bytes.subarray(0, got(queue.read(userBuffer(bytes))));
}

/** Records as text: the number, with `lost` for a header. */
export function read(queue: VeventQueue, count?: number): string[] {
  return splitVevents(readBytes(queue, count), 32).map((one) =>
    one.payload ? `${one.sequence}` : `lost ${one.sequence}`,
  );
}

/** A buffer where the n-th copy (from 0) faults; `during` runs at each copy. */
export function faulty(
  length: number,
  fails: number,
  during: () => void = () => undefined,
): UserBuffer & { bytes: Uint8Array } {
  const bytes = new Uint8Array(length);
  const good = userBuffer(bytes);
  let copies = 0;
  return {
    bytes,
    length,
    get: good.get,
    put(at, copied) {
      during();
      return copies++ === fails ? false : good.put(at, copied);
    },
  };
}
