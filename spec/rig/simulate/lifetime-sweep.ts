import type { VpciKnobs } from '../../../src/vsp/vpci/vpci-bus.js';
import { BASE, M } from '../../guest/vpci/race-run.js';
import { SweptMachine } from './swept-machine.js';

/** What the guest is doing when something happens. */
export const STAGES = ['connect', 'sleepAndWake', 'unload'] as const;
export type Stage = (typeof STAGES)[number];

interface Act {
  readonly stages: readonly Stage[];
  readonly run: (machine: SweptMachine) => void;
}

/** What happens, between two tasks of host and guest. */
export const ACTS: Readonly<Record<string, Act>> = {
  rescind: { stages: STAGES, run: ({ buses: [bus] }) => bus!.rescind() },
  'rescind and offer': {
    stages: STAGES,
    run: ({ buses: [bus] }) => {
      bus!.rescind();
      bus!.reoffer();
    },
  },
  'offer of another bus': { stages: STAGES, run: (machine) => machine.offerBus() },
  'ejection, twice': {
    stages: STAGES,
    run: ({ buses: [bus] }) => {
      bus!.bus.eject({ slot: 0x20 });
      bus!.bus.eject({ slot: 0x20 });
    },
  },
  'ejection of all and rescind': {
    stages: STAGES,
    run: (machine) => {
      const [bus] = machine.buses;
      for (const slot of bus!.bus.slots) bus!.bus.eject({ slot });
      machine.queue.after(200, () => bus!.rescind());
    },
  },
  'relations, twice': {
    stages: STAGES,
    run: ({ buses: [bus] }) => {
      bus!.bus.changeRelations(bus!.functions.slice(0, 1));
      bus!.bus.changeRelations(bus!.functions);
    },
  },
  suspend: {
    stages: ['connect'],
    run: (machine) => {
      if (machine.vmbus.version !== undefined) machine.start('the suspend', machine.sleepAndWake());
    },
  },
};

/** Hosts, and drivers, that make it harder. */
export const HOSTS: Readonly<Record<string, { readonly knobs: VpciKnobs; readonly removeUs?: number }>> = {
  'a good host': { knobs: {} },
  'D0 entry refused once': {
    knobs: { faults: [{ type: BASE + M.d0Entry, fault: { kind: 'refuse', status: 0xc0000184 } }] },
  },
  'no answer to D0 exit': { knobs: { faults: [{ type: BASE + M.d0Exit, fault: { kind: 'lose' } }] } },
  'slow messages': {
    knobs: { faults: [{ type: BASE + M.create3, fault: { kind: 'delay', us: 700 }, times: 99 }] },
  },
  'less time for an ejection than a driver takes': { knobs: { ejectBudgetUs: 900 }, removeUs: 1000 },
};

export interface Swept {
  readonly stage: Stage;
  readonly act: keyof typeof ACTS;
  readonly host: keyof typeof HOSTS;
  readonly seed: number;
  readonly step: number;
}

function brought(stage: Stage, host: keyof typeof HOSTS, seed: number): SweptMachine {
  const { knobs, removeUs = 0 } = HOSTS[host]!;
  const machine = new SweptMachine(seed, knobs);
  machine.driver.removeUs = removeUs;
  if (stage === 'connect') return machine;
  machine.start('the first connect', machine.connect());
  machine.drain();
  return machine;
}

/** Runs one order with one act at one step; what was found wrong. A step that the order does not have is found wrong, too. */
export function sweepOne({ stage, act, host, seed, step }: Swept): readonly string[] {
  const machine = brought(stage, host, seed);
  machine.queue.plan(step, () => ACTS[act]!.run(machine));
  machine.start(stage, machine[stage]());
  machine.drain();
  const isLate = machine.queue.cancel() ? ['the stage has no such step'] : [];
  if (stage === 'unload') return [...isLate, ...machine.leaks()];
  // Linux leaves functions that came by relations without driver: everything is offered anew.
  const kept = act === 'offer of another bus' || act === 'suspend' || act === 'rescind and offer';
  if (!kept) for (const bus of machine.buses) bus.rescind();
  machine.drain();
  for (const bus of machine.buses) bus.reoffer();
  machine.drain();
  const missing = machine.missing();
  machine.start('the last unload', machine.unload());
  machine.drain();
  return [...isLate, ...missing, ...machine.leaks()];
}

/** Tasks of a stage that nothing disturbs. */
export function stepsOf(stage: Stage, host: keyof typeof HOSTS, seed: number): number {
  const machine = brought(stage, host, seed);
  const before = machine.queue.steps;
  machine.start(stage, machine[stage]());
  machine.drain();
  return machine.queue.steps - before;
}
