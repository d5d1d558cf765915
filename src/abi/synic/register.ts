import { bits } from '../../layout/bits.js';
import { versions } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVGDK_MINI, HVHDK, HYPERV_TLFS_6_12 } from '../origin.js';

// SynIC and synthetic timer registers. include/hyperv/hvgdk_mini.h, hvhdk.h.

export const hv_synic_sint_index = enumeration('hv_synic_sint_index', {
  HV_SYNIC_INTERCEPTION_SINT_INDEX: 0,
  HV_SYNIC_IOMMU_FAULT_SINT_INDEX: 1,
  HV_SYNIC_VMBUS_SINT_INDEX: 2,
  HV_SYNIC_DOORBELL_SINT_INDEX: 5,
  HV_SYNIC_FIRST_UNUSED_SINT_INDEX: 5,
});

export const hv_synic_limits = enumeration('hv_synic_limits', {
  HV_SYNIC_SINT_COUNT: 16,
  HV_SYNIC_STIMER_COUNT: 4,
  HV_SYNIC_FIRST_VALID_VECTOR: 16,
  HV_SYNIC_VERSION_1: 1,
  HV_EVENT_FLAGS_COUNT: 0x800,
  HV_EVENT_FLAGS_BYTE_COUNT: 256,
  HV_EVENT_FLAGS32_COUNT: 64,
  HV_EVENT_FLAGS_UL_COUNT: 32,
  HV_SYNIC_EVENT_RING_MESSAGE_COUNT: 63,
});

export const hv_synic_limits_6_12 = enumeration('hv_synic_limits_6_12', {
  HV_EVENT_FLAGS_LONG_COUNT: 32,
});

export const hv_synic_bits = enumeration('hv_synic_bits', {
  HV_SYNIC_CONTROL_ENABLE: 0x1,
  HV_SYNIC_SIMP_ENABLE: 0x1,
  HV_SYNIC_SIEFP_ENABLE: 0x1,
  HV_SYNIC_SINT_VECTOR_MASK: 0xff,
  HV_SYNIC_SINT_MASKED: 0x10000,
  HV_SYNIC_SINT_AUTO_EOI: 0x20000,
});

export const hv_synic_sint = versions({
  'linux-6.12': bits(
    'hv_synic_sint',
    u64,
    { vector: 8, reserved1: 8, masked: 1, auto_eoi: 1, polling: 1, reserved2: 45 },
    { word: 'as_uint64' },
    HYPERV_TLFS_6_12,
  ),
  'linux-7.3': bits(
    'hv_synic_sint',
    u64,
    { vector: 8, reserved1: 8, masked: 1, auto_eoi: 1, polling: 1, as_intercept: 1, proxy: 1, reserved2: 43 },
    { word: 'as_uint64' },
    HVGDK_MINI,
  ),
});

export const hv_synic_scontrol = bits(
  'hv_synic_scontrol',
  u64,
  { enable: 1, reserved: 63 },
  { word: 'as_uint64' },
  HVHDK,
);

export const hv_synic_simp = bits(
  'hv_synic_simp',
  u64,
  { simp_enabled: 1, preserved: 11, base_simp_gpa: 52 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_synic_siefp = bits(
  'hv_synic_siefp',
  u64,
  { siefp_enabled: 1, preserved: 11, base_siefp_gpa: 52 },
  { word: 'as_uint64' },
  HVHDK,
);

export const hv_synic_sirbp = bits(
  'hv_synic_sirbp',
  u64,
  { sirbp_enabled: 1, preserved: 11, base_sirbp_gpa: 52 },
  { word: 'as_uint64' },
  HVHDK,
);

export const hv_stimer_config = bits(
  'hv_stimer_config',
  u64,
  {
    enable: 1,
    periodic: 1,
    lazy: 1,
    auto_enable: 1,
    apic_vector: 8,
    direct_mode: 1,
    reserved_z0: 3,
    sintx: 4,
    reserved_z1: 44,
  },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_stimer_state = struct(
  'hv_stimer_state',
  0x28,
  {
    flags: bits(u32, { undelivered_msg_pending: 1, reserved: 31 }),
    resvd: rsvd(u32),
    config: u64,
    count: u64,
    adjustment: u64,
    undelivered_exp_time: u64,
  },
  HVHDK,
);

export const hv_synthetic_timers_state = struct(
  'hv_synthetic_timers_state',
  0xc8,
  { timers: array(hv_stimer_state, 4), reserved: rsvd(u64, 5) },
  HVHDK,
);
