import { hiOf, joinU64, loOf } from '../bytes/word.js';

/** Hypercall input value, split (TLFS "Hypercall Inputs"; HV_HYPERCALL_* of include/hyperv/hvgdk_mini.h). */
export interface ControlWord {
  readonly code: number;
  readonly fast: boolean;
  /** Variable header, in qwords. */
  readonly varQwords: number;
  readonly nested: boolean;
  readonly reps: number;
  readonly repStart: number;
  /** Reserved bits as they stand: 27-30, 44-47, 60-63. */
  readonly reserved: bigint;
}

const RESERVED_LO = 0x78000000;
const RESERVED_HI = 0xf000f000;

/** Splits a control word given as its unsigned halves. */
export function splitControl(lo: number, hi: number): ControlWord {
  return {
    code: lo & 0xffff,
    fast: (lo & 0x10000) !== 0,
    varQwords: (lo >>> 17) & 0x3ff,
    nested: lo >>> 31 === 1,
    reps: hi & 0xfff,
    repStart: (hi >>> 16) & 0xfff,
    reserved: lo & RESERVED_LO || hi & RESERVED_HI ? joinU64((lo & RESERVED_LO) >>> 0, (hi & RESERVED_HI) >>> 0) : 0n,
  };
}

/** As splitControl, from one bigint. */
export function splitControlWord(control: bigint): ControlWord {
  return splitControl(loOf(control), hiOf(control));
}

/** Hypercall result value, split: status 15:0, reps completed 43:32. */
export interface ResultWord {
  readonly status: number;
  readonly repsDone: number;
  readonly reserved: bigint;
}

/** Splits a result word. */
export function splitResult(result: bigint): ResultWord {
  const lo = loOf(result);
  const hi = hiOf(result);
  return {
    status: lo & 0xffff,
    repsDone: hi & 0xfff,
    reserved: joinU64((lo & 0xffff0000) >>> 0, (hi & 0xfffff000) >>> 0),
  };
}

/** Builds a control word; fields beyond their width are cut. */
export function controlWord(word: Partial<Omit<ControlWord, 'reserved'>> & { code: number }): bigint {
  const { code, fast = false, varQwords = 0, nested = false, reps = 0, repStart = 0 } = word;
  const lo = ((code & 0xffff) | (fast ? 0x10000 : 0) | ((varQwords & 0x3ff) << 17) | (nested ? 0x80000000 : 0)) >>> 0;
  const hi = ((reps & 0xfff) | ((repStart & 0xfff) << 16)) >>> 0;
  return joinU64(lo, hi);
}
