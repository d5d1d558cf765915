import { join } from 'node:path';
import { type BenchCase, below } from '../case.js';
import { CLI, peakMemory, withFolder } from '../processes.js';
import { longTrace } from '../traces.js';

const MIB = 1 << 20;

const bench: BenchCase = {
  question: 'How much memory does `hvabi decode --jsonl` take for a trace of 1 GiB?',
  built: true,
  fullOnly: true,
  run() {
    return withFolder((folder) => {
      const file = join(folder, 'trace.jsonl');
      const size = longTrace(file, 1024 * MIB);
      const { bytes, seconds } = peakMemory([CLI, 'decode', file, '--jsonl'], folder);
      return {
        figures: [
          {
            what: `decode --jsonl of ${Math.round(size / MIB)} MiB`,
            value: size / seconds / 1e6,
            unit: 'MB/s',
            note: `${seconds.toFixed(1)} s`,
          },
        ],
        bars: [below('peak resident memory', bytes / MIB, 200, 'MiB')],
      };
    });
  },
};

export default bench;
