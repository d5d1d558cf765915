import { AbiError } from '../../src/bytes/errors.js';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { LinkWindow } from '../../src/capture/link-window.js';
import { presentRecord } from '../../src/capture/present.js';
import type { DecodedRecord, Part } from '../../src/capture/record.js';
import { Summary } from '../../src/capture/summary.js';
import { Tally } from '../../src/capture/tally.js';
import { describePart, isDecoded, issuesOf, reencodes } from '../../src/capture/value.js';
import { coverageFaults } from './byte-coverage.js';
import { captureNames, readCapture } from './captures.js';
import { randomWords } from './random.js';
import { below, mutated } from './record-mutations.js';

/** Records that one decoder sees, so that offers, versions and open requests of earlier ones matter. */
const RUN = 60;

export interface FuzzResult {
  /** Records that were decoded, and those refused as malformed. */
  decoded: number;
  refused: number;
  /** Longest time of one record, ms. */
  slowest: number;
}

/**
 * Changed events through everything that reads records. Throws an Error that holds the event when anything but a refusal by
 * push() is thrown, when bytes are lost, or when a decoded value encodes to other bytes. `go` is asked before each run.
 */
export function fuzzRecords(seed: number, count: number, go: () => boolean = () => true): FuzzResult {
  const corpus = captureNames().flatMap(readCapture);
  const draw = randomWords(seed);
  const result: FuzzResult = { decoded: 0, refused: 0, slowest: 0 };
  const total = (): number => result.decoded + result.refused;
  while (total() < count && go()) {
    const decoder = new Decoder(optionsFrom(draw));
    const readers = { tally: new Tally(), summary: new Summary(), window: new LinkWindow() };
    let from = below(draw, corpus.length);
    for (let i = 0; i < RUN && total() < count; i++) {
      const original = corpus[from++ % corpus.length]!;
      const event = draw() % 3 === 0 ? original : mutated(original, draw, corpus);
      const before = performance.now();
      if (readOne(decoder, readers, event, seed)) result.decoded++;
      else result.refused++;
      result.slowest = Math.max(result.slowest, performance.now() - before);
    }
    for (const record of readers.window.flush()) JSON.stringify(presentRecord(record));
    JSON.stringify(readers.summary.toJson());
  }
  return result;
}

function optionsFrom(draw: () => number): object {
  return {
    ...(draw() % 4 === 0 ? { arch: draw() % 2 === 0 ? 'x64' : 'arm64' } : {}),
    ...(draw() % 4 === 0 ? { abi: ['linux-6.12', 'linux-7.3', 'openvmm', 'series-root'][draw() % 4] } : {}),
    ...(draw() % 4 === 0 ? { proto: 0x10001 + (draw() % 6) } : {}),
  };
}

interface Readers {
  readonly tally: Tally;
  readonly summary: Summary;
  readonly window: LinkWindow;
}

function readOne(decoder: Decoder, readers: Readers, event: Event, seed: number): boolean {
  try {
    let record: DecodedRecord;
    try {
      record = decoder.push(event);
    } catch (error) {
      if (error instanceof AbiError) return false;
      throw error;
    }
    const { tally, summary, window } = readers;
    const before = { ...tally };
    tally.add(record);
    summary.add(record);
    window.push(record);
    JSON.parse(JSON.stringify(presentRecord(record)));
    for (const part of record.parts) readPart(part);
    const faults = coverageFaults(record);
    if (faults.length > 0) throw new Error(faults.join('; '));
    // What decodes completely has to encode to its bytes.
    if (tally.decoded > before.decoded && tally.identical === before.identical)
      throw new Error('encodes to other bytes');
    return true;
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\n${JSON.stringify(event)}`, { cause: error });
  }
}

function readPart(part: Part): void {
  describePart(part);
  issuesOf(part);
  if (isDecoded(part)) reencodes(part);
  if (part.inner) readPart(part.inner);
}
