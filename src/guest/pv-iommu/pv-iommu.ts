import { MSI_REGION } from '../../hardware/msi-window.js';
import type { LogLine } from '../../ports/log-sink.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import type { LogicalDeviceIdLookup } from '../device-id/logical-device-id-table.js';
import { DIRECT_DMA } from '../pci/dma-operations.js';
import type { FunctionConfig } from '../pci/function-config.js';
import { type AtsSwitch, atsOf } from './ats.js';
import { type PvIommuCapabilities, queryDeviceEnabled } from './capabilities.js';
import { DmaMapping, type DmaMode } from './dma-mapping.js';
import { type DomainSource, PagingDomain } from './paging-domain.js';
import { type IommuFunction, PvDevice, type PvDomain, type StaticDomain } from './pv-device.js';

/** What tells of functions that come, and of those that go when it can (PciCore). */
export interface FunctionNotices {
  onAdd(notifier: (fn: IommuFunction & { readonly config?: FunctionConfig }) => void): void;
  onRemove?(notifier: (fn: IommuFunction) => void): void;
}

export interface AttachRules {
  readonly defaultDomain: 'paging' | 'identity' | 'blocked' | 'none';
  readonly detachFirst: boolean;
  readonly dmaMode: DmaMode;
}

/** Counts, for finding what was left behind. */
export interface PvIommuState {
  readonly devices: number;
  readonly pagingDomains: number;
  /** The two static ones included. */
  readonly domainIds: number;
}

/** The guest's driver of the paravirtual IOMMU: finds devices by the logical ids of their buses and puts them into domains. */
export class PvIommu {
  readonly capabilities: PvIommuCapabilities;
  readonly identity: StaticDomain;
  readonly blocked: StaticDomain;
  private readonly source: DomainSource;
  private readonly ids: LogicalDeviceIdLookup;
  private readonly rules: AttachRules;
  /** By address: a function that is listed again is the same one, whatever object stands for it. */
  private readonly devices = new Map<number, PvDevice>();
  private readonly defaults = new Map<PvDevice, PvDomain>();
  /** Of devices whose default domain has tables. */
  private readonly mappings = new Map<PvDevice, DmaMapping>();
  private readonly paging = new Set<PagingDomain>();

  constructor(
    source: DomainSource,
    ids: LogicalDeviceIdLookup,
    statics: { readonly identity: StaticDomain; readonly blocked: StaticDomain },
    rules: AttachRules,
  ) {
    this.source = source;
    this.ids = ids;
    this.capabilities = source.capabilities;
    this.identity = statics.identity;
    this.blocked = statics.blocked;
    this.rules = rules;
  }

  get state(): PvIommuState {
    return { devices: this.devices.size, pagingDomains: this.paging.size, domainIds: this.source.ids.taken };
  }

  /** Puts functions into their default domain as they are found, and takes them out again. */
  follow(notices: FunctionNotices): void {
    notices.onAdd((fn) => {
      // Nobody reads the function's configuration for a switch that nobody would turn.
      const ats = this.capabilities.hasAts && fn.config !== undefined ? atsOf(fn.config) : undefined;
      const added = this.add(fn, ats);
      // ENODEV is a function that the IOMMU does not stand in front of. Any other one does its DMA where the host put it.
      if (!added.ok && added.errno !== 'ENODEV') this.report('error', 'pviommu-not-added', fn, { errno: added.errno });
    });
    notices.onRemove?.((fn) => {
      const device = this.deviceOf(fn);
      if (device !== undefined) this.release(device);
    });
  }

  /**
   * Finds a function and attaches its default domain. ENODEV for one that does its DMA without an IOMMU (PVI-23), EEXIST for one
   * that was added and not released.
   */
  add(fn: IommuFunction, ats?: AtsSwitch): Outcome<PvDevice> {
    const found = this.probe(fn, ats);
    if (!found.ok || this.rules.defaultDomain === 'none') return found;
    const domain = this.makeDefault(this.rules.defaultDomain);
    if (!domain.ok) return this.forget(fn, domain);
    const attached = this.attach(found.value, domain.value);
    if (attached.ok) {
      this.setDefault(found.value, domain.value);
      return found;
    }
    if (domain.value instanceof PagingDomain) this.freeDomain(domain.value);
    return this.forget(fn, attached);
  }

  deviceOf(fn: IommuFunction): PvDevice | undefined {
    return this.devices.get(keyOf(fn));
  }

