import { catalog } from '../../src/abi/hypercalls/catalog.js';
import { vmbus } from '../../src/abi/vmbus/messages.js';
import { vpci } from '../../src/abi/vpci/messages.js';
import { AbiError } from '../../src/bytes/errors.js';
import { allLayouts } from '../../src/capture/names.js';
import { type PlainOptions, PlainReader } from '../../src/capture/plain.js';
import { presentRecord } from '../../src/capture/present.js';
import { describePart, isDecoded, issuesOf, reencodes } from '../../src/capture/value.js';
import { coverageFaults } from './byte-coverage.js';
import { randomBytes, randomWords } from './random.js';

const NAMES = [
  'ring',
  ...allLayouts.map((layout) => layout.name),
  ...catalog.map((call) => call.name),
  ...vmbus.byName.keys(),
  ...vpci.byName.keys(),
];

/** Random bytes in pieces of random length as structs, calls, messages and rings. Throws an Error that says what repeats it. */
export function fuzzPlain(seed: number, count: number, go: () => boolean = () => true): number {
  const draw = randomWords(seed ^ 0x1b873593);
  let done = 0;
  for (; done < count && go(); done++) {
    const options = optionsFrom(draw);
    const bytes = bytesFrom(draw);
    try {
      readAll(options, bytes, draw);
    } catch (error) {
      if (error instanceof AbiError) continue;
      const text = `seed ${seed}, round ${done}: ${String(error)}`;
      throw new Error(`${text}\n${JSON.stringify(options, (_key, v) => (typeof v === 'bigint' ? `${v}n` : v))}`, {
        cause: error,
      });
    }
  }
  return done;
}

function optionsFrom(draw: () => number): PlainOptions {
  return {
    ...(draw() % 5 === 0 ? { control: (BigInt(draw()) << 32n) | BigInt(draw() & 0xffff01ff) } : {}),
    ...(draw() % 8 === 0 ? {} : { as: NAMES[draw() % 3 === 0 ? 0 : draw() % NAMES.length]! }),
    ...(draw() % 2 === 0 ? { arch: 'arm64' } : {}),
    ...(draw() % 4 === 0 ? { direction: draw() % 2 === 0 ? 'host->guest' : 'guest->host' } : {}),
    ...(draw() % 4 === 0 ? { stride: draw() % 3000 } : {}),
    ...(draw() % 4 === 0 ? { proto: 0x10000 + (draw() % 6) } : {}),
  };
}

/** Packets with small headers as often as noise. */
function bytesFrom(draw: () => number): Uint8Array {
  const bytes = randomBytes(draw() % 6000, draw());
  if (draw() % 2 === 0) return bytes;
  for (let at = 0; at + 24 < bytes.length; at += 24 + (draw() % 12) * 8)
    bytes.set([[6, 7, 9, 11][draw() % 4]!, 0, draw() % 5, 0, draw() % 16, 0, draw() % 2, 0], at);
  return bytes;
}

function readAll(options: PlainOptions, bytes: Uint8Array, draw: () => number): void {
  const reader = new PlainReader(options);
  let seen = 0;
  const read = (records: ReturnType<PlainReader['push']>): void => {
    for (const record of records) {
      seen += record.bytes;
      JSON.stringify(presentRecord(record));
      for (const part of record.parts) {
        describePart(part);
        issuesOf(part);
        if (isDecoded(part) && !reencodes(part)) throw new Error(`${part.struct} encodes to other bytes`);
      }
      const faults = coverageFaults(record);
      if (faults.length > 0) throw new Error(faults.join('; '));
    }
  };
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + (draw() % 2000));
    at += piece.length;
    read(reader.push(piece));
  }
  read(reader.end());
  if (seen !== bytes.length) throw new Error(`${bytes.length} bytes in, ${seen} in records`);
}
