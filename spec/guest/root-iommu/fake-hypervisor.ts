import { hv_output_get_iommu_capabilities } from '../../../src/abi/hv/device-domain-flush.js';
import { bytesToHex, hex64 } from '../../../src/bytes/hex.js';
import { joinU64 } from '../../../src/bytes/word.js';
import { encode } from '../../../src/layout/codec.js';
import type { GuestMemory } from '../../../src/ports/guest-memory.js';
import { CallsOnlyGate } from '../../../src/rig/compare/calls-only-gate.js';

export const CODES = {
  deposit: 0x48,
  attachDevice: 0x82,
  detachDevice: 0x83,
  create: 0xb1,
  attach: 0xb2,
  map: 0xb3,
  unmap: 0xb4,
  detach: 0xc4,
  delete: 0xc5,
  capabilities: 0x125,
} as const;

const INVALID_HYPERCALL_INPUT = 0x03;
const INVALID_ALIGNMENT = 0x04;
const INVALID_PARAMETER = 0x05;
const INVALID_DEVICE_STATE = 0x58;
const PAGE_BYTES = 4096;
/** Of a control word's upper half: behind the count and behind the start. */
const RESERVED_BITS = 0xf000_f000;
/** Bytes of an input without its list. */
export const LENGTHS: Readonly<Record<number, number>> = {
  [CODES.deposit]: 8,
  [CODES.attachDevice]: 40,
  [CODES.detachDevice]: 16,
  [CODES.create]: 28,
  [CODES.attach]: 32,
  [CODES.map]: 40,
  [CODES.unmap]: 32,
  [CODES.detach]: 16,
  [CODES.delete]: 24,
  [CODES.capabilities]: 16,
};
/** Calls whose input ends in a list. */
export const LISTS: ReadonlySet<number> = new Set<number>([CODES.deposit, CODES.map]);

export interface MadeCall {
  readonly code: number;
  readonly control: string;
  readonly reps: number;
  readonly start: number;
  /** Input bytes, with the list. */
  readonly input: string;
  readonly inputGpa: number;
  readonly outputGpa: number;
  /** What was answered. */
  result: string;
}

/** Answers one call instead of the model; `reps` are done first, counted over the whole call. */
export interface Refusal {
  readonly code: number;
  readonly status: number;
  readonly reps?: number;
  /** How many calls it answers; 1 when absent. */
  times?: number;
}

interface Mapping {
  readonly frame: number;
  readonly flags: number;
}

/** The hypervisor's side of device domains, as simply as the driver's specs can do with: pages in a Map, devices by id. */
export class FakeHypervisor extends CallsOnlyGate {
  override readonly vp = 7;
  readonly made: MadeCall[] = [];
  readonly refusals: Refusal[] = [];
  readonly domains = new Map<number, Map<number, Mapping>>([
    [0, new Map()],
    [0xffffffff, new Map()],
  ]);
  /** Domain by device id. */
  readonly places = new Map<string, number>();
  /** Device id of each device that a partition has, by `partition logical id`. */
  readonly given = new Map<string, string>();
  /** Reps of one exit. */
  maxReps = Number.POSITIVE_INFINITY;
  /** Pages that it has for mappings; each takes one. */
  pool = Number.POSITIVE_INFINITY;
  iovaWidth = 48;
  /** Pages of I/O addresses that it maps nothing at. */
  readonly refusedPages = new Set<number>();
  /** Off, it only counts. */
  keepsPages = true;
  private readonly memory: GuestMemory;

  constructor(memory: GuestMemory) {
    super();
    this.memory = memory;
  }

  /** Codes of the calls so far. */
  get codes(): number[] {
    return this.made.map((call) => call.code);
  }

  count(code: number): number {
    return this.made.filter((call) => call.code === code).length;
  }

  refuse(code: number, status: number, rest: { reps?: number; times?: number } = {}): void {
    this.refusals.push({ code, status, ...rest });
  }

  /** Pages of a domain by page number. */
  pagesOf(id: number): Map<number, Mapping> {
    const found = this.domains.get(id);
    if (found === undefined) throw new Error(`there is no domain ${id}`);
    return found;
  }

  hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void {
    const code = controlLo & 0xffff;
    const reps = controlHi & 0xfff;
    const start = (controlHi >>> 16) & 0xfff;
    const length = (LENGTHS[code] ?? 0) + (LISTS.has(code) ? 8 * reps : 0);
    const bytes = new Uint8Array(Math.min(length, PAGE_BYTES));
    this.memory.read(inputGpa, bytes);
    const control = hex64(joinU64(controlLo, controlHi));
    const call = { code, control, reps, start, input: bytesToHex(bytes), inputGpa, outputGpa, result: '' };
    this.made.push(call);
    const refusal = this.refusals.find((one) => one.code === code && (one.times ?? 1) > 0);
    const stop = refusal === undefined ? reps : Math.min(reps, Math.max(start, refusal.reps ?? start));
    if (refusal !== undefined) refusal.times = (refusal.times ?? 1) - 1;
    const view = new DataView(bytes.buffer);
    if ((controlHi & RESERVED_BITS) !== 0) this.answer(INVALID_HYPERCALL_INPUT, 0);
    else if (length > PAGE_BYTES) this.answer(INVALID_ALIGNMENT, 0);
    else if (reps > 0) this.repCall(code, view, start, stop, refusal?.status ?? 0);
    else this.answer(refusal?.status ?? this.simpleCall(code, view, outputGpa), 0);
    call.result = hex64(joinU64(this.resultLo, this.resultHi));
  }

  private repCall(code: number, view: DataView, start: number, stop: number, status: number): void {
    const last = Math.min(stop, start + this.maxReps);
    for (let rep = start; rep < last; rep++) {
      const refused = this.rep(code, view, rep);
      if (refused !== 0) return this.answer(refused, rep);
    }
    this.answer(last < stop ? 0 : status, last);
  }

  private rep(code: number, view: DataView, rep: number): number {
    if (code === CODES.deposit) {
      this.pool++;
      return 0;
    }
    if (!this.keepsPages) return 0;
    return code === CODES.map ? this.mapOne(view, rep) : this.unmapOne(view, rep);
  }

  private mapOne(view: DataView, rep: number): number {
    const id = view.getUint32(20, true);
    const page = Number(view.getBigUint64(32, true) >> 12n) + rep;
    const pages = this.domains.get(id);
    if (pages === undefined || pages.has(page) || this.refusedPages.has(page)) return INVALID_PARAMETER;
    if (this.pool === 0) return 0x0b;
    this.pool--;
    pages.set(page, { frame: Number(view.getBigUint64(40 + 8 * rep, true)), flags: view.getUint32(28, true) });
    return 0;
  }

  private unmapOne(view: DataView, rep: number): number {
    const pages = this.domains.get(view.getUint32(20, true));
    const page = Number(view.getBigUint64(24, true) >> 12n) + rep;
    return pages?.delete(page) ? 0 : INVALID_PARAMETER;
  }

  private simpleCall(code: number, view: DataView, outputGpa: number): number {
    const id = view.byteLength >= 24 ? view.getUint32(20, true) : 0;
    switch (code) {
      case CODES.capabilities:
        this.memory.write(outputGpa, capabilities(this.iovaWidth));
        return 0;
      case CODES.create:
        if (this.domains.has(id)) return INVALID_PARAMETER;
        this.domains.set(id, new Map());
        return 0;
      case CODES.delete:
        if (Array.from(this.places.values()).includes(id)) return 0x08;
        return this.domains.delete(id) ? 0 : INVALID_PARAMETER;
      case CODES.attach: {
        if (!this.domains.has(id)) return INVALID_PARAMETER;
        const device = hex64(view.getBigUint64(24, true));
        if (this.isGiven(device)) return INVALID_DEVICE_STATE;
        if (this.places.get(device) === id) return 0x66;
        this.places.set(device, id);
        return 0;
      }
      case CODES.detach: {
        const device = hex64(view.getBigUint64(8, true));
        if (this.isGiven(device)) return INVALID_DEVICE_STATE;
        this.places.set(device, 0);
        return 0;
      }
      case CODES.attachDevice:
        return this.giveDevice(pairOf(view, 24), hex64(view.getBigUint64(8, true)));
      case CODES.detachDevice:
        return this.given.delete(pairOf(view, 8)) ? 0 : INVALID_PARAMETER;
      case CODES.map:
      case CODES.unmap:
        // A rep call without reps.
        return INVALID_HYPERCALL_INPUT;
      default:
        return 0x02;
    }
  }

  /** A device of one partition is neither another's nor in a domain. */
  private giveDevice(pair: string, device: string): number {
    if (this.given.has(pair) || this.isGiven(device)) return INVALID_PARAMETER;
    this.given.set(pair, device);
    this.places.delete(device);
    return 0;
  }

  private isGiven(device: string): boolean {
    return Array.from(this.given.values()).includes(device);
  }

  private answer(status: number, done: number): void {
    this.resultLo = status;
    this.resultHi = done;
  }
}

/** Partition and logical id of a direct attachment, as `given` names it. */
function pairOf(view: DataView, logicalAt: number): string {
  return `${hex64(view.getBigUint64(0, true))} ${hex64(view.getBigUint64(logicalAt, true))}`;
}

function capabilities(width: number): Uint8Array {
  return encode(hv_output_get_iommu_capabilities, {
    size: 24,
    max_iova_width: width,
    max_pasid_width: 0,
    iommu_cap: 3n,
    pgsize_bitmap: 0x1000n,
  });
}
