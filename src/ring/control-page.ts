import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';

// The words of hv_ring_buffer that both sides share, as indices into an Int32Array. Numbers and not lookups in the
// declaration, so that compiled code has them as immediates; a spec compares them with it.

export const WRITE_INDEX = 0;
export const READ_INDEX = 1;
export const INTERRUPT_MASK = 2;
export const PENDING_SEND_SIZE = 3;
export const FEATURE_BITS = 16;

/** One word of the control page. */
export type ControlWord =
  | typeof WRITE_INDEX
  | typeof READ_INDEX
  | typeof INTERRUPT_MASK
  | typeof PENDING_SEND_SIZE
  | typeof FEATURE_BITS;

/** Bit of FEATURE_BITS: the writer asks for an interrupt when space is freed (hv_ring_buffer.feat_pending_send_sz). */
export const FEATURE_PENDING_SEND_SIZE = 1;

/** One hypervisor page, on guests with larger pages too. */
export const CONTROL_BYTES = HV_HYP_PAGE_SIZE;
/** Words of the control page in use. */
export const CONTROL_WORDS = FEATURE_BITS + 1;
