import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCapture } from '../../support/captures.js';
import { compareMoves, type Exemption, guestMoves, timeless } from '../../support/guest-moves.js';
import { readProjectText } from '../../support/project.js';
import { type RunOptions, recordedRun, type SimulationKey } from './recorded-run.js';

// Our guest against the recorded Linux guests, move by move and field by field. docs/linux-comparison.md explains each row.

const comparison = suite('our guest sends what Linux sends');

/** Fields that differ, each for its reason. */
const EXEMPTIONS: readonly (Exemption & { readonly id: string })[] = [
  {
    id: 'page-addresses',
    move: /REFERENCE_TSC|VP_ASSIST_PAGE|MSR_HYPERCALL|SIMP|SIEFP|INITIATE_CONTACT|GPADL_HEADER|SET_VP_REGISTERS/,
    field: /pfn|base_s|guest_physical_address|monitor_page|interrupt_page|elements\.0\.value\.reg64/,
    reason: 'which pages the guest has free',
  },
  {
    id: 'vectors',
    move: /CREATE_INTERRUPT|RETARGET_INTERRUPT/,
    field: /^int_desc\.vector$|int_target\.vector$/,
    reason: 'other devices of the recorded machine have vectors too',
  },
  {
    id: 'device-space',
    move: /BUS_D0ENTRY/,
    field: /^mmio_base$/,
    reason: 'where the firmware has device space',
  },
];

interface Case {
  readonly capture: string;
  readonly simulation: SimulationKey;
  readonly options: RunOptions;
  /** Streams to compare; all that the capture has when absent. */
  readonly streams?: RegExp;
  /** Moves of Linux that are compared in a stream; all when absent. */
  readonly first?: number;
}

const CASES: readonly Case[] = [
  { capture: 'conversation-boot.jsonl', simulation: 'boot', options: {} },
  {
    capture: 'conversation-old.jsonl',
    simulation: 'boot',
    options: { vpciMax: 0x0001_0001, vmbusMax: 0x0004_0000 },
  },
  { capture: 'conversation-arm64.jsonl', simulation: 'boot', options: { arch: 'arm64' } },
  {
    capture: 'conversation-mmiocall.jsonl',
    simulation: 'mmiocall',
    options: {},
    streams: /packets|MSRs/,
  },
  // Two functions whose drivers probe at once: in which order they ask is the scheduler's, from the first interrupt on.
  { capture: 'conversation-multi.jsonl', simulation: 'multi', options: {}, streams: /packets/, first: 6 },
  { capture: 'conversation-multi.jsonl', simulation: 'multi', options: {}, streams: /MSRs/ },
];

const used = new Set<Exemption>();

for (const { capture, simulation, options, streams, first } of CASES)
  comparison(`${capture}: ${streams?.source ?? 'everything'}`, () => {
    const run = recordedRun(simulation, options);
    assert.equal(run.failures, []);
    const ours = guestMoves(run.events);
    let compared = 0;
    for (const [stream, all] of guestMoves(readCapture(capture))) {
      if (streams !== undefined && !streams.test(stream)) continue;
      // Ends of messages depend on when the next message comes.
      const theirs = timeless(all).slice(0, first);
      // What our guest does after the recorded one has stopped has no counterpart.
      const mine = timeless(ours.get(stream) ?? []).slice(0, theirs.length);
      assert.equal(compareMoves(mine, theirs, EXEMPTIONS, used), [], stream);
      compared += theirs.length;
    }
    assert.ok(compared >= 12, `${compared} moves`);
  });

comparison('every exemption is needed, and docs/linux-comparison.md explains it', () => {
  const text = readProjectText('docs', 'linux-comparison.md');
  for (const exemption of EXEMPTIONS) {
    assert.ok(used.has(exemption), exemption.id);
    assert.ok(text.includes(`| ${exemption.id} |`), exemption.id);
  }
});

comparison.run();
