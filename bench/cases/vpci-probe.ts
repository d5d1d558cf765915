import * as assert from 'node:assert/strict';
import { NO_TRACE } from '../../src/capture/recorder.js';
import { simulate } from '../../src/rig/simulate/one-thread.js';
import { SIMULATIONS } from '../../src/rig/simulate/simulations.js';
import type { BenchCase } from '../case.js';
import { quantile } from '../race.js';

const bench: BenchCase = {
  question: 'How long does a whole scenario take: boot, VMBus, vPCI probe, NVMe with MSI-X, I/O, ejection, rescind?',
  run(pace) {
    const rounds = pace === 'full' ? 60 : 5;
    const times: number[] = [];
    for (let round = 0; round < rounds + 5; round++) {
      const from = performance.now();
      const { failures, checks } = simulate(SIMULATIONS.boot, { arch: 'x64', trace: NO_TRACE });
      const took = performance.now() - from;
      assert.deepEqual(failures, []);
      assert.ok(checks > 10);
      // The first ones compile.
      if (round >= 5) times.push(took);
    }
    const sorted = times.toSorted((a, b) => a - b);
    const note = `${rounds} runs, fastest ${sorted[0]!.toFixed(2)}, slowest ${sorted.at(-1)!.toFixed(2)}`;
    return {
      figures: [{ what: 'boot scenario in one thread, virtual time', value: quantile(sorted, 0.5), unit: 'ms', note }],
      bars: [],
    };
  },
};

export default bench;
