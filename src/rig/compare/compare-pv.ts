import { hv_input_configure_device_domain } from '../../abi/hv/device-domain.js';
import {
  hv_input_flush_device_domain_list,
  hv_input_get_logical_device_property,
} from '../../abi/hv/device-domain-flush.js';
import * as deviceDomains from '../../abi/hypercalls/device-domains.js';
import type { Event } from '../../capture/event.js';
import { PagingDomain } from '../../guest/pv-iommu/paging-domain.js';
import type { PvDevice } from '../../guest/pv-iommu/pv-device.js';
import type { PvIommu } from '../../guest/pv-iommu/pv-iommu.js';
import { type PvIommuOptions, startPvIommu } from '../../guest/pv-iommu/start.js';
import { offsetOf } from '../../hypervisor/field-offset.js';
import type { RecordedCall } from '../replay/recorded-call.js';
import type { DriverComparison } from './compare-root.js';
import { attachedDeviceOf, callsOf, domainIdOf, numberOf, wordsFrom } from './driver-calls.js';
import { type DriverMachine, driverMachine } from './driver-machine.js';
import { CLOSING, mapNote, unmapNote } from './vfio-operations.js';

const ATTACH = deviceDomains.HVCALL_ATTACH_DEVICE_DOMAIN.code;
const CREATE = deviceDomains.HVCALL_CREATE_DEVICE_DOMAIN.code;
const DETACH = deviceDomains.HVCALL_DETACH_DEVICE_DOMAIN.code;
const CONFIGURE = deviceDomains.HVCALL_CONFIGURE_DEVICE_DOMAIN.code;
const FLUSH = deviceDomains.HVCALL_FLUSH_DEVICE_DOMAIN.code;
const FLUSH_LIST = deviceDomains.HVCALL_FLUSH_DEVICE_DOMAIN_LIST.code;
const PROPERTY = deviceDomains.HVCALL_GET_LOGICAL_DEVICE_PROPERTY.code;

/** Calls of the guest's driver. */
export const PV_CALLS = [
  deviceDomains.HVCALL_CREATE_DEVICE_DOMAIN,
  deviceDomains.HVCALL_ATTACH_DEVICE_DOMAIN,
  deviceDomains.HVCALL_DETACH_DEVICE_DOMAIN,
  deviceDomains.HVCALL_DELETE_DEVICE_DOMAIN,
  deviceDomains.HVCALL_CONFIGURE_DEVICE_DOMAIN,
  deviceDomains.HVCALL_FLUSH_DEVICE_DOMAIN,
  deviceDomains.HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
  deviceDomains.HVCALL_GET_IOMMU_CAPABILITIES,
  deviceDomains.HVCALL_GET_LOGICAL_DEVICE_PROPERTY,
];

/** The last word of 0xCE: the root of the tables. */
const ROOT = hv_input_configure_device_domain.of['series-pviommu'].size - 8;
const PROPERTY_DEVICE = offsetOf(hv_input_get_logical_device_property.of['series-pviommu'], 'logical_device_id');
const LIST = hv_input_flush_device_domain_list.of['series-pviommu'].size;

/** The root of a table is where the guest's memory had a free page: that there is one is compared, not where. */
function comparedInput(code: number, input: Uint8Array): Uint8Array {
  if (code !== CONFIGURE || input.length < ROOT + 8) return input;
  const seen = input.slice();
  const hasRoot = seen.subarray(ROOT, ROOT + 8).some((byte) => byte !== 0);
  seen.fill(hasRoot ? 0xff : 0, ROOT, ROOT + 8);
  return seen;
}

/**
 * Makes our driver do what the recorded one of a guest was asked for, with the recorded answers, and compares every call in order.
 * Throws DecodeError E_RECORD for calls that cannot be read.
 */
export function comparePvDriver(events: readonly Event[], options: PvIommuOptions = {}): DriverComparison {
  const session = new Session(callsOf(events, PV_CALLS), options);
  for (const [position, event] of events.entries())
    if (event.k === 'marker' && typeof event.text === 'string') session.note(event.text);
    else session.pass(numberOf(event, position));
  return session.end();
}

class Session {
  private readonly calls: readonly RecordedCall[];
  private readonly options: PvIommuOptions;
  private readonly rig: DriverMachine;
  private readonly devices = new Map<bigint, PvDevice>();
  private iommu: PvIommu | undefined;
  private user: { readonly device: PvDevice; readonly domain: PagingDomain } | undefined;
  /** Bytes of the user's mappings by first IOVA. */
  private readonly mapped = new Map<bigint, number>();
  private requests = 0;

  constructor(calls: readonly RecordedCall[], options: PvIommuOptions) {
    this.calls = calls;
    this.options = options;
    this.rig = driverMachine(calls, { cpus: 2, separateOutput: false, recordedFrames: false, compared: comparedInput });
  }

  private get tape() {
    return this.rig.tape;
  }

  /** A call of the recording that our driver did not make so far. */
  pass(n: number): void {
    if (this.tape.next?.n === n) this.answer(this.tape.next);
  }

