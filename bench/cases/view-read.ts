import * as assert from 'node:assert/strict';
import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { vmpacket_descriptor } from '../../src/abi/vmbus/packet.js';
import { view } from '../../src/layout/view.js';
import { type BenchCase, below } from '../case.js';
import { heapGrowth } from '../heap.js';
import { type Contestant, figuresOf, race } from '../race.js';
import { descriptorBytes, descriptorValue, pageBytes } from '../samples.js';

const READS = 1_000_000;
const BATCH = 1_000;

/** Reads in a loop and folds what was read into one number. */
type Loop = (times: number) => number;

const bench: BenchCase = {
  question: 'What does reading one field through a view cost, in time and in memory?',
  run(pace) {
    const descriptor = view(vmpacket_descriptor, descriptorBytes());
    const page = view(hv_input_map_device_gpa_pages, pageBytes());
    assert.equal(descriptor.len8, descriptorValue.len8);
    assert.equal(descriptor.trans_id_lo, 0x0a2b3c40);
    assert.equal(page.map_flags, 3);
    assert.equal(page.target_vtl.target_vtl, 2);
    assert.equal(page.target_vtl.use_target_vtl, true);
    assert.equal(page.device_domain.domain_id.id, 7);
    assert.equal(page.gpa_page_list.lo(3), 0x100003);

    const loops: Readonly<Record<string, Loop>> = {
      'u16 field': (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) sum = (sum + descriptor.len8 + i) | 0;
        return sum;
      },
      'half of a u64 field': (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) sum = (sum + descriptor.trans_id_lo + i) | 0;
        return sum;
      },
      'u32 field': (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) sum = (sum + page.map_flags + i) | 0;
        return sum;
      },
      'bit-field of an inner view': (times) => {
        const vtl = page.target_vtl;
        let sum = 0;
        for (let i = 0; i < times; i++) sum = (sum + vtl.target_vtl + i) | 0;
        return sum;
      },
      'low half of a list entry': (times) => {
        const list = page.gpa_page_list;
        let sum = 0;
        for (let i = 0; i < times; i++) sum = (sum + list.lo(i & 255) + i) | 0;
        return sum;
      },
    };
    const contestants: Contestant[] = Object.entries(loops).map(([name, loop]) => ({
      name,
      each: BATCH,
      run: () => loop(BATCH),
    }));
    const timings = race(contestants, pace);
    const bytes = Math.max(...Object.values(loops).map((loop) => heapGrowth(loop, READS)));
    return {
      figures: [
        ...figuresOf(timings.values()),
        { what: `heap growth over ${READS.toExponential()} reads, worst field`, value: bytes * READS, unit: 'bytes' },
      ],
      bars: [
        below('slowest of these fields', Math.max(...[...timings.values()].map((one) => one.ns)), 5, 'ns'),
        // One object for each read would be 12 bytes or more; what is left is the engine's own.
        below('heap growth for one read', bytes, 1, 'bytes'),
      ],
    };
  },
};

export default bench;
