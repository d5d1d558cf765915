import { enumeration } from '../../layout/scalar.js';

// Sizes and counts of the hypercall interface. include/hyperv/hvgdk_mini.h, hvhdk.h, hvhdk_mini.h.

export const hv_limits = enumeration('hv_limits', {
  HV_HYP_PAGE_SHIFT: 12,
  HV_HYP_PAGE_SIZE: 0x1000,
  HV_HYP_PAGE_MASK: 0xfffffffffffff000n,
  HV_HYP_LARGE_PAGE_SHIFT: 21,
  HV_MAXIMUM_PROCESSORS: 0x800,
  HV_MAX_VP_INDEX: 0x7ff,
  HV_MAX_VPS: 256,
  HV_MAX_SPARSE_VCPU_BANKS: 64,
  HV_VCPUS_PER_SPARSE_BANK: 64,
  HV_MAX_FLUSH_PAGES: 0x800,
  HV_MAX_FLUSH_REP_COUNT: 510,
  HV_MAX_MODIFY_GPA_REP_COUNT: 510,
  HV_MAX_CONTIGUOUS_ALLOCATION_PAGES: 8,
  HV_MEMORY_HINT_MAX_GPA_PAGE_RANGES: 511,
  HV_HYPERCALL_MMIO_MAX_DATA_LENGTH: 64,
  HV_HYPERCALL_MAX_XMM_REGISTERS: 6,
  HV_HYPERCALL_PARAM_ALIGN: 8,
  HV_MESSAGE_SIZE: 256,
  HV_MESSAGE_PAYLOAD_BYTE_COUNT: 240,
  HV_MESSAGE_PAYLOAD_QWORD_COUNT: 30,
  HV_MESSAGE_MAX_PARTITION_VP_PAIR_COUNT: 19,
  HV_PARTITION_PROCESSOR_FEATURES_BANKS: 2,
  HV_PARTITION_SYNTHETIC_PROCESSOR_FEATURES_BANKS: 1,
  HV_PARTITION_VMM_CAPABILITIES_BANK_COUNT: 1,
  HV_PARTITION_VMM_CAPABILITIES_RESERVED_BITFIELD_COUNT: 57,
  HV_PARTITION_PROPERTY_EX_MAX_VAR_SIZE: 0xfe8,
  HV_ROOT_SCHEDULER_MAX_VPS_PER_CHILD_PARTITION: 0x400,
  HV_VP_REGISTER_PAGE_MAX_VECTOR_COUNT: 7,
  HV_PFN_RANGE_PGBITS: 24,
  HV_CLOCK_HZ: 0x989680,
});

export const hv_limits_arm64 = enumeration('hv_limits_arm64', {
  HV_MAXIMUM_PROCESSORS: 320,
  HV_MAX_VP_INDEX: 319,
});

export const hv_partition_id = enumeration('hv_partition_id', {
  HV_PARTITION_ID_INVALID: 0,
  HV_PARTITION_ID_SELF: 0xffffffffffffffffn,
});

export const hv_vp_index = enumeration('hv_vp_index', {
  HV_ANY_VP: 0xffffffff,
  HV_VP_INDEX_SELF: 0xfffffffe,
  VP_INVAL: 0xffffffff,
});

export const hv_compatibility_version = enumeration('hv_compatibility_version', {
  HV_COMPATIBILITY_21_H2: 0x609,
});
