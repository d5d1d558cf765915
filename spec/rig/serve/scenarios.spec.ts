import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RegionTable } from '../../../src/memory/regions.js';
import { commandOf } from '../../../src/rig/serve/commands.js';
import { ramRegions } from '../../../src/rig/serve/guest-ram.js';
import { SCENARIO_NAMES } from '../../../src/rig/serve/scenario-names.js';
import { SCENARIOS, vpIndices } from '../../../src/rig/serve/scenarios.js';
import { TimeReadLimit } from '../../../src/rig/serve/trace-limits.js';

const test = suite('rig/serve: scenarios');

test('every name has a scenario', () => {
  assert.equal(Object.keys(SCENARIOS).sort(), [...SCENARIO_NAMES].sort());
});

test('functions of a bus have slots of their own, buses instance ids of their own', () => {
  for (const [name, { buses }] of Object.entries(SCENARIOS)) {
    for (const { functions } of buses)
      assert.is(new Set(functions.map(({ dev, func }) => dev * 8 + func)).size, functions.length, name);
    assert.is(new Set(buses.map(({ instanceId }) => instanceId)).size, buses.length, name);
  }
});

const strides: readonly (readonly [scenario: 'boot' | 'sparse', vcpus: number, vps: readonly number[]])[] = [
  ['boot', 1, [0]],
  ['boot', 4, [0, 1, 2, 3]],
  ['sparse', 1, [0]],
  ['sparse', 4, [0, 130, 260, 390]],
];
for (const [scenario, vcpus, vps] of strides)
  test(`${scenario}: ${vcpus} processors are VP ${vps.join(', ')}`, () => {
    assert.equal(vpIndices(SCENARIOS[scenario], vcpus), [...vps]);
  });

test('VP indices stay within a sparse set, however many there are', () => {
  for (const vcpus of [31, 32, 33, 64, 1000, 4096]) {
    const vps = vpIndices(SCENARIOS.sparse, vcpus);
    assert.is(new Set(vps).size, vcpus);
    assert.ok(vps.at(-1)! < 4096, `${vcpus}: ${vps.at(-1)}`);
  }
});

const GIB = 1 << 30;
const ram: readonly { note: string; arch: 'x64' | 'arm64'; bytes: number; regions: readonly (readonly number[])[] }[] =
  [
    { note: 'a small PC', arch: 'x64', bytes: 256 << 20, regions: [[0, 256 << 20, 0]] },
    { note: 'a PC with 3 GiB', arch: 'x64', bytes: 3 * GIB, regions: [[0, 3 * GIB, 0]] },
    {
      note: 'a PC with 4 GiB',
      arch: 'x64',
      bytes: 4 * GIB,
      regions: [
        [0, 3 * GIB, 0],
        [4 * GIB, GIB, 3 * GIB],
      ],
    },
    { note: 'arm64', arch: 'arm64', bytes: 4 * GIB, regions: [[GIB, 4 * GIB, 0]] },
  ];
for (const { note, arch, bytes, regions } of ram)
  test(`memory of ${note}`, () => {
    const found = ramRegions(arch, bytes);
    assert.equal(
      found.map(({ gpa, length, offset }) => [gpa, length, offset]),
      regions.map((one) => [...one]),
    );
    assert.ok(new RegionTable(found, bytes).size > 0);
  });

test('commands are words on a line', () => {
  assert.is(commandOf(' eject \r'), 'eject');
  assert.is(commandOf('Relations'), 'relations');
  assert.is(commandOf('rescind'), 'rescind');
  assert.is(commandOf('reoffer'), 'reoffer');
  assert.is(commandOf('eject all'), undefined);
  assert.is(commandOf('constructor'), undefined);
});

test('of the reads of the time counter only the first ones pass', () => {
  const kinds: string[] = [];
  const limit = new TimeReadLimit({ event: ({ k, msr }) => void kinds.push(`${k} ${String(msr)}`) });
  for (let i = 0; i < 100; i++) {
    limit.event({ k: 'rdmsr', msr: '0x40000020' });
    limit.event({ k: 'wrmsr', msr: '0x40000084' });
  }
  assert.is(limit.timeReads, 100);
  assert.is(kinds.filter((kind) => kind.startsWith('rdmsr')).length, 40);
  assert.is(kinds.filter((kind) => kind.startsWith('wrmsr')).length, 100);
});

test.run();
