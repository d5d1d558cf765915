import { IommuDevice } from '../../guest/root-iommu/iommu-device.js';
import { RootIommu } from '../../guest/root-iommu/root-iommu.js';
import type { DmaAccess, DmaResult } from '../../hypervisor/iommu/dma.js';
import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';
import { DONE } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import { SCENARIOS } from '../serve/scenarios.js';
import { DmaTrace } from '../system/dma-trace.js';
import type { HostSide } from '../system/host-side.js';
import type { GuestScene, HostScene, Simulation } from './simulation.js';

const PAGE = 4096;
/** 1 GiB. */
const PAGES = 262_144;
const BYTES = BigInt(PAGES) * BigInt(PAGE);
const IOVA = 0x1_0000_0000n;
const TARGET = 0x40_0000_0000n;
const PROBES = 2000;
/** So many are recorded, about one for each map call. */
const RECORDED = 512;
const DEVICE = new IommuDevice({ segment: 0, bus: 0, device: 3, function: 0 });

function start({ guest, report }: GuestScene): RootIommu {
  const iommu = new RootIommu(guest.machine, { flavour: 'root' });
  const ready = iommu.init({ publish: () => DONE, unpublish: () => undefined, register: () => DONE });
  report.check('the driver finds the IOMMU', ready.ok);
  report.check('the device is taken', iommu.probe(DEVICE).ok);
  report.check('the device starts in the identity domain', iommu.attach(iommu.identity, DEVICE).ok);
  return iommu;
}

function* guest(scene: GuestScene): Routine {
  const { report, flags, queue } = scene;
  const iommu = start(scene);
  const allocated = iommu.allocPaging();
  if (!report.check('a domain is created', allocated.ok) || !allocated.ok) return;
  const domain = allocated.value;
  report.check('the device is attached', iommu.attach(domain, DEVICE).ok);
  const range = { iova: IOVA, paddr: TARGET, pageSize: PAGE, pageCount: PAGES, writable: true };
  const { mapped, errno } = iommu.map(domain, range);
  report.check(`1 GiB is mapped: ${mapped} bytes${errno === undefined ? '' : `, ${errno}`}`, mapped === BYTES);
  report.check('the driver finds the last byte', iommu.iovaToPhys(domain, IOVA + mapped - 1n) === TARGET + mapped - 1n);
  flags.raise('guest-ready');
  report.check('the host has tried the DMA', yield* flags.wait(queue, 'returned'));
  const unmapped = iommu.unmap(domain, IOVA, PAGE, PAGES);
  report.check(`1 GiB is unmapped: ${unmapped} bytes`, unmapped === BYTES);
  report.check('the driver finds nothing any more', iommu.iovaToPhys(domain, IOVA) === undefined);
  flags.raise('eject');
  report.check('the host has tried again', yield* flags.wait(queue, 'rescind'));
  report.check('the device goes back to the identity domain', iommu.attach(iommu.identity, DEVICE).ok);
  report.check('the domain is deleted', iommu.free(domain).ok);
  const books = iommu.dumpState().filter(({ kind, intervals }) => kind === 'paging' || intervals > 0);
  report.check('the driver keeps no books', books.length === 0);
  flags.raise('guest-done');
}

/** What the device reaches; an access is recorded as those of other devices are. */
function deviceAt({ partition }: HostSide, iommu: PartitionIommu) {
  const trace = new DmaTrace(partition.isTraced ? partition.trace : undefined, DEVICE.deviceId, RECORDED);
  return (iova: bigint, access: DmaAccess): DmaResult => {
    const result = iommu.dma.access(DEVICE.deviceId, iova, 1, access);
    if (result.ok) trace.translated(result.segments[0]!, access, result.staleTlbHits);
    else trace.refused(iova, access, result.fault.reason);
    return result;
  };
}

function* host({ host, queue, flags, report, random }: HostScene): Routine {
  const { iommu } = host.partition;
  if (!report.check('the hypervisor has an IOMMU', iommu !== undefined) || iommu === undefined) return;
  if (!(yield* flags.wait(queue, 'guest-ready'))) return;
  const access = deviceAt(host, iommu);
  let right = 0;
  for (let n = 0; n < PROBES; n++) {
    const offset = (random() % PAGES) * PAGE + (random() % PAGE);
    const done = access(IOVA + BigInt(offset), n % 2 === 0 ? 'read' : 'write');
    if (done.ok && done.segments[0]!.gpa === Number(TARGET) + offset && done.staleTlbHits === 0) right++;
  }
  report.check(`${right} of ${PROBES} accesses go where they shall`, right === PROBES);
  for (const iova of [IOVA - 1n, IOVA + BYTES])
    report.check('an access beside the range is refused', !access(iova, 'read').ok);
  flags.raise('returned');
  if (!(yield* flags.wait(queue, 'eject'))) return;
  const left = [0, 1, PAGES / 2, PAGES - 1].filter((page) => access(IOVA + BigInt(page * PAGE), 'read').ok);
  report.check('no access goes through behind the unmap', left.length === 0);
  flags.raise('rescind');
  yield* flags.wait(queue, 'guest-done');
  const more = iommu.domains.list().filter(({ mapped }) => mapped > 0);
  report.check('the hypervisor maps nothing any more', more.length === 0);
}

export const rootPassthrough: Simulation = {
  name: 'root-passthrough',
  about: 'a root partition maps 1 GiB for a PCI device in a domain of its own, which does DMA, and takes it down again',
  shows: ['E2E-03'],
  cpus: 1,
  plan: SCENARIOS.root,
  partition: { isRoot: true, iommu: { devices: () => true } },
  guest,
  host,
};

export const rootLowMemory: Simulation = {
  ...rootPassthrough,
  name: 'root-low-memory',
  about:
    'a root partition maps 1 GiB for a PCI device, with a hypervisor that has ten pages for tables: it runs out twice, and is ' +
    'given 256 each time; the device does DMA',
  shows: ['E2E-04'],
  partition: { isRoot: true, iommu: { devices: () => true, poolPages: 10, pagesPerTable: 1 } },
};
