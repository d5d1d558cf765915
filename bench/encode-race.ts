import * as assert from 'node:assert/strict';
import { bytesToHex } from '../src/bytes/hex.js';
import { atLeast, type Outcome, type Pace } from './case.js';
import { type Contestant, figuresOf, race, ratio } from './race.js';

/** One way to write the value: into bytes of its own, or into an area that is used again. */
export interface EncodeWay {
  readonly name: string;
  write(): unknown;
  /** The bytes that `write` made. */
  bytes(): Uint8Array;
}

/** Times encoders of the same bytes. The first is ours, `micro-packed` the peer of the bar. */
export function raceEncoders(ways: readonly EncodeWay[], expected: Uint8Array, pace: Pace): Outcome {
  const contestants: Contestant[] = ways.map((way) => {
    way.write();
    assert.equal(bytesToHex(way.bytes()), bytesToHex(expected), way.name);
    return { name: way.name, each: 1, run: () => way.write() };
  });
  const timings = race(contestants, pace);
  return {
    figures: figuresOf(timings.values()),
    bars: [atLeast('faster than micro-packed', ratio(timings, ways[0]!.name, 'micro-packed'), 10, '×')],
  };
}
