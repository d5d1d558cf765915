import * as assert from 'node:assert/strict';
import { vmpacket_descriptor } from '../../src/abi/vmbus/packet.js';
import { viewOf } from '../../src/bytes/span.js';
import { codecOf } from '../../src/layout/codec.js';
import { atLeast, type BenchCase } from '../case.js';
import * as binaryParser from '../peers/binary-parser.js';
import { readDescriptor } from '../peers/hand-written.js';
import * as microPacked from '../peers/micro-packed.js';
import { type Contestant, figuresOf, race, ratio } from '../race.js';
import { descriptorBytes, descriptorValue, repeated } from '../samples.js';

const TIMES = 64;

const bench: BenchCase = {
  question: 'How long does a 16-byte packet descriptor take to become a plain value?',
  run(pace) {
    const bytes = repeated(descriptorBytes(), TIMES);
    const view = viewOf(bytes);
    const { decodeAt } = codecOf(vmpacket_descriptor);
    // binary-parser and micro-packed take the bytes from their beginning: they get a slice for each, made beforehand.
    const slices = Array.from({ length: TIMES }, (_, i) => bytes.subarray(i * 16, i * 16 + 16));
    const readers: Readonly<Record<string, (i: number) => unknown>> = {
      hvabi: (i) => decodeAt(view, i * 16),
      'hand-written DataView': (i) => readDescriptor(view, i * 16),
      'binary-parser': (i) => binaryParser.descriptor.parse(slices[i]!),
      'micro-packed': (i) => microPacked.descriptor.decode(slices[i]!),
    };
    const contestants: Contestant[] = Object.entries(readers).map(([name, read]) => {
      assert.deepEqual({ ...(read(TIMES - 1) as object) }, descriptorValue, name);
      const values: unknown[] = new Array(TIMES).fill(undefined);
      return {
        name,
        each: TIMES,
        run() {
          for (let i = 0; i < TIMES; i++) values[i] = read(i);
          return values;
        },
      };
    });
    const timings = race(contestants, pace);
    return {
      figures: figuresOf(timings.values()),
      bars: [atLeast('faster than binary-parser', ratio(timings, 'hvabi', 'binary-parser'), 10, '×')],
    };
  },
};

export default bench;
