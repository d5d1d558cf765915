import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder } from '../../../src/capture/decoder.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { ScenarioName } from '../../../src/rig/serve/scenario-names.js';
import { SCENARIOS } from '../../../src/rig/serve/scenarios.js';
import { ServedHost } from '../../../src/rig/serve/served-host.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { readProjectText } from '../../support/project.js';

const test = suite('rig/serve: served host');

const MEMORY_BYTES = 32 << 20;
const TSC_HZ = 2_600_000_000;

interface Made {
  readonly host: ServedHost;
  readonly events: Record<string, unknown>[];
  readonly notes: string[];
}

function made(scenarioName: ScenarioName, vcpus = 2, arch: 'x64' | 'arm64' = 'x64'): Made {
  const events: Record<string, unknown>[] = [];
  const notes: string[] = [];
  const base = arch === 'arm64' ? 0x4000_0000 : 0;
  const host = new ServedHost({
    arch,
    scenario: SCENARIOS[scenarioName],
    scenarioName,
    vcpus,
    memory: SharedGuestMemory.create([{ gpa: base, length: MEMORY_BYTES, offset: 0 }], { kernel: false }),
    ramBytes: MEMORY_BYTES,
    queue: new VirtualQueue(),
    trace: { event: (record) => void events.push({ ...record }) },
    interrupts: { interrupt: () => undefined },
    tscHz: TSC_HZ,
    note: (text) => void notes.push(text),
  });
  return { host, events, notes };
}

interface Setup {
  readonly cpuid: readonly (readonly string[])[];
}

/** The CPUID table that a recorded guest was given. */
function recordedLeaves(file: string): string[] {
  const first = readProjectText('fixtures', 'captures', file).split('\n', 1)[0]!;
  return (JSON.parse(first) as Setup).cpuid.map((leaf) => leaf.map(Number).join());
}

const recorded: readonly (readonly [scenario: ScenarioName, file: string, arch: 'x64' | 'arm64'])[] = [
  ['boot', 'conversation-boot.jsonl', 'x64'],
  ['old', 'conversation-old.jsonl', 'x64'],
  ['multi', 'conversation-multi.jsonl', 'x64'],
  ['mmiocall', 'conversation-mmiocall.jsonl', 'x64'],
  ['tlb', 'tlb.jsonl', 'x64'],
  ['root', 'root-interrupts.jsonl', 'x64'],
  ['boot', 'conversation-arm64.jsonl', 'arm64'],
];

for (const [scenario, file, arch] of recorded)
  test(`${scenario} on ${arch} has the CPUID leaves of ${file}`, () => {
    const leaves = made(scenario, 2, arch).host.target.leaves.map(({ leaf, eax, ebx, ecx, edx }) =>
      [leaf, eax, ebx, ecx, edx].map((word) => word >>> 0).join(),
    );
    // An arm64 guest read its hints as zeros through HV_REGISTER_FEATURES; its setup lists the table of the x64 host.
    const wanted = recordedLeaves(file).filter((leaf) => arch === 'x64' || !leaf.startsWith(`${0x40000004},`));
    for (const leaf of wanted) assert.ok(leaves.includes(leaf), `${leaf} in ${leaves.join(' ')}`);
  });

test('the record begins with a setup that says what the guest found', () => {
  const { events } = made('sparse', 4);
  const [setup] = events;
  assert.is(setup?.k, 'setup');
  assert.equal(setup?.vps, [0, 130, 260, 390]);
  assert.is(new Decoder().push(setup as { k: string }).kind, 'setup');
});

test('a root partition has no device windows', () => {
  assert.equal(made('root').host.target.windows, []);
  assert.is(made('boot').host.target.windows.length, 2);
});

test('a processor that is none faults, and its call is refused', () => {
  const { target } = made('boot').host;
  assert.is(target.rdmsr(2, 0x40000002), undefined);
  assert.not(target.wrmsr(2, 0x40000000, 1n));
  assert.is(target.rdmsr(1, 0x40000002), 1n);
});

test('commands without a guest say that nothing can be done', () => {
  for (const command of ['eject', 'relations', 'rescind', 'reoffer'] as const) {
    const { host, notes, events } = made('multi');
    host.command(command);
    assert.is(notes.length, 1, `${command}: ${notes.join()}`);
    assert.equal(events.at(-1), { k: 'marker', text: `host ${command}` });
  }
  const { host, notes } = made('root');
  host.command('eject');
  assert.equal(notes, ['eject: this scenario has no bus']);
});

test('the end says how long it was', () => {
  const { host, events } = made('boot');
  host.finish(7);
  assert.equal(events.at(-1), { k: 'end', exit: 0, time_ref_count_reads: 7, seconds: 0 });
});

test.run();
