import { hv_generic_set } from '../../abi/hv/vp-set.js';
import { popcount32 } from '../../bytes/word.js';

/** VPs that one word of a set names. */
const BANK_VPS = 1 << hv_generic_set.HV_GENERIC_SET_SHIFT;

/** Indices in a mask of the VPs `first` to `first` + 63, ascending, appended to `into`. */
export function vpsOfMask(lo: number, hi: number, first: number, into: number[]): void {
  for (let bit = 0; bit < 32; bit++) if ((lo >>> bit) & 1) into.push(first + bit);
  for (let bit = 0; bit < 32; bit++) if ((hi >>> bit) & 1) into.push(first + 32 + bit);
}

/**
 * Indices of a sparse set (HV_GENERIC_SET_SPARSE_4K), ascending: the mask of banks is at `maskAt`, and `banks` words of 64 VPs
 * lie at `banksAt`. Undefined when the mask counts another number of banks.
 */
export function vpsOfSparseSet(input: DataView, maskAt: number, banksAt: number, banks: number): number[] | undefined {
  const lo = input.getUint32(maskAt, true);
  const hi = input.getUint32(maskAt + 4, true);
  if (popcount32(lo) + popcount32(hi) !== banks) return undefined;
  const numbers: number[] = [];
  vpsOfMask(lo, hi, 0, numbers);
  const vps: number[] = [];
  for (const [i, bank] of numbers.entries()) {
    const at = banksAt + 8 * i;
    vpsOfMask(input.getUint32(at, true), input.getUint32(at + 4, true), bank * BANK_VPS, vps);
  }
  return vps;
}
