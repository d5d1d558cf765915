/** Bytes of a hypervisor page, whatever the guest's own page size is (HV_HYP_PAGE_SIZE, include/hyperv/hvgdk_mini.h). */
export const HV_HYP_PAGE_SIZE = 4096;

/** Pages touched by `length` bytes from `offset` within the first page. */
export function pagesTouched(offset: number, length: number): number {
  return Math.ceil((offset + length) / HV_HYP_PAGE_SIZE);
}

/** `value` rounded up to a multiple of 8, the alignment of every hypercall area and ring packet. */
export function align8(value: number): number {
  return Math.ceil(value / 8) * 8;
}
