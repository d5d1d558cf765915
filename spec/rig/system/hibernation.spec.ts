import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import { SCENARIOS } from '../../../src/rig/serve/scenarios.js';
import { GuestSide } from '../../../src/rig/system/guest-side.js';
import { HostSide } from '../../../src/rig/system/host-side.js';
import { type Routine, start } from '../../../src/sched/routine.js';
import { seededChoice } from '../../../src/sched/virtual-queue.js';
import { SteppedQueue } from '../../support/stepped-queue.js';

const LIMIT_US = 300_000_000;
const LAST_STEP = 190;
const STRIDE = 7;

/** What is wrong behind a night's sleep in which, after so many tasks, the host takes a bus of disks and offers it again. */
function sleepAndWake(steps: number, seed: number): string[] {
  const queue = new SteppedQueue(seed === 0 ? undefined : seededChoice(seed));
  const memory = SharedGuestMemory.create(8 << 20);
  const frames = PageFrameAllocator.create(256, 2048 - 256);
  let guest: GuestSide | undefined;
  const sink = { interrupt: (vp: number, vector: number) => guest?.machine.interrupt(vp, vector) };
  const trace = { event: () => undefined };
  const host = new HostSide({ arch: 'x64', memory, queue, trace, vps: [0, 1], plan: SCENARIOS.eject, sink });
  const gates = [0, 1].map((vp) => host.partition.gate(vp));
  guest = new GuestSide({ arch: 'x64', memory, frames, queue, log: () => undefined, gates });
  const { vmbus, pci, vpci } = guest;
  const free = frames.free;
  vmbus.register(vpci);
  start(queue, vmbus.connect());
  queue.drain(LIMIT_US);
  const bound = pci.bound;
  queue.plan(steps, () => {
    host.buses[0]!.rescind();
    host.buses[0]!.reoffer();
  });
  const night = start(
    queue,
    (function* (): Routine {
      const asleep = yield* pci.suspend();
      if (asleep.ok && (yield* vmbus.suspend()).ok) yield* vmbus.resume();
      yield* pci.resume();
    })(),
  );
  queue.drain(LIMIT_US);
  const wrong: string[] = [];
  if (!night.done) wrong.push('the night does not end');
  if (bound === 0 || pci.bound === 0) wrong.push('no disk is left');
  const end = start(queue, vmbus.unload());
  queue.drain(LIMIT_US);
  if (!end.done) wrong.push('unload does not end');
  for (const [what, count] of Object.entries({ ...guest.holdings(), frames: free - frames.free }))
    if (count !== 0) wrong.push(`${count} ${what} left`);
  return wrong;
}

const test = suite('E2E-09: disks that sleep while their bus goes and comes');

for (const seed of [0, 1])
  test(`VPCI-74 VPCI-101: at any step of seed ${seed} everything ends, and nothing is left`, () => {
    const found: string[] = [];
    for (let steps = seed; steps < LAST_STEP; steps += STRIDE)
      for (const wrong of sleepAndWake(steps, seed)) found.push(`after ${steps} tasks: ${wrong}`);
    assert.equal(found, []);
  });

test.run();
