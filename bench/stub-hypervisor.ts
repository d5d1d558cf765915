import { hv_status } from '../src/abi/hv/status.js';
import {
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../src/abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../src/abi/hypercalls/memory.js';
import { HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST } from '../src/abi/hypercalls/tlb.js';
import { HV_HYP_PAGE_SIZE } from '../src/bytes/page.js';
import { inputSide } from '../src/layout/hypercall.js';
import type { CpuGate } from '../src/ports/cpu-gate.js';

/** What calls leave behind. Over shared memory several CPUs can have parts of one table. */
export interface StubTables {
  /** Page of the address space that the first entry is for. */
  readonly firstPage: number;
  /** Second level: two words for each page, frame << 12 | permissions as in a page-table entry; zero is unmapped. */
  readonly entries: Uint32Array;
  /** Deposited frames, two words each. */
  readonly pool: Uint32Array;
  /** How often each page was flushed, modulo 256. */
  readonly flushed: Uint8Array;
}

const side = (call: Parameters<typeof inputSide>[0]): { header: number; element: number } => inputSide(call);
const MAP = { code: HVCALL_MAP_DEVICE_GPA_PAGES.code, ...side(HVCALL_MAP_DEVICE_GPA_PAGES) };
const UNMAP = { code: HVCALL_UNMAP_DEVICE_GPA_PAGES.code, ...side(HVCALL_UNMAP_DEVICE_GPA_PAGES) };
const DEPOSIT = { code: HVCALL_DEPOSIT_MEMORY.code, ...side(HVCALL_DEPOSIT_MEMORY) };
const FLUSH_LIST = { code: HVCALL_FLUSH_DEVICE_DOMAIN_LIST.code, ...side(HVCALL_FLUSH_DEVICE_DOMAIN_LIST) };
const FLUSH_VA = { code: HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST.code, ...side(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST) };

const FAST = 0x10000;
/** Words of the fields that are read, counted from the input's first. */
const WORD = { domainId: 5, mapFlags: 7, mapAddress: 8, unmapAddress: 6 } as const;
/** Readable and writable, as page-table entries of both makers have them. */
const PERMISSIONS = 3;
const FRAME_HI_LIMIT = 0x100000;

/**
 * The hypervisor's half of five rep calls, for benches: control word and bounds are checked in the order that the dispatcher
 * of OpenVMM has (vm/hv1/hv1_hypercall/src/support.rs), each element is read from guest memory and stored. Everything else of
 * a CpuGate is missing.
 */
export class StubHypervisor implements CpuGate {
  readonly vp: number;
  resultLo = 0;
  resultHi = 0;
  calls = 0;
  deposited = 0;
  readonly #memory: Uint32Array;
  readonly #tables: StubTables;
  readonly #domainId: number;
  readonly #stopAfter: number;
  #registers: BigUint64Array | undefined;
  #registerWords: Uint32Array = new Uint32Array(0);

  /** `memory` from GPA 0. A call comes back after `stopAfter` reps, as hypervisors do that have to answer interrupts. */
  constructor(vp: number, memory: DataView, tables: StubTables, domainId: number, stopAfter = 4096) {
    this.vp = vp;
    this.#memory = new Uint32Array(memory.buffer, memory.byteOffset, memory.byteLength >> 2);
    this.#tables = tables;
    this.#domainId = domainId;
    this.#stopAfter = stopAfter;
  }

  hypercall(controlLo: number, controlHi: number, inputGpa: number, _outputGpa: number): void {
    if ((controlLo & 0xffff0000) !== 0) return this.#answer(hv_status.HV_STATUS_INVALID_HYPERCALL_INPUT, 0);
    const room = HV_HYP_PAGE_SIZE - (inputGpa & (HV_HYP_PAGE_SIZE - 1));
    this.#check(controlLo, controlHi, this.#memory, inputGpa, room);
  }

  hypercallFast(controlLo: number, controlHi: number, registers: BigUint64Array): void {
    if ((controlLo & 0xffff0000) >>> 0 !== FAST) return this.#answer(hv_status.HV_STATUS_INVALID_HYPERCALL_INPUT, 0);
    if (this.#registers !== registers) {
      this.#registers = registers;
      this.#registerWords = new Uint32Array(registers.buffer, registers.byteOffset, registers.length * 2);
    }
    this.#check(controlLo, controlHi, this.#registerWords, 0, registers.byteLength);
  }

  #answer(status: number, done: number): void {
    this.resultLo = status;
    this.resultHi = done;
  }

  #check(controlLo: number, controlHi: number, words: Uint32Array, at: number, room: number): void {
    this.calls++;
    const code = controlLo & 0xffff;
    const reps = controlHi & 0xfff;
    const start = (controlHi >>> 16) & 0xfff;
    if ((controlHi & 0xf000f000) !== 0 || start >= reps)
      return this.#answer(hv_status.HV_STATUS_INVALID_HYPERCALL_INPUT, 0);
    const end = Math.min(reps, start + this.#stopAfter);
    switch (code) {
      case MAP.code:
        if (this.#fits(MAP, at, reps, room)) this.#map(words, at >> 2, reps, start, end);
        return;
      case UNMAP.code:
        if (this.#fits(UNMAP, at, reps, room)) this.#unmap(words, at >> 2, reps, start, end);
        return;
      case DEPOSIT.code:
        if (this.#fits(DEPOSIT, at, reps, room)) this.#deposit(words, at >> 2, start, end);
        return;
      case FLUSH_LIST.code:
        if (this.#fits(FLUSH_LIST, at, reps, room)) this.#flushList(words, at >> 2, start, end);
        return;
      case FLUSH_VA.code:
        if (this.#fits(FLUSH_VA, at, reps, room)) this.#flushAddresses(words, at >> 2, start, end);
        return;
      default:
        this.#answer(hv_status.HV_STATUS_INVALID_HYPERCALL_CODE, 0);
    }
  }

  #fits(call: { header: number; element: number }, at: number, reps: number, room: number): boolean {
    if (call.header + call.element * reps > room) this.#answer(hv_status.HV_STATUS_INVALID_HYPERCALL_INPUT, 0);
    else if ((at & 7) !== 0) this.#answer(hv_status.HV_STATUS_INVALID_ALIGNMENT, 0);
    else return true;
    return false;
  }

  /** Index of the first entry of an address range; -1 where it is not all in the table. */
  #place(words: Uint32Array, address: number, reps: number): number {
    const lo = words[address]!;
    const page = words[address + 1]! * 0x100000 + (lo >>> 12) - this.#tables.firstPage;
    const pages = this.#tables.entries.length >> 1;
    return (lo & 0xfff) === 0 && page >= 0 && page + reps <= pages ? page * 2 : -1;
  }

  #map(words: Uint32Array, at: number, reps: number, start: number, end: number): void {
    const { entries } = this.#tables;
    const base = this.#place(words, at + WORD.mapAddress, reps);
    if (base < 0 || words[at + WORD.domainId] !== this.#domainId)
      return this.#answer(hv_status.HV_STATUS_INVALID_PARAMETER, start);
    const permissions = words[at + WORD.mapFlags]! & PERMISSIONS;
    const list = at + (MAP.header >> 2);
    for (let i = start; i < end; i++) {
      const lo = words[list + 2 * i]!;
      const hi = words[list + 2 * i + 1]!;
      if (hi >= FRAME_HI_LIMIT) return this.#answer(hv_status.HV_STATUS_INVALID_PARAMETER, i);
      entries[base + 2 * i] = (lo << 12) | permissions;
      entries[base + 2 * i + 1] = (hi << 12) | (lo >>> 20);
    }
    this.#answer(hv_status.HV_STATUS_SUCCESS, end);
  }

  #unmap(words: Uint32Array, at: number, reps: number, start: number, end: number): void {
    const base = this.#place(words, at + WORD.unmapAddress, reps);
    if (base < 0 || words[at + WORD.domainId] !== this.#domainId)
      return this.#answer(hv_status.HV_STATUS_INVALID_PARAMETER, start);
    const { entries } = this.#tables;
    for (let i = start; i < end; i++) {
      entries[base + 2 * i] = 0;
      entries[base + 2 * i + 1] = 0;
    }
    this.#answer(hv_status.HV_STATUS_SUCCESS, end);
  }

  #deposit(words: Uint32Array, at: number, start: number, end: number): void {
    const { pool } = this.#tables;
    const list = at + (DEPOSIT.header >> 2);
    for (let i = start; i < end; i++) {
      if (2 * this.deposited >= pool.length) return this.#answer(hv_status.HV_STATUS_NO_RESOURCES, i);
      pool[2 * this.deposited] = words[list + 2 * i]!;
      pool[2 * this.deposited + 1] = words[list + 2 * i + 1]!;
      this.deposited++;
    }
    this.#answer(hv_status.HV_STATUS_SUCCESS, end);
  }

  #flushList(words: Uint32Array, at: number, start: number, end: number): void {
    if (words[at + WORD.domainId] !== this.#domainId) return this.#answer(hv_status.HV_STATUS_INVALID_PARAMETER, start);
    const list = at + (FLUSH_LIST.header >> 2);
    for (let i = start; i < end; i++) {
      const lo = words[list + 2 * i]!;
      this.#flush(words[list + 2 * i + 1]! * 0x100000 + (lo >>> 12), 2 ** (lo & 0x3f));
    }
    this.#answer(hv_status.HV_STATUS_SUCCESS, end);
  }

  #flushAddresses(words: Uint32Array, at: number, start: number, end: number): void {
    const list = at + (FLUSH_VA.header >> 2);
    for (let i = start; i < end; i++) {
      const lo = words[list + 2 * i]!;
      this.#flush(words[list + 2 * i + 1]! * 0x100000 + (lo >>> 12), (lo & 0xfff) + 1);
    }
    this.#answer(hv_status.HV_STATUS_SUCCESS, end);
  }

  #flush(page: number, pages: number): void {
    const { flushed, firstPage } = this.#tables;
    const from = Math.max(0, page - firstPage);
    const to = Math.min(flushed.length, page - firstPage + pages);
    for (let i = from; i < to; i++) flushed[i]!++;
  }

  rdmsr(): undefined {
    return undefined;
  }

  wrmsr(): boolean {
    return false;
  }

  mmioRead(): bigint {
    return 0xffff_ffff_ffff_ffffn;
  }

  mmioWrite(): void {}
}
