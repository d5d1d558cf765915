import { bits } from '../../layout/bits.js';
import { array } from '../../layout/list.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVGDK_MINI } from '../origin.js';

// Register values with parts of their own. include/hyperv/hvgdk_mini.h.

export const hv_u128 = struct('hv_u128', 0x10, { low_part: u64, high_part: u64 }, HVGDK_MINI);

export const hv_x64_segment_register = struct(
  'hv_x64_segment_register',
  0x10,
  {
    base: u64,
    limit: u32,
    selector: u16,
    attribute_bits: anon(
      bits(
        u16,
        {
          segment_type: 4,
          non_system_segment: 1,
          descriptor_privilege_level: 2,
          present: 1,
          reserved: 4,
          available: 1,
          _long: 1,
          _default: 1,
          granularity: 1,
        },
        { word: 'attributes' },
      ),
    ),
  },
  HVGDK_MINI,
);

export const hv_x64_table_register = struct(
  'hv_x64_table_register',
  0x10,
  { pad: rsvd(u16, 3), limit: u16, base: u64 },
  HVGDK_MINI,
);

export const hv_explicit_suspend_register = bits(
  'hv_explicit_suspend_register',
  u64,
  { suspended: 1, reserved: 63 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_intercept_suspend_register = bits(
  'hv_intercept_suspend_register',
  u64,
  { suspended: 1, reserved: 63 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_dispatch_suspend_register = bits(
  'hv_dispatch_suspend_register',
  u64,
  { suspended: 1, reserved: 63 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_x64_interrupt_state_register = bits(
  'hv_x64_interrupt_state_register',
  u64,
  { interrupt_shadow: 1, nmi_masked: 1, reserved: 62 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_x64_pending_interruption_register = bits(
  'hv_x64_pending_interruption_register',
  u64,
  {
    interruption_pending: 1,
    interruption_type: 3,
    deliver_error_code: 1,
    instruction_length: 4,
    nested_event: 1,
    reserved: 6,
    interruption_vector: 16,
    error_code: 32,
  },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_arm64_interrupt_state_register = bits(
  'hv_arm64_interrupt_state_register',
  u64,
  { interrupt_shadow: 1, reserved: 63 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_arm64_pending_interruption_register = bits(
  'hv_arm64_pending_interruption_register',
  u64,
  { interruption_pending: 1, interruption_type: 1, reserved: 30, error_code: 32 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_arm64_pending_synthetic_exception_event = union(
  'hv_arm64_pending_synthetic_exception_event',
  0x10,
  {
    as_uint64: array(u64, 2),
    event: anon(
      struct({
        header: anon(bits(u8, { event_pending: 1, event_type: 3, reserved: 4 })),
        rsvd: rsvd(3),
        exception_type: u32,
        context: u64,
      }),
    ),
  },
  { otherwise: 'event' },
  HVGDK_MINI,
);

export const hv_x64_xsave_xfem_register = union(
  'hv_x64_xsave_xfem_register',
  0x8,
  {
    as_uint64: u64,
    halves: anon(struct({ low_uint32: u32, high_uint32: u32 })),
    features: anon(
      bits(u64, {
        legacy_x87: 1,
        legacy_sse: 1,
        avx: 1,
        mpx_bndreg: 1,
        mpx_bndcsr: 1,
        avx_512_op_mask: 1,
        avx_512_zmmhi: 1,
        avx_512_zmm16_31: 1,
        rsvd8_9: 2,
        pasid: 1,
        cet_u: 1,
        cet_s: 1,
        rsvd13_16: 4,
        xtile_cfg: 1,
        xtile_data: 1,
        rsvd19_63: 45,
      }),
    ),
  },
  { otherwise: 'features' },
  HVGDK_MINI,
);
