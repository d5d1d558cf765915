import { type Routine, sleep } from '../../sched/routine.js';
import { SCENARIOS } from '../serve/scenarios.js';
import { waitUntil } from './flags.js';
import { checkNothingLeft, start, useDisk, waitForDisks } from './guest-steps.js';
import { checkLeaks } from './plain.js';
import type { GuestScene, HostScene, Simulation } from './simulation.js';

const ROUNDS = 12;
/** A probe of two functions takes some 3 ms of virtual time, most of it polls of 100 us. */
const LONGEST_PAUSE_US = 1500;

function* guest(scene: GuestScene): Routine {
  const { report, flags, queue, guest } = scene;
  if (!(yield* start(scene))) return;
  report.check('the host comes to rest', yield* flags.wait(queue, 'reoffered', 600_000_000));
  for (const disk of yield* waitForDisks(scene, 2)) yield* useDisk(scene, disk);
  report.check('the guest leaves the host', (yield* guest.vmbus.unload()).ok);
  checkNothingLeft(scene);
  flags.raise('guest-done');
}

/** Ejects, changes, takes away and brings back at moments that the seed chooses, whatever the guest is doing. */
function* host(scene: HostScene): Routine {
  const { host, queue, flags, random, report } = scene;
  const [bus] = host.buses;
  if (bus === undefined) return;
  const acts = ['eject', 'relations', 'rescind', 'reoffer'] as const;
  for (let round = 0; round < ROUNDS; round++) {
    yield* sleep(queue, random() % LONGEST_PAUSE_US);
    bus[acts[random() % acts.length]!]();
  }
  if (bus.offered.state !== 'revoked' && bus.offered.state !== 'removed') bus.rescind();
  const released = yield* waitUntil(queue, () => bus.offered.state === 'removed', 200_000_000);
  report.check('the guest lets the channel go', released);
  bus.reoffer();
  flags.raise('reoffered');
  yield* checkLeaks(scene);
}

export const races: Simulation = {
  name: 'races',
  about:
    'a host that ejects, changes, takes away and brings back at moments of the seed, while the guest probes and removes',
  shows: ['E2E-07', 'VPCI-84'],
  cpus: 2,
  plan: SCENARIOS.eject,
  guest,
  host,
};
