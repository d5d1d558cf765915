import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ACTS, type HOSTS, STAGES, type Stage, stepsOf, sweepOne } from './lifetime-sweep.js';

// The races of spec/guest/vpci on the whole stack: VMBus client, channel server, rings and hypervisor, at every step.

const sweep = suite('rig: E2E-07 COM-06 VPCI-84: something happens between any two tasks');

interface Order {
  readonly seed: number;
  readonly stride: number;
}

const FINE: readonly Order[] = [
  { seed: 0, stride: 2 },
  { seed: 1, stride: 16 },
];
const COARSE: readonly Order[] = [{ seed: 2, stride: 29 }];

/** What the acts show, as the race matrix numbers it. */
const SHOWN: Readonly<Record<keyof typeof ACTS, string>> = {
  rescind: 'R4 R5 R15b VPCI-16 VPCI-74',
  'rescind and offer': 'R14 VPCI-80 LDID-46',
  'offer of another bus': 'R14 VPCI-101',
  'ejection, twice': 'R1 R2 R3 R11 R15 VPCI-70 VPCI-71',
  'ejection of all and rescind': 'R5 R11 VPCI-73 VPCI-81',
  'relations, twice': 'R7 R8 R9 VPCI-20 VPCI-21',
  suspend: 'R15 VPCI-100 VPCI-101',
};

const HARDER: Readonly<Record<Exclude<keyof typeof HOSTS, 'a good host'>, string>> = {
  'D0 entry refused once': 'R12 VPCI-13',
  'no answer to D0 exit': 'R13 VPCI-82',
  'slow messages': 'R6 VPCI-55 VPCI-92',
  'less time for an ejection than a driver takes': 'R10 VPCI-73',
};

const lengths = new Map<string, number>();

function lengthOf(stage: Stage, host: string, seed: number): number {
  const key = `${stage} ${host} ${seed}`;
  const length = lengths.get(key) ?? stepsOf(stage, host, seed);
  lengths.set(key, length);
  return length;
}

function problemsOf(stage: Stage, act: string, host: string, orders: readonly Order[]): string[] {
  const problems: string[] = [];
  for (const { seed, stride } of orders) {
    const steps = lengthOf(stage, host, seed);
    assert.ok(steps > 10, `${steps} steps`);
    for (let step = (seed * 3) % stride; step < steps; step += stride)
      for (const problem of sweepOne({ stage, act, host, seed, step })) problems.push(`${seed}/${step}: ${problem}`);
  }
  return problems;
}

for (const stage of STAGES)
  for (const [act, { stages }] of Object.entries(ACTS))
    if (stages.includes(stage))
      sweep(`${SHOWN[act]}: ${act} at each step of ${stage}`, () => {
        assert.equal(problemsOf(stage, act, 'a good host', FINE), []);
      });

for (const [host, shown] of Object.entries(HARDER))
  sweep(`${shown}: ${host}, and everything at some steps of everything`, () => {
    for (const stage of STAGES)
      for (const [act, { stages }] of Object.entries(ACTS))
        if (stages.includes(stage)) assert.equal(problemsOf(stage, act, host, COARSE), [], `${act}, ${stage}`);
  });

sweep.run();
