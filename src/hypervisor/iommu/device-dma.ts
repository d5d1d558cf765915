import { hv_map_gpa_flags } from '../../abi/hv/memory.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { DeviceDomain } from './device-domain.js';
import type { DeviceDomains } from './device-domains.js';
import type { DmaAccess, DmaFault, DmaFaultReason, DmaResult, DmaSegment, Translation } from './dma.js';
import { walkStage1 } from './stage1-walk.js';

const { HV_MAP_GPA_READABLE: READABLE, HV_MAP_GPA_WRITABLE: WRITABLE } = hv_map_gpa_flags;
const NEEDED = { read: READABLE, write: WRITABLE } as const;
const REFUSED: Record<DmaAccess, DmaFaultReason> = { read: 'not readable', write: 'not writable' };
const PAGE_SHIFT = 12n;
const PAGE_OFFSET = 0xfffn;
const END = 1n << 64n;
/** Frames of 52-bit addresses. */
const FRAMES = 2 ** 40;
/** Faults that are kept. */
const KEPT = 256;

/** What devices reach through the IOMMU. Translates only: whether memory is there is the memory's to say. */
export class DeviceDma {
  /** The last faults, oldest first. */
  readonly faults: DmaFault[] = [];
  faultCount = 0;
  /** Translations used that the page tables no longer had. */
  staleTlbHits = 0;
  private readonly domains: DeviceDomains;
  private readonly memory: GuestMemory;
  /** One past the last page that the announced width has. */
  private readonly limit: number;

  constructor(domains: DeviceDomains, memory: GuestMemory) {
    this.domains = domains;
    this.memory = memory;
    this.limit = 2 ** (domains.capabilities.maxIovaWidth - Number(PAGE_SHIFT));
  }

  /**
   * What an access of `length` bytes at a device address comes to (IOMMU-75). Segments are as long as they can be. The first
   * page that may not be reached is a fault, and nothing of the access is done. Whatever the domain, an address with more bits
   * than the IOMMU announces (0x125) is a fault; only where no IOMMU is in the way there is none to have a width.
   */
  access(deviceId: bigint, iova: bigint, length: number, access: DmaAccess): DmaResult {
    const refuse = (reason: DmaFaultReason, at = iova): DmaResult => this.fault({ deviceId, iova: at, access, reason });
    if (!this.domains.places.knows(deviceId)) return refuse('unknown device');
    if (iova < 0n || iova + BigInt(length) > END) return refuse('beyond width');
    const place = this.domains.places.of(deviceId);
    const partitionId = place.kind === 'direct' ? place.attachment.partitionId : this.domains.partitionId;
    const limit = place.kind === 'untranslated' ? FRAMES : this.limit;
    const before = this.staleTlbHits;
    const segments: { iova: bigint; gpa: number; length: number }[] = [];
    for (let done = 0; done < length; ) {
      const at = iova + BigInt(done);
      const offset = Number(at & PAGE_OFFSET);
      const run = Math.min(length - done, HV_HYP_PAGE_SIZE - offset);
      const page = Number(at >> PAGE_SHIFT);
      if (page >= limit) return refuse('beyond width', at);
      const frame = place.kind === 'domain' ? this.translate(place.domain, page, access) : page;
      if (typeof frame !== 'number') return refuse(frame, at);
      if (frame >= FRAMES) return refuse('beyond width', at);
      append(segments, at, frame * HV_HYP_PAGE_SIZE + offset, run);
      done += run;
    }
    return { ok: true, segments, partitionId, staleTlbHits: this.staleTlbHits - before };
  }

  private translate(domain: DeviceDomain, page: number, access: DmaAccess): number | DmaFaultReason {
    if (domain.isStage1) return this.translateStage1(domain, page, access);
    if (domain.isBuiltIn) return domain.isNull ? 'blocked' : page;
    const { map } = domain;
    if (map === undefined || page >= map.limit) return 'beyond width';
    const permissions = map.permissionsOf(page);
    if (permissions === 0) return 'not mapped';
    return (permissions & NEEDED[access]) === 0 ? REFUSED[access] : map.frameOf(page);
  }

  /** What was used once is used again until it is flushed (PVI-51), except for an access that it does not allow. */
  private translateStage1(domain: DeviceDomain, page: number, access: DmaAccess): number | DmaFaultReason {
    const { settings, iotlb } = domain;
    if (settings === undefined || settings.isBlocked) return 'blocked';
    if (!settings.isTranslating) return page;
    const { pageSizes } = this.domains.capabilities;
    const found = walkStage1(this.memory, settings.root, settings.levels, page, pageSizes);
    const cached = iotlb.get(page);
    if (cached !== undefined && (cached.permissions & NEEDED[access]) !== 0) {
      if (!isSame(cached, found)) this.staleTlbHits++;
      return cached.frame;
    }
    if (typeof found === 'string') return found;
    if ((found.permissions & NEEDED[access]) === 0) return REFUSED[access];
    iotlb.put(page, found);
    return found.frame;
  }

  private fault(fault: DmaFault): DmaResult {
    this.faultCount++;
    this.faults.push(fault);
    if (this.faults.length > KEPT) this.faults.shift();
    this.domains.options.onFault?.(fault);
    return { ok: false, fault };
  }
}

/** More permissions in the tables than in the IOTLB are nothing that a flush is needed for. */
function isSame(cached: Translation, found: Translation | string): boolean {
  return typeof found !== 'string' && found.frame === cached.frame && (cached.permissions & ~found.permissions) === 0;
}

function append(segments: { iova: bigint; gpa: number; length: number }[], iova: bigint, gpa: number, length: number) {
  const last: (DmaSegment & { length: number }) | undefined = segments.at(-1);
  if (last !== undefined && last.gpa + last.length === gpa) last.length += length;
  else segments.push({ iova, gpa, length });
}
