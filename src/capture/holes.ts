import { issue } from './locate.js';
import type { DecodedRecord } from './record.js';

interface Span {
  /** Bytes from the start of the run, and how many. */
  readonly offset: number;
  readonly length: number;
}

/** Places of a run of bytes that the dump does not give (`??`, a jump in the addresses): they read as zero and are reported. */
export class Holes {
  private spans: Span[] = [];

  /** Holes of the next piece of the run, which starts at `base`. */
  add(spans: readonly Span[], base: number): void {
    for (const { offset, length } of spans) this.spans.push({ offset: base + offset, length });
  }

  /** The record, with an issue for each hole in its bytes; `source.at` tells where it starts. Records come in order. */
  mark(record: DecodedRecord): DecodedRecord {
    if (this.spans.length === 0) return record;
    const from = Number(record.source.at ?? 0);
    const to = from + record.bytes;
    this.spans = this.spans.filter((span) => span.offset + span.length > from);
    const found = this.spans
      .filter((span) => span.offset < to)
      .map((span) => {
        const first = Math.max(span.offset, from);
        const length = Math.min(span.offset + span.length, to) - first;
        return issue('I_MISSING', `${length} bytes are not in the dump and read as zero`, first - from);
      });
    return found.length === 0 ? record : { ...record, issues: [...record.issues, ...found] };
  }
}
