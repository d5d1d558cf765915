import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Arch } from '../../../src/layout/types.js';
import type { IommuChoice } from '../../../src/rig/simulate/iommu-choice.js';
import { SIMULATIONS } from '../../../src/rig/simulate/simulations.js';
import { checked, recordedRun, type SimulationKey } from './recorded-run.js';

const runs = suite('rig: simulations of E2E-01, E2E-02, E2E-05, E2E-03, E2E-04, E2E-07, E2E-08, E2E-09');
const NAMES = Object.keys(SIMULATIONS) as SimulationKey[];
const SEEDS = 20;

/** Guests have their IOMMU on x64 only. */
function iommuOn(name: SimulationKey, arch: Arch): { iommu?: IommuChoice } {
  return name === 'pviommu' && arch === 'arm64' ? { iommu: { domain: 'off', mode: 'lazy' } } : {};
}

for (const name of NAMES)
  for (const arch of ['x64', 'arm64'] as const)
    runs(`${name} on ${arch}: ${SIMULATIONS[name].shows.join(', ')}`, () => {
      const { failures, checks, log, events, host } = recordedRun(name, { arch, ...iommuOn(name, arch) });
      assert.equal(failures, []);
      assert.ok(checks >= 8, `${checks} checks`);
      // Drivers that lose their device in the middle say so.
      const errors = log.filter(({ level }) => level === 'error');
      if (name !== 'races') assert.equal(errors, []);
      assert.is(host.leaks(), 0);
      const tally = checked(events);
      assert.ok(tally.ok, tally.line());
      assert.ok(events.length > 100, `${events.length} events`);
    });

for (const name of NAMES) {
  // The calls of a gigabyte take their time, and few of them depend on an order.
  const seeds = name.startsWith('root') ? 2 : SEEDS;
  runs(`COM-06: ${name} in ${seeds} other orders, and the same order twice is the same bytes`, () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { failures, events } = recordedRun(name, { seed });
      assert.equal(failures, [], `seed ${seed}`);
      if (seed === 1) assert.equal(recordedRun(name, { seed }).events, events);
    }
  });
}

runs('E2E-01 a guest that was to have an IOMMU and has none is a check that fails', () => {
  const { failures } = recordedRun('pviommu', { arch: 'arm64' });
  assert.equal(failures, ['the guest has an IOMMU']);
});

runs.run();
