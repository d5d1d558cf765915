import { suite } from 'uvu';
import { IommuDevice } from '../../src/guest/root-iommu/iommu-device.js';
import type { DirectDomain, IommuDomain, PagingDomain } from '../../src/guest/root-iommu/iommu-domain.js';
import type { MapRequest, MapResult } from '../../src/guest/root-iommu/mappings.js';
import { RootIommu } from '../../src/guest/root-iommu/root-iommu.js';
import type { Outcome } from '../../src/ports/outcome.js';
import { CODES } from '../guest/root-iommu/fake-hypervisor.js';
import { bareRig, gained, nvme, pagesOf, pagingDomain, QUIET_CORE } from '../guest/root-iommu/rig.js';
import type { SourceFile } from '../support/import-graph.js';
import { type Driver, driven } from './root-driver.js';
import { LIBRARY, reaches, withImport } from './source-reach.js';
import { twoSided } from './two-sided.js';

const series = suite('criticism of later versions of the root IOMMU');
const both = twoSided(series);

/** Counts calls in place of devices. */
class CountsCalls extends RootIommu {
  private readonly counts = new Map<IommuDomain, number>();

  override attach(domain: IommuDomain, device: IommuDevice): Outcome {
    const outcome = super.attach(domain, device);
    this.count(domain, 1);
    return outcome;
  }

  override detach(device: IommuDevice): Outcome {
    const { domain } = device;
    const outcome = super.detach(device);
    if (domain !== undefined) this.count(domain, -1);
    return outcome;
  }

  private count(domain: IommuDomain, change: number): void {
    this.counts.set(domain, (this.counts.get(domain) ?? 0) + change);
    Object.defineProperty(domain, 'numAttached', { configurable: true, get: () => this.counts.get(domain) });
  }
}

both<Driver>('IOMMU-39 IOMMU-41: numAttached is the number of attached devices, and says so by its name', {
  check: (Kind) => {
    const r = driven(Kind);
    const domain = pagingDomain(r);
    const [a, b] = [nvme({}, 3), nvme({}, 4)];
    for (const device of [a, b, a]) r.iommu.attach(domain, device);
    const two = r.iommu.dumpState().find(({ id }) => id === domain.id);
    r.iommu.detach(a);
    const one = domain.numAttached;
    r.iommu.detach(b);
    b.domain = domain;
    r.iommu.detach(b);
    return {
      'the report has it beside the devices': two?.numAttached === 2 && two.devices.length === 2,
      'one device is one': one === 1,
      'it is never negative': domain.numAttached === 0,
    };
  },
  ours: () => RootIommu,
  criticised: {
    'attaches less detaches': [() => CountsCalls, 'the report has it beside the devices', 'one device is one'],
  },
});

/** Lets devices into a domain whose free has begun: when it looked, none was attached. */
class ChecksThenFrees extends RootIommu {
  override attach(domain: IommuDomain, device: IommuDevice): Outcome {
    if (domain.kind === 'paging') domain.state = 'live';
    return super.attach(domain, device);
  }
}

both<Driver>('IOMMU-24 IOMMU-39: that nobody was attached is no guarantee: who comes behind the free is turned away', {
  check: (Kind) => {
    const r = driven(Kind);
    const domain = pagingDomain(r);
    r.hv.refuse(CODES.delete, 0x08);
    r.iommu.free(domain);
    const device = nvme();
    const attached = r.iommu.attach(domain, device);
    return {
      'the attach is refused': !attached.ok,
      'without a call': r.hv.count(CODES.attach) === 0,
      'the device is in no such domain': device.domain === undefined && domain.numAttached === 0,
    };
  },
  ours: () => RootIommu,
  criticised: {
    'a check that holds for its moment': [
      () => ChecksThenFrees,
      'the attach is refused',
      'without a call',
      'the device is in no such domain',
    ],
  },
});

/** The thread that runs is a VMM: what a direct domain was decided by. */
let threadIsVmm = false;

/** Decides by the thread that runs, at every step anew. */
class AsksTheThread extends RootIommu {
  override map(domain: IommuDomain, request: MapRequest): MapResult {
    return threadIsVmm ? { mapped: BigInt(request.pageSize * request.pageCount) } : super.map(domain, request);
  }

  override free(domain: IommuDomain): Outcome {
    if (threadIsVmm) Object.defineProperty(domain, 'kind', { value: 'direct' });
    return super.free(domain);
  }
}

both<Driver>('IOMMU-27: what kind a domain is was said by who made it, and stays so whatever thread works on it', {
  check: (Kind) => {
    const r = driven(Kind);
    threadIsVmm = false;
    const domain = gained(r.iommu.allocPaging());
    threadIsVmm = true;
    r.iommu.map(domain, pagesOf(0n, 0n, 1));
    const mapped = r.hv.pagesOf(domain.id).size;
    r.iommu.free(domain);
    threadIsVmm = false;
    return {
      'a map from another thread is made': mapped === 1,
      'a free from another thread deletes it': r.hv.count(CODES.delete) === 1 && !r.hv.domains.has(domain.id),
    };
  },
  ours: () => RootIommu,
  criticised: {
    'the current thread decides': [
      () => AsksTheThread,
      'a map from another thread is made',
      'a free from another thread deletes it',
    ],
  },
});

