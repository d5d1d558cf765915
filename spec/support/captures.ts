import { Decoder, type DecoderOptions, type Event } from '../../src/capture/decoder.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import type { DecodedRecord } from '../../src/capture/record.js';
import { inProject, listFiles, readProjectText } from './project.js';

/** Names of the traces in fixtures/captures. */
export function captureNames(): string[] {
  return listFiles(inProject('fixtures', 'captures'), '.jsonl');
}

/** The events of one of them. */
export function readCapture(name: string): Event[] {
  return readProjectText('fixtures', 'captures', name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
}

/** All records of some events, read by one decoder. */
export function decodeEvents(events: Iterable<Event>, options: DecoderOptions = {}): DecodedRecord[] {
  const decoder = new Decoder(options);
  return Array.from(events, (event) => decoder.push(event));
}

/** As `hvabi decode --jsonl` prints them, by record number. */
export function presentedByNumber(events: Iterable<Event>, options: DecoderOptions = {}): Map<number, JsonRecord> {
  return new Map(decodeEvents(events, options).map((record) => [record.n, presentRecord(record)]));
}

/** A value inside JSON by its dotted path; undefined where the path ends early. */
export function at(json: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      json,
    );
}
