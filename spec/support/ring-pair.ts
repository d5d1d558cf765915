import { RingMemory } from '../../src/ring/ring-memory.js';
import { type ReaderOptions, RingReader } from '../../src/ring/ring-reader.js';
import { RingWriter, type WriterOptions } from '../../src/ring/ring-writer.js';

export interface RawRing {
  readonly memory: RingMemory;
  /** The control page and the data as a peer sees them. */
  readonly control: Int32Array;
  readonly data: Uint8Array;
}

/** A fresh ring whose indices both stand at `start`. */
export function rawRing(dataBytes = 4096, start = 0): RawRing {
  const buffer = new SharedArrayBuffer(4096 + dataBytes);
  const control = new Int32Array(buffer, 0, 1024);
  control[0] = control[1] = start;
  return { memory: RingMemory.over(buffer), control, data: new Uint8Array(buffer, 4096) };
}

export interface RingPair extends RawRing {
  readonly writer: RingWriter;
  readonly reader: RingReader;
}

/** Both ends of a fresh ring. */
export function ringPair(
  dataBytes = 4096,
  start = 0,
  options: { writer?: WriterOptions; reader?: ReaderOptions } = {},
): RingPair {
  const raw = rawRing(dataBytes, start);
  return {
    ...raw,
    writer: new RingWriter(raw.memory, options.writer),
    reader: new RingReader(raw.memory, options.reader),
  };
}

/** `length` bytes of the data area from `start`, wrapping, as hex digits. */
export function ringHex(data: Uint8Array, start: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += data[(start + i) % data.length]!.toString(16).padStart(2, '0');
  return text;
}
