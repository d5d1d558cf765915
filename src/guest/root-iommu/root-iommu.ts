import { MSI_REGION } from '../../hardware/msi-window.js';
import type { FrameFiller } from '../../hypercall/map-batch.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import { type AttachRules, attachDevice, type DetachPolicy, detachDevice } from './attachment.js';
import { CallPort } from './call-port.js';
import { createDomain, deleteDomain, type IommuCapabilities, queryCapabilities } from './domain-calls.js';
import { DomainIds } from './domain-ids.js';
import { type DomainReport, reportDomain } from './dump-state.js';
import { IntervalTree } from './interval-tree.js';
import type { IommuDevice } from './iommu-device.js';
import { DirectDomain, type IommuDomain, PagingDomain, StaticDomain } from './iommu-domain.js';
import { type MappingRules, type MapRequest, type MapResult, mapPages, translate, unmapPages } from './mappings.js';
import { PagingCalls } from './paging-calls.js';
import { SkipList } from './skip-list.js';

/** Where drivers make themselves known. Both steps may refuse; `register` may call the driver before it returns. */
export interface IommuCore {
  /** The entry that user space sees. */
  publish(driver: RootIommu): Outcome;
  unpublish(driver: RootIommu): void;
  register(driver: RootIommu): Outcome;
}

export interface RootIommuOptions {
  readonly flavour: 'root' | 'l1vh';
  readonly onHyperV?: boolean;
  /** An L1VH partition gives devices to its guests; without it there is nothing for the driver there. */
  readonly directAttach?: boolean;
  /** Functions to leave alone, as SkipList reads them. */
  readonly skip?: string;
  readonly detachPolicy?: DetachPolicy;
  readonly aliases?: AttachRules['aliases'];
  /** What release does with a device: out of its domain (default), or into the blocked one as newest drivers do. */
  readonly release?: 'detach' | 'block';
  readonly domainIds?: DomainIds;
  /** A direct domain spends a domain number, as the third version of the series did. */
  readonly directTakesId?: boolean;
  /** Direct domains keep books of maps without making them, as the series did up to its third version (IOMMU-49). */
  readonly legacyDirectMap?: boolean;
  /** Off, a root partition starts without the capability query and takes 64 bits of address, as the third version did. */
  readonly asksCapabilities?: boolean;
  readonly splitIntervals?: boolean;
  /** Most mappings of one domain. */
  readonly maxIntervals?: number;
  /** Own partition by the number that deposits name; all ones when absent. */
  readonly ownPartition?: bigint;
  readonly onCpu?: () => number;
  /** Writes page lists faster where there is one for the guest's memory. */
  readonly filler?: FrameFiller;
}

const PAGE_SIZES = 0x1000n;
const PAGE_BITS = 12;
/** Of an address in a request, whatever a host says of its IOMMU: target_device_va_base. */
const ADDRESS_BITS = 64;

/**
 * IOMMU driver of a root partition, whose device domains the hypervisor keeps, or of an L1VH partition, which gives devices to
 * the partitions of its guests (root/L1VH series, 2026).
 */
export class RootIommu {
  readonly flavour: 'root' | 'l1vh';
  // Ready before anybody can reach the driver, as no function has to fill them in (IOMMU-05).
  readonly identity = new StaticDomain('identity');
  readonly blocked = new StaticDomain('blocked');
  readonly pageSizes = PAGE_SIZES;
  readonly machine: GuestMachine;
  private readonly options: RootIommuOptions;
  protected readonly port: CallPort;
  private readonly rules: AttachRules;
  private readonly ids: DomainIds;
  private readonly domains = new Set<PagingDomain | DirectDomain>();
  private readonly groups = new Map<string, object>();
  private skips: SkipList;
  private known: IommuCapabilities | undefined;
  private isRegistered = false;
  private mapping: MappingRules;

  constructor(machine: GuestMachine, options: RootIommuOptions) {
    const { flavour, ownPartition, onCpu } = options;
    this.machine = machine;
    this.options = options;
    this.flavour = flavour;
    this.ids = options.domainIds ?? new DomainIds();
    this.skips = new SkipList(undefined);
    this.port = new CallPort(machine, {
      isRoot: flavour === 'root',
      ...(ownPartition === undefined ? {} : { ownPartition }),
      ...(onCpu === undefined ? {} : { onCpu }),
    });
    this.rules = {
      port: this.port,
      flavour,
      detachPolicy: options.detachPolicy ?? 'move',
      aliases: options.aliases ?? 'refuse',
    };
    this.mapping = this.mappingRules();
  }

  get capabilities(): IommuCapabilities | undefined {
    return this.known;
  }

  get registered(): boolean {
    return this.isRegistered;
  }

  /** First and last byte that devices can address, and that nothing beside it is translated (IOMMU-07). */
  get geometry() {
    return { start: 0n, end: (1n << BigInt(this.width)) - 1n, forced: true } as const;
  }

  /**
   * Queries, then shows itself: whoever sees the driver sees it whole (IOMMU-03). Leaves nothing behind when it fails. ENODEV for a
   * host whose devices address no more than a page.
   */
  init(core: IommuCore): Outcome {
    if (this.options.onHyperV === false) return failure('ENODEV');
    if (this.flavour === 'root' && this.options.asksCapabilities !== false) {
      const capabilities = queryCapabilities(this.port);
      if (!capabilities.ok) return failure('ENODEV', capabilities.status);
      const { maxIovaWidth: width } = capabilities.value;
      if (width <= PAGE_BITS) {
        this.machine.log({ level: 'error', code: 'iommu-no-iova-space', fields: { width } });
        return failure('ENODEV');
      }
      this.known = capabilities.value;
      this.mapping = this.mappingRules();
    }
    this.skips = new SkipList(this.options.skip, this.machine.log);
    const published = core.publish(this);
    if (!published.ok) {
      this.machine.log({ level: 'error', code: 'iommu-not-published', fields: { errno: published.errno } });
      return published;
    }
    const outcome = core.register(this);
    if (!outcome.ok) core.unpublish(this);
    this.isRegistered = outcome.ok;
    return outcome;
  }

