import * as assert from 'node:assert/strict';
import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { bytesOf } from '../../src/bytes/span.js';
import { MapBatch } from '../../src/hypercall/map-batch.js';
import { codecOf, encode } from '../../src/layout/codec.js';
import { U64Seq } from '../../src/layout/seq.js';
import { type Bar, type BenchCase, below, type Figure } from '../case.js';
import { againstC, BUILDS, roundsFigure, timesOfC } from '../compile-c.js';
import { makeGuest } from '../guest.js';
import { heapGrowth } from '../heap.js';
import { withFolder } from '../processes.js';
import { median } from '../race.js';
import { FULL_PAGE, pageValue } from '../samples.js';

const FIRST = 0x10_0000;
const EACH = 256;
const CALLS = 100_000;

/** Pages written one after the other, each of other frames at another address. */
type Loop = (times: number) => number;

const bench: BenchCase = {
  question: `How long does a full map_device_gpa_pages input (header and ${FULL_PAGE} consecutive frames) take to write on shared memory, against C?`,
  run(pace) {
    const { pages, memory } = makeGuest(2);
    assert.ok(memory.hasKernel, 'this host has the kernel');
    const { target_device_va_base: _base, gpa_page_list: _list, ...target } = pageValue;
    const length = 40 + 8 * FULL_PAGE;
    const byKernel = new MapBatch(target, memory);
    const plain = new MapBatch(target);
    const held = pages.claim(1, length, 0);
    const { encodeInto } = codecOf(hv_input_map_device_gpa_pages);
    const list = U64Seq.of(FULL_PAGE);
    const value = { ...target, target_device_va_base: 0n, gpa_page_list: list };
    const heldBytes = (): Uint8Array => bytesOf(held.input);

    const loops: Readonly<Record<string, { loop: Loop; bytes(): Uint8Array }>> = {
      'MapBatch, list by the kernel': {
        loop(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) sum += byKernel.write(held, i, FIRST + i, FULL_PAGE);
          return sum;
        },
        bytes: heldBytes,
      },
      'the same, page claimed and released': {
        loop(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) {
            sum += byKernel.write(pages.claim(0, length, 0, 0), i, FIRST + i, FULL_PAGE);
            pages.release(0);
          }
          return sum;
        },
        bytes() {
          const bytes = bytesOf(pages.claim(0, length, 0, 0).input);
          pages.release(0);
          return bytes;
        },
      },
      'MapBatch, plain list': {
        loop(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) sum += plain.write(held, i, FIRST + i, FULL_PAGE);
          return sum;
        },
        bytes: heldBytes,
      },
      'encodeInto, list from a U64Seq': {
        loop(times) {
          let sum = 0;
          for (let i = 0; i < times; i++) {
            list.fillPfns(FIRST + i);
            value.target_device_va_base = BigInt(i) << 12n;
            sum += encodeInto(value, held.input, 0);
          }
          return sum;
        },
        bytes: heldBytes,
      },
    };
    const wanted = bytesToHex(
      encode(hv_input_map_device_gpa_pages, {
        ...target,
        target_device_va_base: 2n << 12n,
        gpa_page_list: Array.from({ length: FULL_PAGE }, (_, i) => BigInt(FIRST + 2 + i)),
      }),
    );
    for (const [name, { loop, bytes }] of Object.entries(loops)) {
      bytes().fill(0xaa);
      assert.equal(loop(3), 3 * length, name);
      assert.equal(bytesToHex(bytes()), wanted, name);
    }

    const contestants = Object.entries(loops).map(([name, { loop }]) => ({ name, each: EACH, run: () => loop(EACH) }));
    const [ours] = contestants;
    return withFolder((folder) => {
      const rounds = againstC(contestants, { source: 'map-encode', args: [15, 8_000] }, folder, pace);
      const figures: Figure[] = [...rounds].map(([name, ns]) =>
        roundsFigure(name.startsWith('-') ? `C, gcc ${name}` : name, ns, 'ns'),
      );
      const bars: Bar[] = [];
      for (const build of BUILDS) {
        const ratios = timesOfC(rounds, ours!.name, build, 'map page');
        if (ratios === undefined) continue;
        if (build === '-O2') bars.push(below('time of C -O2', median(ratios), 1.5, '×'));
        figures.push(roundsFigure(`${ours!.name}, times C ${build}`, ratios, '×'));
      }
      const [first, claimed] = Object.values(loops);
      const grown = Math.max(...[first!, claimed!].map(({ loop }) => heapGrowth(loop, CALLS)));
      figures.push({ what: `heap growth over ${CALLS.toExponential()} pages`, value: grown * CALLS, unit: 'bytes' });
      // One object for each page would be 12 bytes or more.
      bars.push(below('heap growth for one page', grown, 0.1, 'bytes'));
      return { figures, bars };
    });
  },
};

export default bench;
