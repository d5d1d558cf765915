import { hv_input_map_device_gpa_pages, hv_input_unmap_device_gpa_pages } from '../abi/hv/device-attach.js';
import { hv_input_flush_device_domain_list } from '../abi/hv/device-domain-flush.js';
import { hv_deposit_memory } from '../abi/hv/memory.js';
import { hv_tlb_flush } from '../abi/hv/tlb.js';
import {
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../abi/hypercalls/memory.js';
import { HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST } from '../abi/hypercalls/tlb.js';
import { EncodeError } from '../bytes/errors.js';
import { fillConsecutive } from '../bytes/fill.js';
import { viewOf } from '../bytes/span.js';
import { encode } from '../layout/codec.js';
import type { Hypercall } from '../layout/hypercall.js';
import type { InputOf } from '../layout/types.js';
import { batchLimit } from './batch.js';

// Inputs of rep calls written where they are sent from, without an object or a bigint for each call. What stays the same
// from call to call is encoded once from the declaration; per call it is copied, the address is set and the list written.

/** Where an input goes: the area that InputPages lends, or the register image of a fast call. */
export interface InputArea {
  readonly input: DataView;
  /** Bytes; a multiple of 8. Only a FrameFiller looks at it. */
  readonly inputGpa: number;
}

/** A faster way to write consecutive numbers into guest memory, such as SharedGuestMemory of src/memory. */
export interface FrameFiller {
  /** `count` consecutive page frames from `first` as u64, at a GPA that is a multiple of 8. */
  fillPfns(gpa: number, first: number, count: number): void;
}

/** `count` entries of a page number in bits 63:12 above `low` (12 bits): pages from `first`, `step` apart. */
function fillPages(view: DataView, offset: number, first: number, step: number, low: number, count: number): void {
  let page = first;
  const end = offset + 8 * count;
  for (let at = offset; at < end; at += 8) {
    view.setUint32(at, ((page & 0xfffff) << 12) | low, true);
    view.setUint32(at + 4, Math.floor(page / 0x100000), true);
    page += step;
  }
}

/** The header of one operation's calls, as the words it is copied by. */
class Header {
  readonly #words: Uint32Array;
  readonly bytes: number;
  readonly #call: Hypercall;
  readonly #maxReps: number;

  constructor(call: Hypercall, header: Uint8Array) {
    const view = viewOf(header);
    this.#words = Uint32Array.from({ length: header.length / 4 }, (_, i) => view.getUint32(i * 4, true));
    this.bytes = header.length;
    this.#call = call;
    this.#maxReps = batchLimit(call).maxReps;
  }

  /** Refuses what the page, the area or the count field does not hold before a byte is written. */
  put(view: DataView, count: number, element: number): number {
    const length = this.bytes + element * count;
    if (!(count >= 1 && count <= this.#maxReps))
      throw new EncodeError('E_RANGE', `${count} reps, 1 to ${this.#maxReps} fit`, { struct: this.#call.name });
    if (length > view.byteLength)
      throw new EncodeError('E_LENGTH', `${length} bytes, the area has ${view.byteLength}`, {
        struct: this.#call.name,
      });
    const words = this.#words;
    for (let i = 0; i < words.length; i++) view.setUint32(i * 4, words[i]!, true);
    return length;
  }
}

/** The address of a page, page numbers below 2^52. */
function putAddress(view: DataView, offset: number, page: number): void {
  view.setUint32(offset, page << 12, true);
  view.setUint32(offset + 4, Math.floor(page / 0x100000), true);
}

function putFrames(area: InputArea, frames: FrameFiller | undefined, at: number, first: number, count: number): void {
  if (frames === undefined) fillConsecutive(area.input, at, first, count);
  else frames.fillPfns(area.inputGpa + at, first, count);
}

/** Offset of the address that maps and unmaps advance: the last field in front of the list. */
const ADDRESS = 8;

/** Everything of a map but its address and its list. */
export type MapTarget = Omit<InputOf<typeof hv_input_map_device_gpa_pages>, 'target_device_va_base' | 'gpa_page_list'>;

/** HVCALL_MAP_DEVICE_GPA_PAGES over consecutive page frames. Throws EncodeError for a target that cannot be encoded. */
export class MapBatch {
  readonly call = HVCALL_MAP_DEVICE_GPA_PAGES;
  readonly #header: Header;
  readonly #frames: FrameFiller | undefined;

  /** `frames` writes the list where there is one for the memory that the areas are in; without it any memory will do. */
  constructor(target: MapTarget, frames?: FrameFiller) {
    const value = { ...target, target_device_va_base: 0n, gpa_page_list: [] };
    this.#header = new Header(this.call, encode(hv_input_map_device_gpa_pages, value));
    this.#frames = frames;
  }

  /**
   * Maps `count` pages from `iovaPage` on to the frames from `firstFrame` on; both are page numbers below 2^52. Returns
   * the bytes of the input. Throws EncodeError E_RANGE for no or too many pages, E_LENGTH for a small area.
   */
  write(area: InputArea, iovaPage: number, firstFrame: number, count: number): number {
    const { bytes } = this.#header;
    const length = this.#header.put(area.input, count, 8);
    putAddress(area.input, bytes - ADDRESS, iovaPage);
    putFrames(area, this.#frames, bytes, firstFrame, count);
    return length;
  }
}

/** HVCALL_UNMAP_DEVICE_GPA_PAGES: reps without elements. Throws EncodeError for a domain that cannot be encoded. */
export class UnmapBatch {
  readonly call = HVCALL_UNMAP_DEVICE_GPA_PAGES;
  readonly #header: Header;

  constructor(target: Omit<InputOf<typeof hv_input_unmap_device_gpa_pages>, 'target_device_va_base'>) {
    const value = { ...target, target_device_va_base: 0n };
    this.#header = new Header(this.call, encode(hv_input_unmap_device_gpa_pages, value));
  }

  /** As MapBatch.write; `count` travels in the control word alone. */
  write(area: InputArea, iovaPage: number, count: number): number {
    const length = this.#header.put(area.input, count, 0);
    putAddress(area.input, this.#header.bytes - ADDRESS, iovaPage);
    return length;
  }
}

/** HVCALL_DEPOSIT_MEMORY of consecutive page frames. Throws EncodeError for an id that cannot be encoded. */
export class DepositBatch {
  readonly call = HVCALL_DEPOSIT_MEMORY;
  readonly #header: Header;
  readonly #frames: FrameFiller | undefined;

  constructor(partitionId: bigint, frames?: FrameFiller) {
    const value = { partition_id: partitionId, gpa_page_list: [] };
    this.#header = new Header(this.call, encode(hv_deposit_memory, value));
    this.#frames = frames;
  }

  /** As MapBatch.write. */
  write(area: InputArea, firstFrame: number, count: number): number {
    const length = this.#header.put(area.input, count, 8);
    putFrames(area, this.#frames, this.#header.bytes, firstFrame, count);
    return length;
  }
}

const flushList = hv_input_flush_device_domain_list.of['series-pviommu'];
/** Page numbers have 52 bits, so no entry can cover more. */
const MAX_SHIFT = 51;

/** HVCALL_FLUSH_DEVICE_DOMAIN_LIST of neighbouring ranges. Throws EncodeError for a domain that cannot be encoded. */
export class FlushListBatch {
  readonly call = HVCALL_FLUSH_DEVICE_DOMAIN_LIST;
  readonly #header: Header;

  constructor(target: Omit<InputOf<typeof flushList>, 'iova_list'>) {
    this.#header = new Header(this.call, encode(flushList, { ...target, iova_list: [] }));
  }

  /**
   * `count` entries of 2^`shift` pages each, from `firstPage` on, which is a multiple of that. Returns the bytes of the
   * input. Throws EncodeError as MapBatch.write, and E_RANGE for the shift.
   */
  write(area: InputArea, firstPage: number, count: number, shift = 0): number {
    if (!(shift >= 0 && shift <= MAX_SHIFT))
      throw new EncodeError('E_RANGE', `${shift} is no shift of 0 to ${MAX_SHIFT}`, { struct: this.call.name });
    const length = this.#header.put(area.input, count, 8);
    fillPages(area.input, this.#header.bytes, firstPage, 2 ** shift, shift, count);
    return length;
  }
}

/** HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST of neighbouring ranges. Throws EncodeError for fields that cannot be encoded. */
export class FlushAddressBatch {
  readonly call = HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST;
  readonly #header: Header;

  constructor(target: Omit<InputOf<typeof hv_tlb_flush>, 'gva_list'>) {
    this.#header = new Header(this.call, encode(hv_tlb_flush, { ...target, gva_list: [] }));
  }

  /**
   * `count` entries of `pagesEach` pages (1 to 4096), from `firstPage` on. Returns the bytes of the input. Throws
   * EncodeError as MapBatch.write, and E_RANGE for the pages of an entry.
   */
  write(area: InputArea, firstPage: number, count: number, pagesEach = 1): number {
    if (!(pagesEach >= 1 && pagesEach <= 4096))
      throw new EncodeError('E_RANGE', `${pagesEach} pages, an entry has 1 to 4096`, { struct: this.call.name });
    const length = this.#header.put(area.input, count, 8);
    fillPages(area.input, this.#header.bytes, firstPage, pagesEach, pagesEach - 1, count);
    return length;
  }
}
