import { guidToBytes } from '../../bytes/guid.js';
import { FlushGather } from '../../guest/pv-iommu/flush-gather.js';
import { PagingDomain } from '../../guest/pv-iommu/paging-domain.js';
import type { PvIommu } from '../../guest/pv-iommu/pv-iommu.js';
import { startPvIommu } from '../../guest/pv-iommu/start.js';
import { logicalDeviceId, logicalDeviceIdPrefix } from '../../hypercall/logical-device-id.js';
import type { Routine } from '../../sched/routine.js';
import { SCENARIOS } from '../serve/scenarios.js';
import { checkNothingLeft, start, useDisk, waitForDisks } from './guest-steps.js';
import type { GuestScene, HostScene, Simulation } from './simulation.js';

const PAGE = 4096;
/** A large page and, behind it, a small one. */
const IOVA = 0x4000_0000n;
const LARGE = 0x20_0000;
const GPA = 0x20_0000;

function* guest(scene: GuestScene): Routine {
  const { report, guest } = scene;
  const started = startPvIommu(guest.machine, guest.ids, { defaultDomain: 'identity' });
  if (started.ok) started.value.follow(guest.pci);
  report.check('there is an IOMMU on x64 only', started.ok === (guest.machine.arch === 'x64'));
  if (!(yield* start(scene))) return;
  for (const disk of yield* waitForDisks(scene, 1)) yield* useDisk(scene, disk);
  if (started.ok) yield* translate(scene, started.value);
  scene.flags.raise('rescind');
  report.check('the guest leaves the host', (yield* guest.vmbus.unload()).ok);
  checkNothingLeft(scene);
  if (started.ok) report.check('the IOMMU knows no device any more', started.value.state.devices === 0);
  scene.flags.raise('guest-done');
}

/** Maps for the device while its driver rests, lets the host do DMA, and takes the maps away. */
function* translate({ guest, report, flags, queue }: GuestScene, iommu: PvIommu): Routine {
  const fn = guest.nvme.controllers[0]?.fn;
  const device = fn && iommu.deviceOf(fn);
  if (!report.check('the disk is behind the IOMMU', device !== undefined) || device === undefined) return;
  const changed = iommu.changeDefault(device, 'paging');
  if (!report.check('the disk gets a domain', changed.ok) || !changed.ok) return;
  const domain = changed.value;
  if (!(domain instanceof PagingDomain)) return;
  report.check('a large page is mapped', domain.map(IOVA, GPA, LARGE).ok);
  report.check('a small page is mapped read-only', domain.map(IOVA + BigInt(LARGE), GPA + LARGE, PAGE, false).ok);
  flags.raise('guest-ready');
  report.check('the host has done DMA', yield* flags.wait(queue, 'returned'));
  const gather = new FlushGather();
  report.check('both are unmapped', domain.unmap(IOVA, LARGE + PAGE, gather) === LARGE + PAGE);
  domain.sync(gather);
  flags.raise('eject');
  report.check('the host has tried again', yield* flags.wait(queue, 'reoffered'));
  report.check('the disk is without translation again', iommu.changeDefault(device, 'identity').ok);
}

function* host({ host, queue, flags, report }: HostScene): Routine {
  const { iommu, arch } = host.partition;
  if (iommu === undefined || arch !== 'x64') return;
  if (!(yield* flags.wait(queue, 'guest-ready'))) return;
  const [bus] = host.buses;
  const id = logicalDeviceId(logicalDeviceIdPrefix(guidToBytes(bus!.bus.instanceId)), 0);
  const read = iommu.dma.access(id, IOVA + 0x1234n, 8, 'write');
  report.check('DMA goes through the large page', read.ok && read.segments[0]!.gpa === GPA + 0x1234);
  report.check('the small page can be read', iommu.dma.access(id, IOVA + BigInt(LARGE), 8, 'read').ok);
  report.check('and not written', !iommu.dma.access(id, IOVA + BigInt(LARGE), 8, 'write').ok);
  report.check('nothing else is there', !iommu.dma.access(id, IOVA - 8n, 8, 'read').ok);
  flags.raise('returned');
  if (!(yield* flags.wait(queue, 'eject'))) return;
  for (const iova of [IOVA, IOVA + 0x1234n, IOVA + BigInt(LARGE)])
    report.check('no stale translation is left', !iommu.dma.access(id, iova, 8, 'read').ok);
  report.check('no access went by one', iommu.dma.staleTlbHits === 0);
  flags.raise('reoffered');
  yield* flags.wait(queue, 'guest-done');
  report.check('the host holds no interrupt and no window', host.leaks() === 0);
}

export const pviommu: Simulation = {
  name: 'pviommu',
  about: 'a disk behind the IOMMU of the guest: identity, then a domain with stage-1 tables, DMA, unmap and flush',
  shows: ['E2E-01', 'PVI-51'],
  cpus: 2,
  plan: SCENARIOS.boot,
  partition: { iommu: { devices: () => true } },
  guest,
  host,
};
