import type { DecodedRecord } from './record.js';

/** Records held back so that a request can name the answer that comes after it. */
const WINDOW = 2048;

/** Ties requests to their answers over a bounded stretch of records; order is kept. */
export class LinkWindow {
  private readonly held: DecodedRecord[] = [];
  private readonly byNumber = new Map<number, DecodedRecord>();

  /** Takes a record; gives back the one that leaves the window, if any. */
  push(record: DecodedRecord): DecodedRecord | undefined {
    const asked = record.links?.request;
    const request = asked === undefined ? undefined : this.byNumber.get(asked);
    if (request) request.links = { ...request.links, reply: record.n };
    this.held.push(record);
    this.byNumber.set(record.n, record);
    return this.held.length > WINDOW ? this.shift() : undefined;
  }

  /** What is still held, in order. */
  *flush(): Generator<DecodedRecord> {
    while (this.held.length > 0) yield this.shift()!;
  }

  private shift(): DecodedRecord | undefined {
    const record = this.held.shift();
    // A later record of the same number (traces one behind the other) stays known.
    if (record && this.byNumber.get(record.n) === record) this.byNumber.delete(record.n);
    return record;
  }
}
