import * as assert from 'uvu/assert';
import { Decoder, type DecoderOptions, type Event } from '../../src/capture/decoder.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import { Tally } from '../../src/capture/tally.js';
import { coverageFaults } from '../support/byte-coverage.js';

// Traces of /dev/iommu made by hand, and what the decoder reads in them.

export interface Read {
  readonly json: JsonRecord;
  readonly tally: Tally;
  /** Codes with their offsets. */
  readonly issues: string[];
}

/** The last of some events, each of which accounts for all its bytes. */
export const last = (...events: readonly Event[]): Read => lastOf({}, ...events);

export function lastOf(options: DecoderOptions, ...events: readonly Event[]): Read {
  const decoder = new Decoder(options);
  let read: Read | undefined;
  for (const event of events) {
    const record = decoder.push(event);
    assert.equal(coverageFaults(record), []);
    const tally = new Tally();
    tally.add(record);
    const json = presentRecord(record);
    const issues = (json.issues as { code: string; offset: number }[]).map(({ code, offset }) => `${code} ${offset}`);
    read = { json, tally, issues };
  }
  return read!;
}

/** A request of /dev/iommu that succeeded. */
export const ioctl = (cmd: number, input: string, more: Record<string, unknown> = {}): Event => ({
  k: 'ioctl',
  fd: 3,
  cmd,
  in: input,
  result: 0,
  ...more,
});
