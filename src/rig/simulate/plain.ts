import type { Routine } from '../../sched/routine.js';
import { SCENARIOS } from '../serve/scenarios.js';
import { waitUntil } from './flags.js';
import { checkNothingLeft, start, useDisk, waitForDisks } from './guest-steps.js';
import type { GuestScene, HostScene, Simulation } from './simulation.js';

/** Probes, uses every disk from every CPU, and unloads. */
export function* useAndLeave(scene: GuestScene, disks: number): Routine {
  if (!(yield* start(scene))) return;
  for (const disk of yield* waitForDisks(scene, disks)) yield* useDisk(scene, disk);
  scene.report.check('the guest leaves the host', (yield* scene.guest.vmbus.unload()).ok);
  checkNothingLeft(scene);
  scene.flags.raise('guest-done');
}

export function* checkLeaks({ host, queue, flags, report }: HostScene): Routine {
  yield* flags.wait(queue, 'guest-done');
  report.check('the host holds no interrupt and no window', host.leaks() === 0);
}

export const multi: Simulation = {
  name: 'multi',
  about: 'two buses, the first with two functions: MSI-X, and MSI with several messages',
  shows: ['E2E-06'],
  cpus: 2,
  plan: SCENARIOS.multi,
  guest: (scene) => useAndLeave(scene, 3),
  host: checkLeaks,
};

export const mmiocall: Simulation = {
  name: 'mmiocall',
  about: 'a confidential guest: configuration space through hypercalls 0x106 and 0x107 only',
  shows: ['E2E-05'],
  cpus: 2,
  plan: SCENARIOS.mmiocall,
  isConfidential: true,
  guest: (scene) => useAndLeave(scene, 1),
  host: checkLeaks,
};

/** Bytes 4 and 5 of the GUIDs, which the requested domain number is made of, are equal. */
const COLLIDING = ['8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18', '1c40e7d5-37a9-4b3f-8a17-2f60d98b45ce'];

export const collision: Simulation = {
  name: 'collision',
  about: 'two buses whose GUIDs ask for the same PCI domain number',
  shows: ['E2E-08', 'LDID-46'],
  cpus: 2,
  plan: {
    ...SCENARIOS.boot,
    about: 'two buses that ask for one domain number',
    buses: COLLIDING.map((instanceId, n) => ({
      instanceId,
      functions: [{ dev: 0, func: 0, serial: 0x3000 + n, device: 'nvme-msix' as const, numaNode: 0 }],
    })),
  },
  *guest(scene): Routine {
    const { report, flags, queue, guest } = scene;
    if (!(yield* start(scene))) return;
    const disks = yield* waitForDisks(scene, 2);
    const domains = disks.map(({ fn }) => fn.domain);
    report.check(`the domains differ: ${domains.join(', ')}`, new Set(domains).size === 2);
    for (const disk of disks) yield* useDisk(scene, disk);
    flags.raise('guest-ready');
    if (!(yield* flags.wait(queue, 'reoffered'))) return;
    const { nvme } = guest;
    const went = yield* waitUntil(queue, () => disks.some((disk) => !nvme.controllers.includes(disk)));
    report.check('a disk went', went);
    for (const disk of yield* waitForDisks(scene, 2)) yield* useDisk(scene, disk);
    report.check('the guest leaves the host', (yield* guest.vmbus.unload()).ok);
    checkNothingLeft(scene);
    flags.raise('guest-done');
  },
  *host(scene): Routine {
    const { host, queue, flags } = scene;
    if (!(yield* flags.wait(queue, 'guest-ready'))) return;
    host.buses[0]!.rescind();
    host.buses[0]!.reoffer();
    flags.raise('reoffered');
    yield* checkLeaks(scene);
  },
};

export const hibernate: Simulation = {
  name: 'hibernate',
  about: 'the guest suspends, leaves the host, comes back and composes its interrupts again',
  shows: ['E2E-09', 'VPCI-101'],
  cpus: 2,
  plan: SCENARIOS.boot,
  *guest(scene): Routine {
    const { report, flags, guest } = scene;
    if (!(yield* start(scene))) return;
    const [disk] = yield* waitForDisks(scene, 1);
    if (disk === undefined) return;
    yield* useDisk(scene, disk);
    report.check('the drivers suspend', (yield* guest.pci.suspend()).ok);
    report.check('the buses suspend', (yield* guest.vmbus.suspend()).ok);
    report.check('the buses resume', (yield* guest.vmbus.resume()).ok);
    report.check('the drivers resume', (yield* guest.pci.resume()).ok);
    yield* useDisk(scene, disk);
    report.check('the guest leaves the host', (yield* guest.vmbus.unload()).ok);
    checkNothingLeft(scene);
    flags.raise('guest-done');
  },
  host: checkLeaks,
};