/** Makes a direct domain where one that maps was asked for, for whatever partition the thread belongs to when it attaches. */
class DirectByAlloc extends RootIommu {
  override allocPaging(): Outcome<PagingDomain> {
    return super.allocDirect(0n) as Outcome<never>;
  }

  override attach(domain: IommuDomain, device: IommuDevice): Outcome {
    if (domain.kind === 'direct') Reflect.set(domain, 'targetPartition', threadPartition);
    return super.attach(domain, device);
  }
}

/** The partition of the VM whose thread runs. */
let threadPartition = 0n;

both<Driver>('IOMMU-26: a direct domain has a constructor of its own, its partition for good, and no maps', {
  check: (Kind) => {
    const r = driven(Kind);
    const paging: IommuDomain = gained(r.iommu.allocPaging());
    const mapped = r.iommu.map(paging, pagesOf(0n, 0n, 1));
    threadPartition = 0x42n;
    const direct: DirectDomain = gained(r.iommu.allocDirect(0x42n));
    const refused = r.iommu.map(direct, pagesOf(0n, 0n, 1));
    threadPartition = 0x43n;
    r.hv.made.length = 0;
    const device = nvme();
    r.iommu.attach(direct, device);
    r.iommu.detach(device);
    const freed = r.iommu.free(direct).ok;
    return {
      'what alloc for paging gives takes maps': paging.kind === 'paging' && mapped.errno === undefined,
      'a direct domain takes none': refused.errno === 'EOPNOTSUPP',
      'the partition is that of the making': r.hv.made[0]?.input.slice(0, 16) === '4200000000000000',
      'nothing is made or deleted for it': freed && r.hv.codes.join() === `${CODES.attachDevice},${CODES.detachDevice}`,
    };
  },
  ours: () => RootIommu,
  criticised: {
    'direct by the alloc for paging, with the partition of the thread': [
      () => DirectByAlloc,
      'what alloc for paging gives takes maps',
      'the partition is that of the making',
    ],
  },
});

/** Gives up its numbers only with the machine. */
class NeverReuses extends RootIommu {
  override free(domain: IommuDomain): Outcome {
    const outcome = super.free(domain);
    const ids: unknown = Reflect.get(this, 'ids');
    if (outcome.ok && domain.kind === 'paging') Reflect.get(Object(ids), 'taken').add(domain.id);
    return outcome;
  }
}

both<Driver>('IOMMU-22: numbers of domains come from an allocator: a number that was freed can be had again', {
  check: (Kind) => {
    const bare = bareRig();
    const driver = new Kind(bare.machine, { flavour: 'root' });
    driver.init(QUIET_CORE);
    Object.defineProperty(Reflect.get(driver, 'ids'), 'most', { value: 3 });
    const made = Array.from({ length: 9 }, () => {
      const domain = driver.allocPaging();
      return domain.ok && driver.free(domain.value).ok;
    });
    const live = Array.from({ length: 4 }, () => driver.allocPaging().ok);
    return {
      'nine, one after the other, of three numbers': made.every((ok) => ok),
      'three at the same time, and no fourth': live.join() === 'true,true,true,false',
    };
  },
  ours: () => RootIommu,
  criticised: {
    'numbers are never given back': [
      () => NeverReuses,
      'nine, one after the other, of three numbers',
      'three at the same time, and no fourth',
    ],
  },
});

both<readonly SourceFile[]>('IOMMU-27: DMA and interrupts are remapped by parts that do not know each other', {
  check: (files) => ({
    'the IOMMU does without interrupts': reaches(files, 'guest/root-iommu/', ['guest/vpci-interrupts/']).length === 0,
    'interrupts do without the IOMMU': reaches(files, 'guest/vpci-interrupts/', ['guest/root-iommu/']).length === 0,
  }),
  ours: () => LIBRARY,
  criticised: {
    'an IOMMU that composes messages': [
      () => withImport('guest/root-iommu/attachment.ts', '../vpci-interrupts/compose.js'),
      'the IOMMU does without interrupts',
    ],
    'interrupts that ask the IOMMU': [
      () => withImport('guest/vpci-interrupts/retarget.ts', '../root-iommu/root-iommu.js'),
      'interrupts do without the IOMMU',
    ],
  },
});

/** Names its interrupts as its DMA, whatever domain it is in. */
class OneName extends IommuDevice {
  override get interruptDeviceId(): bigint {
    return this.deviceId;
  }
}

both<typeof IommuDevice>(
  'IOMMU-27 IOMMU-35: a device that was given to a partition is called otherwise in interrupt calls',
  {
    check: (Device) => {
      const r = driven();
      const device = new Device({ segment: 0, bus: 0, device: 3, function: 0 });
      r.iommu.attach(r.iommu.identity, device);
      const inDomain = device.interruptDeviceId;
      r.iommu.attach(gained(r.iommu.allocDirect(0x42n)), device);
      return {
        'its PCI id in a domain': inDomain === 0x4000000000000018n,
        'its logical id in a partition': device.interruptDeviceId === 0x18n,
      };
    },
    ours: () => IommuDevice,
    criticised: { 'one name for both': [() => OneName, 'its logical id in a partition'] },
  },
);

series.run();
