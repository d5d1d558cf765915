import { guidToBytes } from '../../bytes/guid.js';
import type { NvmeController } from '../../guest/pci/nvme-controller.js';
import type { PvIommu } from '../../guest/pv-iommu/pv-iommu.js';
import { logicalDeviceId, logicalDeviceIdPrefix } from '../../hypercall/logical-device-id.js';
import type { Routine } from '../../sched/routine.js';
import { SCENARIOS } from '../serve/scenarios.js';
import { moveAround } from './boot.js';
import { tryLargePages, useUnmapped } from './dma-steps.js';
import { waitUntil } from './flags.js';
import { checkNothingLeft, start, useDisk, waitForDisks } from './guest-steps.js';
import { IOVA, LARGE, TARGET } from './large-pages.js';
import type { GuestScene, HostScene, Simulation } from './simulation.js';

function* guest(scene: GuestScene): Routine {
  const { report, flags, queue, guest, iommu: choice } = scene;
  const { iommu, vmbus, nvme } = guest;
  const wanted = choice?.domain !== 'off';
  report.check(`the guest ${wanted ? 'has' : 'is without'} an IOMMU`, (iommu !== undefined) === wanted);
  const free = guest.frames.free;
  if (!(yield* start(scene))) return;
  if (wanted && choice?.domain === 'blocked') yield* beBlocked(scene);
  else {
    const [disk] = yield* waitForDisks(scene, 1);
    if (disk === undefined) return;
    yield* moveAround(scene);
    yield* useDisk(scene, disk);
    if (iommu !== undefined) yield* translate(scene, iommu, disk);
  }
  flags.raise('rescind');
  report.check('the ejected disk is gone', yield* waitUntil(queue, () => vmbus.channels.length === 0));
  yield* vmbus.settle();
  checkNothingLeft(scene);
  report.check('no disk is left', nvme.controllers.length === 0);
  report.check('the guest leaves the host', (yield* vmbus.unload()).ok);
  if (iommu !== undefined) report.check('two domains are left, the static ones', iommu.state.domainIds === 2);
  report.check(`all page frames are back: ${guest.frames.free} of ${free}`, guest.frames.free === free);
  flags.raise('guest-done');
}

function* beBlocked({ report, queue, guest }: GuestScene): Routine {
  const probed = yield* waitUntil(queue, () => guest.vpci.buses[0]?.root?.functions.size === 1);
  report.check('the function is found', probed);
  yield* guest.pci.settle();
  report.check('its driver gives up', guest.nvme.controllers.length === 0 && guest.pci.bound === 0);
}

function* translate(scene: GuestScene, iommu: PvIommu, disk: NvmeController): Routine {
  const { report, iommu: choice } = scene;
  const device = iommu.deviceOf(disk.fn);
  const domain = device && iommu.defaultOf(device);
  const kind = choice?.domain ?? 'paging';
  report.check(`the disk is in a domain of kind ${kind}`, domain?.kind === kind && device?.attached === domain);
  const mapping = device && iommu.mappingOf(device);
  if (mapping !== undefined) {
    yield* tryLargePages(scene, mapping.domain);
    yield* useUnmapped(scene, disk, mapping);
  }
  yield* useDisk(scene, disk);
}

function* host(scene: HostScene): Routine {
  const { host, queue, flags, report } = scene;
  const { iommu, arch } = host.partition;
  const [bus] = host.buses;
  if (bus === undefined) return;
  if (iommu !== undefined && arch === 'x64') yield* accessLargePages(scene);
  if (!(yield* flags.wait(queue, 'rescind', 600_000_000))) return;
  if (iommu !== undefined) report.check('no access went by a stale translation', iommu.dma.staleTlbHits === 0);
  bus.eject();
  const rescinded = yield* waitUntil(queue, () => bus.bus.state === 'rescinded');
  report.check('the guest completes the ejection and the bus goes', rescinded);
  yield* flags.wait(queue, 'guest-done');
  report.check('the host holds no interrupt and no window', host.leaks() === 0);
  const domains = iommu?.domains.list() ?? [];
  const attached = domains.filter(({ devices }) => devices.length > 0);
  report.check('no device is in a domain', attached.length === 0);
}

/** Tries, as the disk, what the guest has mapped for it: while it is mapped, and behind that. */
function* accessLargePages({ host, queue, flags, report }: HostScene): Routine {
  const { iommu } = host.partition;
  const [bus] = host.buses;
  yield* waitUntil(queue, () => flags.isRaised('guest-ready') || flags.isRaised('rescind'), 600_000_000);
  if (iommu === undefined || !flags.isRaised('guest-ready')) return;
  const id = logicalDeviceId(logicalDeviceIdPrefix(guidToBytes(bus!.bus.instanceId)), 0);
  const read = iommu.dma.access(id, IOVA + 0x1234n, 8, 'write');
  report.check('DMA goes through the large page', read.ok && read.segments[0]!.gpa === TARGET + 0x1234);
  report.check('the small page can be read', iommu.dma.access(id, IOVA + BigInt(LARGE), 8, 'read').ok);
  report.check('and not written', !iommu.dma.access(id, IOVA + BigInt(LARGE), 8, 'write').ok);
  report.check('nothing else is there', !iommu.dma.access(id, IOVA - 8n, 8, 'read').ok);
  flags.raise('returned');
  if (!(yield* flags.wait(queue, 'eject'))) return;
  for (const iova of [IOVA, IOVA + 0x1234n, IOVA + BigInt(LARGE)])
    report.check('no stale translation is left', !iommu.dma.access(id, iova, 8, 'read').ok);
  flags.raise('reoffered');
}

export const pviommu: Simulation = {
  name: 'pviommu',
  about: 'a disk behind the IOMMU of the guest: probed, used, taken away, all its DMA through stage-1 tables',
  shows: ['E2E-01', 'PVI-51', 'VPCI-84'],
  otherwise: {
    identity: {
      about:
        "a disk in the identity domain of the guest's IOMMU: probed, used, taken away, its DMA translated by nothing",
      shows: ['E2E-01', 'PVI-07', 'VPCI-84'],
    },
    blocked: {
      about: "a disk in the blocked domain of the guest's IOMMU: its first access is refused, its driver gives up",
      shows: ['E2E-01', 'PVI-07', 'VPCI-84'],
    },
    off: {
      about: 'a guest that looks for an IOMMU and has none: its disk is probed, used, taken away, without translation',
      shows: ['PVI-02', 'VPCI-84'],
    },
  },
  cpus: 2,
  plan: SCENARIOS.boot,
  iommu: { domain: 'paging', mode: 'lazy' },
  guest,
  host,
};
