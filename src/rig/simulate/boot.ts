import { vmbus_version } from '../../abi/vmbus/version.js';
import type { Routine } from '../../sched/routine.js';
import { SCENARIOS } from '../serve/scenarios.js';
import { waitUntil } from './flags.js';
import { checkNothingLeft, start, useDisk, waitForDisks } from './guest-steps.js';
import type { GuestScene, HostScene, Simulation } from './simulation.js';

function* guest(scene: GuestScene): Routine {
  const { report, flags, queue } = scene;
  if (!(yield* start(scene))) return;
  const [disk] = yield* waitForDisks(scene, 1);
  if (disk === undefined) return;
  yield* useDisk(scene, disk);
  yield* moveAround(scene);
  flags.raise('guest-ready');
  const gone = yield* waitUntil(queue, () => scene.guest.nvme.controllers.length === 0);
  report.check('the ejected disk is gone', gone);
  const rescinded = yield* waitUntil(queue, () => scene.guest.vmbus.channels.length === 0);
  report.check('the rescinded channel is gone', rescinded);
  yield* scene.guest.vmbus.settle();
  checkNothingLeft(scene);
  const left = yield* scene.guest.vmbus.unload();
  report.check('the guest leaves the host', left.ok);
  flags.raise('guest-done');
}

/** What the recorded guests do: the channel to another CPU, an interrupt to another CPU and back. */
export function* moveAround({ guest, report, queue }: GuestScene): Routine {
  const [channel] = guest.vmbus.channels;
  const [disk] = guest.nvme.controllers;
  if (guest.machine.cpus.length < 2 || channel === undefined || disk === undefined) return;
  const moved = yield* channel.moveTo(1);
  const movable = (guest.vmbus.version ?? 0) >= vmbus_version.VERSION_WIN10_V4_1;
  report.check(`the channel ${movable ? 'moves' : 'cannot move'} to CPU 1`, moved.ok === movable);
  for (const cpu of [1, 0]) {
    const set = disk.fn.interrupts.setAffinity(0, [cpu]);
    report.check(`interrupt 0 may move to CPU ${cpu}`, set.ok);
    // It moves as it comes in; the admin queue's next completion is such.
    const done = yield* disk.command({ opcode: GET_FEATURES, words: [NUMBER_OF_QUEUES] });
    report.check(`the admin queue answers on CPU ${cpu}`, done.ok);
    yield* waitUntil(queue, () => true);
  }
}

/** NVM Express base specification 1.4: Get Features, feature 7. */
const GET_FEATURES = 0x0a;
const NUMBER_OF_QUEUES = 7;

function* host({ host, queue, flags, report }: HostScene): Routine {
  if (!(yield* flags.wait(queue, 'guest-ready'))) return;
  const [bus] = host.buses;
  if (bus === undefined) return;
  bus.eject();
  const rescinded = yield* waitUntil(queue, () => bus.bus.state === 'rescinded');
  report.check('the guest completes the ejection and the bus goes', rescinded);
  yield* flags.wait(queue, 'guest-done');
  report.check('the host holds no interrupt and no window', host.leaks() === 0);
}

export const boot: Simulation = {
  name: 'boot',
  about: 'an NVMe disk is offered, probed, used from two CPUs, ejected and taken away',
  shows: ['E2E-01', 'E2E-02'],
  cpus: 2,
  plan: SCENARIOS.boot,
  guest,
  host,
};