  end(): DriverComparison {
    const differences = this.tape.end();
    return { calls: this.calls.length, same: this.tape.same, requests: this.requests, differences };
  }

  /** What the guest was asked for. */
  note(text: string): void {
    const map = mapNote(text);
    if (map?.ok) this.map(map.iova, map.bytes, map.writable);
    const unmap = unmapNote(text);
    if (unmap !== undefined) this.unmap(unmap.iova);
    if (text === CLOSING) this.close();
  }

  /** A call that nothing asked for so far: somebody in the kernel did. */
  private answer(call: RecordedCall): void {
    const { code, header } = call;
    if (this.iommu === undefined) {
      const first = this.calls.findIndex((one) => one.code === PROPERTY);
      const onCpu = () => (this.tape.next?.vp ?? 0) % 2;
      const rules = { defaultDomain: this.kindBehind(first), onCpu, ...this.options };
      const started = startPvIommu(this.rig.machine, this.rig.ids, rules);
      if (started.ok) this.iommu = started.value;
    } else if (code === PROPERTY) this.find(header.getBigUint64(PROPERTY_DEVICE, true));
    else if (code === FLUSH) this.ownerOf(call)?.flushAll();
    else if (code === FLUSH_LIST) this.flushOwn(call);
    else if (code === ATTACH || code === CREATE || code === DETACH) this.move(this.calls.indexOf(call));
  }

  /** What a device got when it was found, by what is called next. */
  private kindBehind(at: number): 'paging' | 'identity' | 'blocked' | 'none' {
    const next = this.calls[at + 1];
    if (at < 0 || next === undefined) return 'none';
    if (next.code === CREATE) return 'paging';
    return next.code === ATTACH ? (domainIdOf(next) === 1 ? 'identity' : 'blocked') : 'none';
  }

  private find(id: bigint): void {
    const prefix = Number(id) & ~7;
    const domain = (prefix >>> 16) & 0xffff;
    this.rig.ids.registerBus(domain, prefix >>> 0);
    const added = this.iommu!.add({ domain, devfn: Number(id & 7n) });
    if (added.ok) this.devices.set(id, added.value);
  }

  /** A change of default domain, the start of a user's session, or the end of a device. */
  private move(at: number): void {
    const iommu = this.iommu!;
    const to = this.calls.findIndex((call, i) => i >= at && call.code === ATTACH);
    const device = to < 0 ? undefined : this.devices.get(attachedDeviceOf(this.calls[to]!));
    if (device === undefined) return;
    const target = domainIdOf(this.calls[to]!);
    this.requests++;
    if (target === iommu.identity.id) iommu.changeDefault(device, 'identity');
    else if (target !== iommu.blocked.id) iommu.changeDefault(device, 'paging');
    else if (this.calls[to + 1]?.code === CREATE) {
      iommu.attach(device, iommu.blocked);
      const domain = iommu.allocate();
      if (!domain.ok) return;
      iommu.attach(device, domain.value);
      this.user = { device, domain: domain.value };
    } else iommu.release(device);
  }

  private ownerOf(call: RecordedCall): PagingDomain | undefined {
    for (const device of this.devices.values()) {
      const domain = this.iommu!.defaultOf(device);
      if (domain instanceof PagingDomain && domain.id === domainIdOf(call)) return domain;
    }
    return undefined;
  }

  /** The device's own driver ended a mapping; a user's is noted behind its calls. */
  private flushOwn(call: RecordedCall): void {
    const domain = this.ownerOf(call);
    if (domain === undefined) return;
    const entries = wordsFrom(call, LIST);
    const last = entries.at(-1);
    if (last === undefined) return;
    const start = (entries[0]! >> 12n) << 12n;
    const length = Number(((last >> 12n) << 12n) + (4096n << (last & 0x3fn)) - start);
    this.requests++;
    if (domain.map(start, Number(start), length).ok) domain.unmap(start, length);
  }

  /** Where its pages lie is of no account: tables are the guest's own. */
  private map(iova: bigint, length: number, write: boolean): void {
    if (this.user === undefined) return;
    this.requests++;
    if (this.user.domain.map(iova, Number(iova) + 4096, length, write).ok) this.mapped.set(iova, length);
  }

  private unmap(iova: bigint): void {
    const length = this.mapped.get(iova);
    if (this.user === undefined || length === undefined) return;
    this.requests++;
    this.mapped.delete(iova);
    this.user.domain.unmap(iova, length);
  }

  private close(): void {
    if (this.user === undefined) return;
    const iommu = this.iommu!;
    const { device, domain } = this.user;
    iommu.attach(device, iommu.blocked);
    for (const [iova] of Array.from(this.mapped).sort(([a], [b]) => (a < b ? -1 : 1))) this.unmap(iova);
    iommu.freeDomain(domain);
    const own = iommu.defaultOf(device);
    if (own !== undefined) iommu.attach(device, own);
    this.user = undefined;
  }
}
