import type { Routine } from '../../sched/routine.js';
import { SCENARIOS } from '../serve/scenarios.js';
import { waitUntil } from './flags.js';
import { checkNothingLeft, start, useDisk, waitForDisks } from './guest-steps.js';
import type { GuestScene, HostScene, Simulation } from './simulation.js';

function* guest(scene: GuestScene): Routine {
  const { report, flags, queue } = scene;
  const { nvme, vmbus } = scene.guest;
  if (!(yield* start(scene))) return;
  for (const disk of yield* waitForDisks(scene, 2)) yield* useDisk(scene, disk);
  flags.raise('guest-ready');
  report.check('one of two disks is ejected', yield* waitUntil(queue, () => nvme.controllers.length === 1));
  flags.raise('eject');
  // As Linux has it: a function that comes by later bus relations is found, and stays without a driver.
  const returned = yield* waitUntil(queue, () => scene.guest.vpci.buses[0]?.root?.functions.size === 2);
  report.check('the function is on the bus again', returned);
  for (const disk of yield* waitForDisks(scene, 1)) yield* useDisk(scene, disk);
  flags.raise('returned');
  report.check('the channel is taken back', yield* waitUntil(queue, () => vmbus.channels.length === 0));
  yield* vmbus.settle();
  checkNothingLeft(scene);
  flags.raise('rescind');
  report.check('the bus is offered again', yield* waitUntil(queue, () => vmbus.channels.length === 1));
  for (const disk of yield* waitForDisks(scene, 2)) yield* useDisk(scene, disk);
  report.check('the guest leaves the host', (yield* vmbus.unload()).ok);
  checkNothingLeft(scene);
  flags.raise('guest-done');
}

function* host({ host, queue, flags, report }: HostScene): Routine {
  const [bus] = host.buses;
  if (bus === undefined || !(yield* flags.wait(queue, 'guest-ready'))) return;
  bus.eject();
  if (!(yield* flags.wait(queue, 'eject'))) return;
  bus.relations();
  if (!(yield* flags.wait(queue, 'returned'))) return;
  bus.rescind();
  if (!(yield* flags.wait(queue, 'rescind'))) return;
  bus.reoffer();
  if (!(yield* flags.wait(queue, 'guest-done'))) return;
  report.check('the host holds no interrupt and no window', host.leaks() === 0);
}

export const eject: Simulation = {
  name: 'eject',
  about: 'a function is ejected and returns, the bus is taken back and offered again',
  shows: ['E2E-01', 'VPCI-84'],
  cpus: 2,
  plan: SCENARIOS.eject,
  guest,
  host,
};
