import { bytesToHex, hexNumber } from '../bytes/hex.js';
import type { Arch } from '../layout/types.js';
import type { Clock } from '../ports/run-queue.js';
import type { TraceSink } from '../ports/trace-sink.js';

/** Version of the container's header line; readers skip a header that they do not know. */
export const HVC_VERSION = 1;

export interface RecorderOptions {
  readonly arch: Arch;
  /** Name and version of what records. */
  readonly tool: string;
  readonly clock: Clock;
  /** Takes one line, without its end. */
  readonly write: (line: string) => void;
}

/**
 * Turns events into the lines of a `.hvc.jsonl` file: a header `{format, version, arch, tool}`, then one object per event with
 * its number `n` and the microseconds `t_us` since the recording began. Byte arrays become hex text, bigints `0x…` text.
 */
export class Recorder implements TraceSink {
  private readonly options: RecorderOptions;
  private readonly startUs: number;
  private next = 0;

  constructor(options: RecorderOptions) {
    this.options = options;
    this.startUs = options.clock.now();
    const { arch, tool, write } = options;
    write(JSON.stringify({ format: 'hvc', version: HVC_VERSION, arch, tool }));
  }

  /** Events recorded so far. */
  get count(): number {
    return this.next;
  }

  event(record: Readonly<Record<string, unknown>> & { readonly k: string }): void {
    const { clock, write } = this.options;
    write(JSON.stringify({ n: this.next++, t_us: clock.now() - this.startUs, ...record }, jsonValue));
  }
}

/** Numbers events (`n`) and times them (`t_us`, from now on), for several sinks that are to agree. */
export function stampTrace(clock: Clock, sink: TraceSink): TraceSink {
  const startUs = clock.now();
  let n = 0;
  return {
    event(record) {
      const stamped: Record<string, unknown> & { k: string } = { n: n++, t_us: clock.now() - startUs, ...record };
      sink.event(stamped);
    },
  };
}

/** What JSON has no form for. */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return hexNumber(BigInt.asUintN(64, value));
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return [...(value as unknown as Iterable<unknown>)];
  return value;
}

/** Hands each event to all of `sinks`, in order. */
export function teeTrace(...sinks: readonly TraceSink[]): TraceSink {
  return {
    event(record) {
      for (const sink of sinks) sink.event(record);
    },
  };
}

/** Drops every event. */
export const NO_TRACE: TraceSink = { event: () => undefined };
