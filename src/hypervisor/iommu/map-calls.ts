import { hv_input_map_device_gpa_pages, hv_input_unmap_device_gpa_pages } from '../../abi/hv/device-attach.js';
import { hv_map_gpa_flags } from '../../abi/hv/memory.js';
import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_MAP_DEVICE_GPA_PAGES, HVCALL_UNMAP_DEVICE_GPA_PAGES } from '../../abi/hypercalls/device-domains.js';
import type { GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import { offsetOf } from '../field-offset.js';
import { type CallOwner, DomainField } from './call-fields.js';
import type { DeviceDomain } from './device-domain.js';
import type { DeviceDomains } from './device-domains.js';
import { endOfPart } from './fail-points.js';
import type { FailPoint } from './iommu-options.js';
import type { MapStop } from './second-level-map.js';
import { giveBack, type PoolHold } from './table-pool.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_ALIGNMENT: INVALID_ALIGNMENT,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY,
} = hv_status;
const { HV_MAP_GPA_READABLE: READABLE, HV_MAP_GPA_WRITABLE: WRITABLE } = hv_map_gpa_flags;

const MAP_ADDRESS = offsetOf(hv_input_map_device_gpa_pages, 'target_device_va_base');
const MAP_FLAGS = offsetOf(hv_input_map_device_gpa_pages, 'map_flags');
const MAP_VTL = offsetOf(hv_input_map_device_gpa_pages, 'target_vtl');
const UNMAP_ADDRESS = offsetOf(hv_input_unmap_device_gpa_pages, 'target_device_va_base');
const PAGE_OFFSET = 0xfff;

/**
 * Maps and unmaps of second-level domains, 0xB3 and 0xB4. Rep i is the page i behind the base address, whatever rep a call
 * starts at. A map stops with HV_STATUS_INVALID_PARAMETER at a page that is mapped or beyond the width, and with
 * HV_STATUS_INSUFFICIENT_MEMORY where a table cannot be paid for; an unmap stops at a page that is not mapped. What was done
 * before stays done (IOMMU-73).
 */
export function serveMaps(calls: CallRegistry, domains: DeviceDomains, owner: CallOwner): void {
  const maps = new MapCalls(domains, owner);
  calls.serve(HVCALL_MAP_DEVICE_GPA_PAGES, (call) => maps.map(call));
  calls.serve(HVCALL_UNMAP_DEVICE_GPA_PAGES, (call) => maps.unmap(call));
}

class MapCalls {
  private readonly domains: DeviceDomains;
  private readonly field: DomainField;
  /** The list of the frame that called last, as words. */
  private words: Uint32Array = new Uint32Array(0);

  constructor(domains: DeviceDomains, owner: CallOwner) {
    this.domains = domains;
    this.field = new DomainField(domains, owner);
  }

  map(call: GuestCall): number {
    const { input, repStart, listAt } = call;
    const domain = this.field.domain(input);
    if (typeof domain === 'number') return domain;
    const { map } = domain;
    if (map === undefined) return INVALID_PARAMETER;
    const base = addressPage(input, MAP_ADDRESS);
    if (base < 0) return INVALID_ALIGNMENT;
    const flags = input.getUint32(MAP_FLAGS, true);
    if ((flags & READABLE) === 0 || (flags & ~(READABLE | WRITABLE)) !== 0) return INVALID_PARAMETER;
    if (input.getUint8(MAP_VTL) > (this.domains.options.maxVtl ?? 0)) return INVALID_PARAMETER;
    const words = this.wordsOf(input);
    const frameAt = (rep: number) => words[(listAt >> 2) + 2 * rep]! + words[(listAt >> 2) + 2 * rep + 1]! * 2 ** 32;
    const part = endOfPart(call, this.domains.options);
    const failed = this.findFailure(call, part, base, frameAt);
    const end = failed?.rep ?? part;
    const count = end - repStart;
    const first = base + repStart;
    const at = (listAt >> 2) + 2 * repStart;
    const done =
      (this.domains.options.pagesPerMapping ?? 0) > 0
        ? this.mapPaid(domain, first, words, at, count, flags)
        : map.mapList(first, words, at, count, flags);
    call.done = repStart + done;
    return done < count ? statusOf(map.stopped) : (failed?.status ?? SUCCESS);
  }

  unmap(call: GuestCall): number {
    const { input, repStart } = call;
    const domain = this.field.domain(input);
    if (typeof domain === 'number') return domain;
    const { map, mappingHolds } = domain;
    if (map === undefined) return INVALID_PARAMETER;
    const base = addressPage(input, UNMAP_ADDRESS);
    if (base < 0) return INVALID_ALIGNMENT;
    const part = endOfPart(call, this.domains.options);
    const failed = this.findFailure(call, part, base, () => -1);
    const count = (failed?.rep ?? part) - repStart;
    const done = map.unmap(base + repStart, count);
    for (let i = 0; i < done && mappingHolds.length > 0; i++) giveBack(mappingHolds.pop()!);
    call.done = repStart + done;
    return done < count ? INVALID_PARAMETER : (failed?.status ?? SUCCESS);
  }

  /** Page by page, each paid for. */
  private mapPaid(
    domain: DeviceDomain,
    first: number,
    words: Uint32Array,
    at: number,
    count: number,
    flags: number,
  ): number {
    const map = domain.map!;
    for (let done = 0; done < count; done++) {
      const holds: PoolHold[] = [];
      if (!this.domains.pool.take(this.domains.options.pagesPerMapping!, holds)) {
        map.stopped = 'no memory';
        return done;
      }
      if (map.mapList(first + done, words, at + 2 * done, 1, flags) === 0) {
        giveBack(holds);
        return done;
      }
      domain.mappingHolds.push(holds);
    }
    return count;
  }

  /** The first rep of the call that is to fail before `end`, where there is one. */
  private findFailure(
    call: GuestCall,
    end: number,
    base: number,
    frameAt: (rep: number) => number,
  ): { readonly rep: number; readonly status: number } | undefined {
    const { failAt } = this.domains.options;
    if (failAt === undefined) return undefined;
    for (let rep = call.repStart; rep < end; rep++) {
      const point: FailPoint = { code: call.code, rep, page: base + rep, frame: frameAt(rep) };
      const status = failAt(point);
      if (status !== undefined && status !== SUCCESS) return { rep, status };
    }
    return undefined;
  }

  private wordsOf({ buffer, byteOffset, byteLength }: DataView): Uint32Array {
    if (this.words.buffer !== buffer || this.words.byteOffset !== byteOffset)
      this.words = new Uint32Array(buffer, byteOffset, byteLength >> 2);
    return this.words;
  }
}

/** Number of the page at an address; -1 inside of one. */
function addressPage(input: DataView, at: number): number {
  const lo = input.getUint32(at, true);
  if ((lo & PAGE_OFFSET) !== 0) return -1;
  return (lo >>> 12) + input.getUint32(at + 4, true) * 2 ** 20;
}

function statusOf(stopped: MapStop): number {
  return stopped === 'no memory' ? INSUFFICIENT_MEMORY : INVALID_PARAMETER;
}
