import { bits } from '../../layout/bits.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVGDK } from '../origin.js';

// Nested virtualization on AMD, and the partition assist page. include/hyperv/hvgdk.h.

export const hv_svm_enlightenment = enumeration('hv_svm_enlightenment', {
  HV_VMCB_NESTED_ENLIGHTENMENTS: 0x1f,
  HV_SVM_EXITCODE_ENL: 0xf0000000,
  HV_SVM_ENL_EXITCODE_TRAP_AFTER_FLUSH: 0x1,
});

export const hv_enlightenments_control = bits(
  'hv_enlightenments_control',
  u32,
  { nested_flush_hypercall: 1, msr_bitmap: 1, enlightened_npt_tlb: 1, reserved: 29 },
  {},
  HVGDK,
);

export const hv_vmcb_enlightenments = struct(
  'hv_vmcb_enlightenments',
  0x20,
  {
    hv_enlightenments_control: hv_enlightenments_control,
    hv_vp_id: u32,
    hv_vm_id: u64,
    partition_assist_page: u64,
    reserved: rsvd(u64),
  },
  HVGDK,
);

export const hv_partition_assist_pg = struct('hv_partition_assist_pg', 0x4, { tlb_lock_count: u32 }, HVGDK);