  /** The domain that a function got when it was found. */
  defaultOf(device: PvDevice): PvDomain | undefined {
    return this.defaults.get(device);
  }

  /** What the driver of a device maps memory with; undefined where its default domain has no tables. */
  mappingOf(device: PvDevice): DmaMapping | undefined {
    return this.mappings.get(device);
  }

  /** Ranges of IOVAs that devices have, those included that wait for a flush. */
  get iovasInUse(): number {
    return [...this.mappings.values()].reduce((sum, { inUse }) => sum + inUse, 0);
  }

  /** Ranges of IOVAs that no device gets while its default domain lives, as their flush failed. */
  get iovasLeaked(): number {
    return [...this.mappings.values()].reduce((sum, { leakedRanges }) => sum + leakedRanges, 0);
  }

  /**
   * Finds a function: its bus has a logical id and the hypervisor says that the IOMMU is in front of it. Undefined is what is
   * not a PCI function. ENODEV else; EEXIST for a function that has a device.
   */
  probe(fn: IommuFunction | undefined, ats?: AtsSwitch): Outcome<PvDevice> {
    if (fn === undefined) return failure('ENODEV');
    if (this.devices.has(keyOf(fn))) return failure('EEXIST');
    const id = this.ids.deviceId(fn.domain, fn.devfn);
    if (!id.ok) return id;
    const enabled = queryDeviceEnabled(this.source.calls.page, id.value);
    if (!enabled.ok) return enabled;
    if (!enabled.value) return failure('ENODEV');
    const device = new PvDevice(fn, ats);
    this.devices.set(keyOf(fn), device);
    return success(device);
  }

  /** What iommu_capable says yes to: DMA sees what the caches have, and nothing else (PVI-10). */
  capable(capability: string): boolean {
    return capability === 'cache-coherency';
  }

  /** IOVAs that no domain of the device should map: writes there are interrupts (PVI-10). */
  reservedRegions(_device: PvDevice): readonly (typeof MSI_REGION)[] {
    return [MSI_REGION];
  }

  /** A new domain with tables; `pageSizes` fewer sizes than the IOMMU has. */
  allocate(pageSizes?: bigint): Outcome<PagingDomain> {
    const made = PagingDomain.create(this.source, pageSizes);
    if (made.ok) this.paging.add(made.value);
    return made;
  }

  /** Ends a domain; EBUSY while a device is in it, EINVAL for one that has ended. */
  freeDomain(domain: PagingDomain): Outcome {
    const freed = domain.free();
    if (freed.ok || freed.errno !== 'EBUSY') this.paging.delete(domain);
    return freed;
  }

  /**
   * Moves a device into a domain, from wherever it is. ENODEV for a device that was released, EINVAL for a domain that has ended:
   * another one may have its number by now. Where it fails the device stays in its domain, also with `detachFirst`.
   */
  attach(device: PvDevice, domain: PvDomain): Outcome {
    if (!this.has(device)) return failure('ENODEV');
    if (domain instanceof PagingDomain && domain.state !== 'live') return failure('EINVAL');
    // In front of the call: a look-up may wait, and between page and call nothing may (LDID-27).
    const id = this.ids.deviceId(device.fn.domain, device.fn.devfn);
    if (!id.ok) return id;
    stopAts(device, domain);
    const old = device.attached;
    const left = this.detachFirst(device, domain, id.value);
    if (!left.ok) return left;
    const attached = this.source.calls.attach(domain.id, id.value);
    if (!attached.ok) {
      if (domain.kind === 'blocked') this.warn('pviommu-not-blocked', device, attached.errno);
      if (device.attached !== old && old !== undefined) this.comeBack(device, old, id.value);
      return attached;
    }
    enter(device, domain);
    const wantsAts = domain.kind !== 'blocked' && this.capabilities.hasAts;
    if (wantsAts && device.ats !== undefined && !device.ats.isOn) device.ats.set(true);
    return DONE;
  }

  /**
   * Lets a device go: into the blocked domain, then its default domain ends (PVI-27). What fails is reported, and the device is
   * forgotten all the same: it is going. ENODEV means that the id of its bus went first, or that the device is released.
   */
  release(device: PvDevice): Outcome {
    if (!this.has(device)) return failure('ENODEV');
    const left = this.endMapping(device);
    if (left > 0) this.report('warn', 'pviommu-still-mapped', device.fn, { left });
    const blocked = this.attach(device, this.blocked);
    if (!blocked.ok && blocked.errno === 'ENODEV') this.warn('pviommu-released-without-id', device, blocked.errno);
    device.attached?.devices.delete(device);
    device.attached = undefined;
    this.devices.delete(keyOf(device.fn));
    const own = this.defaults.get(device);
    this.defaults.delete(device);
    if (own instanceof PagingDomain) this.freeDomain(own);
    return blocked;
  }

