import { LayoutError } from '../bytes/errors.js';

/** A u32 shared with a peer. Over a SharedArrayBuffer every access is atomic; `wait` needs one. */
export interface AtomicCell {
  load(): number;
  store(value: number): void;
  /** Adds and returns the old value. */
  add(value: number): number;
  /** Blocks while the value is `value`; as Atomics.wait. */
  wait(value: number, timeoutMs?: number): 'ok' | 'not-equal' | 'timed-out';
  /** Wakes waiters; returns how many. */
  notify(count?: number): number;
}

/** The cell at `at`. Throws LayoutError E_ALIGN where Atomics cannot reach it, RangeError outside the view. */
export function atomicCell(view: DataView, at: number, key: string): AtomicCell {
  const from = view.byteOffset + at;
  if (from % 4 !== 0)
    throw new LayoutError('E_ALIGN', `atomic at 0x${from.toString(16)} is not 4-byte aligned`, {
      path: key,
      offset: at,
    });
  if (at < 0 || at + 4 > view.byteLength)
    throw new RangeError(`atomic at ${at} is not in a view of ${view.byteLength} bytes`);
  const cell = new Int32Array(view.buffer, from, 1);
  return {
    load: () => Atomics.load(cell, 0) >>> 0,
    store: (value) => {
      Atomics.store(cell, 0, value | 0);
    },
    add: (value) => Atomics.add(cell, 0, value | 0) >>> 0,
    wait: (value, timeoutMs) => Atomics.wait(cell, 0, value | 0, timeoutMs),
    notify: (count) => Atomics.notify(cell, 0, count),
  };
}
