import { Decoder, type Event } from '../../src/capture/decoder.js';
import { linesOf } from '../../src/capture/input.node.js';
import { LinkWindow } from '../../src/capture/link-window.js';
import type { DecodedRecord } from '../../src/capture/record.js';
import { Summary } from '../../src/capture/summary.js';
import { endlessTrace } from './endless-trace.js';

export interface Soaked {
  /** Lines that went in, records that came out, and those of them that are tied to another. */
  readonly lines: number;
  readonly records: number;
  readonly linked: number;
  readonly mib: number;
  readonly peakHeapMiB: number;
}

const MIB = 2 ** 20;

/** So many bytes of a trace through lines, decoder, link window and summary. Throws an Error when the records are not in order. */
export function soak(bytes: number, report: (text: string) => void = () => undefined): Soaked {
  const made = { lines: 0, bytes: 0 };
  const decoder = new Decoder();
  const window = new LinkWindow();
  const summary = new Summary();
  let records = 0;
  let linked = 0;
  let peak = 0;
  let told = 0;
  const take = (record: DecodedRecord): void => {
    if (record.n !== records) throw new Error(`record ${record.n} comes as number ${records}`);
    records++;
    if (record.links) linked++;
    summary.add(record);
  };
  for (const { text } of linesOf(endlessTrace(bytes, made))) {
    const out = window.push(decoder.push(JSON.parse(text) as Event));
    if (out) take(out);
    if (records % 65536 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed);
    if (made.bytes - told >= 128 * MIB) {
      told = made.bytes;
      report(`${Math.round(told / MIB)} MiB, heap ${Math.round(process.memoryUsage().heapUsed / MIB)} MiB`);
    }
  }
  for (const record of window.flush()) take(record);
  peak = Math.max(peak, process.memoryUsage().heapUsed);
  if (summary.records !== records) throw new Error(`the summary has ${summary.records} records of ${records}`);
  return {
    lines: made.lines,
    records,
    linked,
    mib: Math.round(made.bytes / MIB),
    peakHeapMiB: Math.round(peak / MIB),
  };
}
