import * as assert from 'node:assert/strict';
import { join } from 'node:path';
import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { viewOf } from '../../src/bytes/span.js';
import { encodeInto } from '../../src/layout/codec.js';
import { U64Seq } from '../../src/layout/seq.js';
import { atLeast, type BenchCase } from '../case.js';
import { CLI, fill, runNode, withFolder } from '../processes.js';
import { median } from '../race.js';
import { FULL_PAGE, pageValue } from '../samples.js';

const MIB = 1 << 20;
const PAGE = 4096;
/** Frames of one contiguous run: 8 MiB, so that runs go on over the end of a page, and a gap behind each. */
const RUN = 2048;
const FIRST = 0x10_0000;

/** The frame that entry `index` of the whole file names. */
const frame = (index: number): number => FIRST + index + Math.floor(index / RUN) * 16;

interface SummaryJson {
  readonly rows: readonly {
    name: string;
    count: number;
    reps?: number;
    entries?: number;
    min: string;
    max: string;
    runs: number;
  }[];
}

const bench: BenchCase = {
  question: 'How fast does `hvabi decode --summary` go through a file of map_device_gpa_pages input pages?',
  built: true,
  run(pace) {
    return withFolder((folder) => {
      const file = join(folder, 'pages.bin');
      const size = 256 * MIB;
      const batch = new Uint8Array(256 * PAGE);
      const view = viewOf(batch);
      const list = U64Seq.of(FULL_PAGE);
      let entries = 0;
      fill(file, size, () => {
        for (let at = 0; at < batch.length; at += PAGE) {
          for (let i = 0; i < FULL_PAGE; i++, entries++) list.setLoHi(i, frame(entries), 0);
          encodeInto(hv_input_map_device_gpa_pages, { ...pageValue, gpa_page_list: list }, view, at);
        }
        return batch;
      });
      const hex = (value: number): string => `0x${value.toString(16)}`;
      const decode = (...options: string[]): number => {
        const { stdout, seconds } = runNode([CLI, 'decode', file, '--summary', '--json', ...options]);
        const [row] = (JSON.parse(stdout) as SummaryJson).rows;
        assert.equal(row?.name, 'HVCALL_MAP_DEVICE_GPA_PAGES');
        assert.equal(row.count, size / PAGE);
        assert.equal(row.entries ?? row.reps, entries);
        assert.equal(BigInt(row.min), BigInt(frame(0)), hex(frame(0)));
        assert.equal(BigInt(row.max), BigInt(frame(entries - 1)), hex(frame(entries - 1)));
        assert.equal(row.runs, Math.ceil(entries / RUN));
        return seconds;
      };
      const ways: Readonly<Record<string, string[]>> = {
        '--as': ['--as', 'HVCALL_MAP_DEVICE_GPA_PAGES'],
        '--control': ['--control', '0x1fb000000b3'],
      };
      const times = pace === 'full' ? 5 : 1;
      const speeds = Object.entries(ways).map(([name, options]) => {
        // The first run warms the file.
        decode(...options);
        const seconds = Array.from({ length: times }, () => decode(...options));
        return { name, seconds, speed: size / median(seconds) / 1e9 };
      });
      return {
        figures: speeds.map(({ name, seconds, speed }) => ({
          what: `whole process, ${size / MIB} MiB with ${name}`,
          value: speed,
          unit: 'GB/s',
          note: `${seconds.map((s) => s.toFixed(3)).join(' ')} s`,
        })),
        bars: speeds.map(({ name, speed }) => atLeast(`raw pages, ${name}`, speed, 1, 'GB/s')),
      };
    });
  },
};

export default bench;
