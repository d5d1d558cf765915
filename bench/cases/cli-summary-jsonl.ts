import * as assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atLeast, type BenchCase } from '../case.js';
import { CLI, runNode, withFolder } from '../processes.js';
import { median } from '../race.js';
import { longTrace } from '../traces.js';

const MIB = 1 << 20;
const BARE_LOOP = fileURLToPath(new URL('../tasks/bare-loop.js', import.meta.url));

const bench: BenchCase = {
  question: 'How fast is `hvabi decode --summary` on a JSON-lines trace, measured against only parsing it?',
  built: true,
  run(pace) {
    return withFolder((folder) => {
      const file = join(folder, 'trace.jsonl');
      const size = longTrace(file, 64 * MIB);
      const bare = runNode([BARE_LOOP, file]);
      const summary = runNode([CLI, 'decode', file, '--summary', '--json']);
      const counted = JSON.parse(bare.stdout) as { records: number; bytes: number };
      const found = JSON.parse(summary.stdout) as { records: number; bytes: number };
      assert.equal(found.records, counted.records);
      assert.equal(found.bytes, counted.bytes);

      const times = pace === 'full' ? 7 : 1;
      const pairs = Array.from({ length: times }, () => ({
        bare: runNode([BARE_LOOP, file]).seconds,
        ours: runNode([CLI, 'decode', file, '--summary', '--json']).seconds,
      }));
      const bareSeconds = median(pairs.map((pair) => pair.bare));
      const ourSeconds = median(pairs.map((pair) => pair.ours));
      const spread = (seconds: number[]): string => seconds.map((s) => s.toFixed(2)).join(' ');
      return {
        figures: [
          {
            what: `line split, JSON.parse, hex decode; ${Math.round(size / MIB)} MiB, ${counted.records} records`,
            value: size / bareSeconds / 1e6,
            unit: 'MB/s',
            note: `${spread(pairs.map((pair) => pair.bare))} s`,
          },
          {
            what: 'hvabi decode --summary, the same file',
            value: size / ourSeconds / 1e6,
            unit: 'MB/s',
            note: `${spread(pairs.map((pair) => pair.ours))} s`,
          },
        ],
        bars: [atLeast('throughput of the bare loop', bareSeconds / ourSeconds, 0.45, '×')],
      };
    });
  },
};

export default bench;
