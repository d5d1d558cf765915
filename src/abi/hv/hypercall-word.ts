import { enumeration } from '../../layout/scalar.js';

// Masks of the control word and of the result word, and the calling convention of arm64.
// include/hyperv/hvgdk_mini.h.

export const hv_hypercall_control = enumeration('hv_hypercall_control', {
  HV_HYPERCALL_RESULT_MASK: 0xffff,
  HV_HYPERCALL_FAST_BIT: 0x10000,
  HV_HYPERCALL_VARHEAD_OFFSET: 0x11,
  HV_HYPERCALL_VARHEAD_MASK: 0x7fe0000,
  HV_HYPERCALL_RSVD0_MASK: 0xf8000000,
  HV_HYPERCALL_NESTED: 0x80000000,
  HV_HYPERCALL_REP_COMP_1: 0x100000000,
  HV_HYPERCALL_REP_COMP_OFFSET: 0x20,
  HV_HYPERCALL_REP_COMP_MASK: 0xfff00000000,
  HV_HYPERCALL_RSVD1_MASK: 0xf00000000000,
  HV_HYPERCALL_REP_START_OFFSET: 0x30,
  HV_HYPERCALL_REP_START_MASK: 0xfff000000000000n,
  HV_HYPERCALL_RSVD2_MASK: 0xf000000000000000n,
  HV_HYPERCALL_RSVD_MASK: 0xf000f000f8000000n,
});

export const hv_smccc = enumeration('hv_smccc', {
  HV_SMCCC_FUNC_NUMBER: 0x1,
  HV_FUNC_ID: 0x46000001,
});