  /**
   * Gives a device another default domain, as a write to the group's type in sysfs does; the old one ends. EBUSY while its
   * driver has memory mapped there, ENODEV for a device that was released.
   */
  changeDefault(device: PvDevice, kind: 'paging' | 'identity' | 'blocked'): Outcome<PvDomain> {
    if (!this.has(device)) return failure('ENODEV');
    const mapping = this.mappings.get(device);
    mapping?.flush();
    if (mapping !== undefined && mapping.inUse > 0) return failure('EBUSY');
    const domain = this.makeDefault(kind);
    if (!domain.ok) return domain;
    const attached = this.attach(device, domain.value);
    const left = attached.ok ? this.defaults.get(device) : domain.value;
    if (attached.ok) this.setDefault(device, domain.value);
    if (left instanceof PagingDomain) this.freeDomain(left);
    return attached.ok ? domain : attached;
  }

  /** A function that goes and comes again is another device. */
  private has(device: PvDevice): boolean {
    return this.devices.get(keyOf(device.fn)) === device;
  }

  /** What its driver maps from now on goes through the domain. */
  private setDefault(device: PvDevice, domain: PvDomain): void {
    this.endMapping(device);
    this.defaults.set(device, domain);
    if (!(domain instanceof PagingDomain)) return;
    const mapping = new DmaMapping(domain, this.source.calls.page.machine.queue, this.rules.dmaMode);
    this.mappings.set(device, mapping);
    device.fn.dma = mapping;
  }

  /** Flushes what waits; returns the ranges that are mapped all the same. */
  private endMapping(device: PvDevice): number {
    const mapping = this.mappings.get(device);
    if (mapping === undefined) return 0;
    this.mappings.delete(device);
    device.fn.dma = DIRECT_DMA;
    // In front of the domain's end, behind which nothing could be flushed and no timer may run.
    return mapping.end();
  }

  private makeDefault(kind: 'paging' | 'identity' | 'blocked'): Outcome<PvDomain> {
    return kind === 'paging' ? this.allocate() : success(this[kind]);
  }

  private forget(fn: IommuFunction, why: Outcome<unknown>): Outcome<PvDevice> {
    this.devices.delete(keyOf(fn));
    return why.ok ? failure('EIO') : why;
  }

  private detachFirst(device: PvDevice, domain: PvDomain, deviceId: bigint): Outcome {
    const old = device.attached;
    if (!this.rules.detachFirst || old === undefined || old === domain) return DONE;
    const detached = this.source.calls.detach(deviceId);
    if (!detached.ok) return detached;
    old.devices.delete(device);
    device.attached = undefined;
    if (old instanceof PagingDomain) old.flushAll();
    return DONE;
  }

  /** A device that was detached for nothing: without a domain it would reach all memory while its driver keeps its IOVAs (IOMMU-36). */
  private comeBack(device: PvDevice, old: PvDomain, deviceId: bigint): void {
    const back = [old, this.blocked].find((domain) => {
      stopAts(device, domain);
      return this.source.calls.attach(domain.id, deviceId).ok;
    });
    if (back !== undefined) enter(device, back);
    if (back !== old) this.report('error', 'pviommu-not-back', device.fn, { now: back?.kind ?? 'untranslated' });
  }

  private warn(code: string, device: PvDevice, errno: string): void {
    this.report('warn', code, device.fn, { errno });
  }

  private report(level: LogLine['level'], code: string, fn: IommuFunction, more: Record<string, unknown>): void {
    const { domain, devfn } = fn;
    this.source.calls.page.machine.log({ level, code, fields: { domain, devfn, ...more } });
  }
}

/** PCI domain, bus 0, and devfn: what the logical id of a function is made from. */
function keyOf({ domain, devfn }: IommuFunction): number {
  return domain * 256 + devfn;
}

/** A device that keeps translations would go on using them in a domain that has none (PVI-26). */
function stopAts(device: PvDevice, domain: PvDomain): void {
  if (domain.kind === 'blocked' && device.ats?.isOn) device.ats.set(false);
}

function enter(device: PvDevice, domain: PvDomain): void {
  device.attached?.devices.delete(device);
  device.attached = domain;
  domain.devices.add(device);
}