  probe(device: IommuDevice): Outcome {
    if (!device.isPci) return failure('ENODEV');
    if (!this.skips.has(device.at)) return DONE;
    this.machine.log({ level: 'info', code: 'iommu-device-skipped', fields: { device: device.name } });
    return failure('ENODEV');
  }

  /** The device goes away. One that cannot be detached stays counted where it is, so that the domain is not freed. */
  release(device: IommuDevice): void {
    if (device.domain !== undefined) {
      if (this.options.release === 'block') {
        if (attachDevice(this.blocked, device, this.rules).ok) {
          this.blocked.devices.delete(device);
          device.holder = undefined;
        }
      } else detachDevice(device, this.rules);
    }
    device.domain = undefined;
    device.dmaOps = false;
  }

  /** DMA goes through the IOMMU's own mappings where the default domain is of that type (IOMMU-17). */
  probeFinalize(device: IommuDevice, defaultDomain: 'identity' | 'dma'): void {
    device.dmaOps = defaultDomain === 'dma';
  }

  /** One object for the functions of an isolation group, one of its own for any other device. */
  groupOf(device: IommuDevice): object {
    const key = device.isPci ? (device.isolationGroup ?? device.name) : undefined;
    const group = key === undefined ? {} : (this.groups.get(key) ?? {});
    if (key !== undefined) this.groups.set(key, group);
    return group;
  }

  capable(capability: string): boolean {
    return capability === 'cache-coherency';
  }

  defaultDomainType(_device: IommuDevice): 'identity' {
    return 'identity';
  }

  reservedRegions(_device: IommuDevice): readonly (typeof MSI_REGION)[] {
    return [MSI_REGION];
  }

  /** A domain of the hypervisor with maps of its own. */
  allocPaging(): Outcome<PagingDomain> {
    if (this.flavour === 'l1vh') return failure('EOPNOTSUPP');
    const id = this.ids.take();
    if (id === undefined) return failure('ENOSPC');
    const created = createDomain(this.port, id);
    if (!created.ok) {
      this.ids.give(id);
      return created;
    }
    const domain = new PagingDomain(id, new IntervalTree(this.options.maxIntervals), this.pagingCalls(id));
    this.domains.add(domain);
    return success(domain);
  }

  /** A domain whose devices use the memory of `targetPartition`; no call is made until a device comes. */
  allocDirect(targetPartition: bigint): Outcome<DirectDomain> {
    const id = this.options.directTakesId ? this.ids.take() : 0;
    if (id === undefined) return failure('ENOSPC');
    const tree = this.options.legacyDirectMap ? new IntervalTree(this.options.maxIntervals) : undefined;
    const domain = new DirectDomain(id, targetPartition, tree);
    this.domains.add(domain);
    return success(domain);
  }

  /** EBUSY with devices in it: the domain stays, and stays in dumpState (IOMMU-24). EINVAL for one that is freed. */
  free(domain: IommuDomain): Outcome {
    if (domain instanceof StaticDomain) return DONE;
    if (!this.domains.has(domain) || domain.state === 'lost') return failure('EINVAL');
    if (domain.numAttached > 0) {
      domain.state = 'busy';
      const fields = { domain: domain.id, devices: Array.from(domain.devices, (device) => device.name) };
      this.machine.log({ level: 'error', code: 'iommu-domain-busy', fields });
      return failure('EBUSY');
    }
    domain.tree?.clear();
    if (domain.kind === 'paging') {
      const deleted = deleteDomain(this.port, domain.id);
      if (!deleted.ok) {
        // The hypervisor may still have it: its number is not used again.
        domain.state = 'lost';
        return deleted;
      }
    }
    domain.state = 'freed';
    this.domains.delete(domain);
    this.ids.give(domain.id);
    return DONE;
  }

  attach(domain: IommuDomain, device: IommuDevice): Outcome {
    return attachDevice(domain, device, this.rules);
  }

  detach(device: IommuDevice): Outcome {
    return detachDevice(device, this.rules);
  }

  map(domain: IommuDomain, request: MapRequest): MapResult {
    return mapPages(domain, request, this.mapping);
  }

  /** Bytes that were unmapped. */
  unmap(domain: IommuDomain, iova: bigint, pageSize: number, pageCount: number): bigint {
    return unmapPages(domain, iova, pageSize, pageCount, this.mapping);
  }

  iovaToPhys(domain: IommuDomain, iova: bigint): bigint | undefined {
    return translate(domain, iova);
  }

  /** Every domain, also those that could not be freed: of an L1VH partition no crash dump shows the hypervisor's side (IOMMU-29). */
  dumpState(): DomainReport[] {
    return [this.identity, this.blocked, ...this.domains].map(reportDomain);
  }

  /** What makes the calls of a new domain. */
  protected pagingCalls(id: number): PagingCalls {
    return new PagingCalls(this.port, id, this.options.filler);
  }

  private mappingRules(): MappingRules {
    return {
      log: this.machine.log,
      lastPage: 2 ** (this.width - PAGE_BITS) - 1,
      splitIntervals: this.options.splitIntervals ?? false,
    };
  }

  /** Bits of address that are used. */
  private get width(): number {
    return Math.min(this.known?.maxIovaWidth ?? ADDRESS_BITS, ADDRESS_BITS);
  }
}
