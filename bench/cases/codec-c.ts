import * as assert from 'node:assert/strict';
import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { vmpacket_descriptor } from '../../src/abi/vmbus/packet.js';
import { pci_create_interrupt3 } from '../../src/abi/vpci/interrupt.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';
import { codecOf } from '../../src/layout/codec.js';
import type { BenchCase, Figure } from '../case.js';
import { againstC, BUILDS, roundsFigure, timesOfC } from '../compile-c.js';
import { withFolder } from '../processes.js';
import type { Contestant } from '../race.js';
import { descriptorBytes, interruptBytes, pageBytes, repeated } from '../samples.js';

const TIMES = 64;

/** One kind of work, done `TIMES` times; what was made is kept. */
function work(name: string, once: (i: number) => unknown): Contestant {
  const made: unknown[] = new Array(TIMES).fill(undefined);
  return {
    name,
    each: TIMES,
    run() {
      for (let i = 0; i < TIMES; i++) made[i] = once(i);
      return made;
    },
  };
}

const bench: BenchCase = {
  question: 'How far are decode and encode from the same work in C?',
  run(pace) {
    const samples = { descriptor: descriptorBytes(), interrupt: interruptBytes(), page: pageBytes() };
    const descriptors = viewOf(repeated(samples.descriptor, TIMES));
    const interrupt = viewOf(samples.interrupt);
    const page = viewOf(samples.page);
    const codecs = {
      descriptor: codecOf(vmpacket_descriptor),
      interrupt: codecOf(pci_create_interrupt3),
      page: codecOf(hv_input_map_device_gpa_pages),
    };
    const values = {
      descriptor: codecs.descriptor.decodeAt(descriptors, 0),
      interrupt: codecs.interrupt.decodeAt(interrupt, 0),
      page: codecs.page.decodeAt(page, 0),
    };
    const out = new DataView(new ArrayBuffer(4096));
    const written = (length: number): string => bytesToHex(new Uint8Array(out.buffer, 0, length));
    assert.equal(written(codecs.descriptor.encodeInto(values.descriptor, out, 0)), bytesToHex(samples.descriptor));
    assert.equal(written(codecs.interrupt.encodeInto(values.interrupt, out, 0)), bytesToHex(samples.interrupt));
    assert.equal(written(codecs.page.encodeInto(values.page, out, 0)), bytesToHex(samples.page));

    const contestants = [
      work('decode descriptor', (i) => codecs.descriptor.decodeAt(descriptors, i * 16)),
      work('encode descriptor', () => codecs.descriptor.encodeInto(values.descriptor, out, 0)),
      work('decode interrupt', () => codecs.interrupt.decodeAt(interrupt, 0)),
      work('lend interrupt', () => codecs.interrupt.lendAt(interrupt, 0)),
      work('encode interrupt', () => codecs.interrupt.encodeInto(values.interrupt, out, 0)),
      work('decode page', () => codecs.page.decodeAt(page, 0)),
      work('lend page', () => codecs.page.lendAt(page, 0)),
      work('encode page', () => codecs.page.encodeInto(values.page, out, 0)),
    ];
    return withFolder((folder) => {
      const args = [15, ...Object.values(samples).map((bytes) => bytesToHex(bytes))];
      const rounds = againstC(contestants, { source: 'codec', args }, folder, pace);
      const figures: Figure[] = contestants.flatMap(({ name }) => [
        roundsFigure(name, rounds.get(name)!, 'ns'),
        ...BUILDS.flatMap((build) => {
          const ratios = timesOfC(rounds, name, build, name);
          const theirs = rounds.get(`${build} ${name}`);
          return ratios === undefined
            ? []
            : [
                roundsFigure(`C ${build}, ${name}`, theirs!, 'ns'),
                roundsFigure(`${name}, times C ${build}`, ratios, '×'),
              ];
        }),
      ]);
      return { figures, bars: [] };
    });
  },
};

export default bench;
