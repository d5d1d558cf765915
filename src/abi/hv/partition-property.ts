import { bits } from '../../layout/bits.js';
import { perArch } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { bytes, enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVHDK, HVHDK_MINI } from '../origin.js';

// Properties of a partition. include/hyperv/hvhdk.h, hvhdk_mini.h.

export const hv_partition_property_code = enumeration('hv_partition_property_code', {
  HV_PARTITION_PROPERTY_PRIVILEGE_FLAGS: 0x10000,
  HV_PARTITION_PROPERTY_SYNTHETIC_PROC_FEATURES: 0x10001,
  HV_PARTITION_PROPERTY_INTEGRATED_SCHEDULER_ENABLED: 0x20005,
  HV_PARTITION_PROPERTY_GPA_PAGE_ACCESS_TRACKING: 0x50005,
  HV_PARTITION_PROPERTY_UNIMPLEMENTED_MSR_ACTION: 0x50017,
  HV_PARTITION_PROPERTY_PROCESSOR_XSAVE_FEATURES: 0x60002,
  HV_PARTITION_PROPERTY_XSAVE_STATES: 0x60007,
  HV_PARTITION_PROPERTY_MAX_XSAVE_DATA_SIZE: 0x60008,
  HV_PARTITION_PROPERTY_PROCESSOR_CLOCK_FREQUENCY: 0x60009,
  HV_PARTITION_PROPERTY_VMM_CAPABILITIES: 0x90007,
});

export const hv_partition_property_vmm_capabilities = perArch({
  x64: struct(
    'hv_partition_property_vmm_capabilities',
    0x10,
    {
      bank_count: u16,
      reserved: rsvd(u16, 3),
      bank: anon(
        union(
          {
            as_uint64: array(u64, 1),
            capabilities: anon(
              bits(u64, {
                map_gpa_preserve_adjustable: 1,
                vmm_can_provide_overlay_gpfn: 1,
                vp_affinity_property: 1,
                reservedbit3: 1,
                assignable_synthetic_proc_features: 1,
                reservedbit5: 1,
                vmm_enable_integrated_scheduler: 1,
                reserved0: 57,
              }),
            ),
          },
          { otherwise: 'capabilities' },
        ),
      ),
    },
    HVHDK_MINI,
  ),
  arm64: struct(
    'hv_partition_property_vmm_capabilities',
    0x10,
    {
      bank_count: u16,
      reserved: rsvd(u16, 3),
      bank: anon(
        union(
          {
            as_uint64: array(u64, 1),
            capabilities: anon(
              bits(u64, {
                map_gpa_preserve_adjustable: 1,
                vmm_can_provide_overlay_gpfn: 1,
                vp_affinity_property: 1,
                vmm_can_provide_gic_overlay_locations: 1,
                assignable_synthetic_proc_features: 1,
                reservedbit5: 1,
                vmm_enable_integrated_scheduler: 1,
                reserved0: 57,
              }),
            ),
          },
          { otherwise: 'capabilities' },
        ),
      ),
    },
    HVHDK_MINI,
  ),
});

export const hv_input_get_partition_property = struct(
  'hv_input_get_partition_property',
  0x10,
  { partition_id: u64, property_code: u32.as(hv_partition_property_code), padding: rsvd(u32) },
  HVHDK,
);

export const hv_output_get_partition_property = struct(
  'hv_output_get_partition_property',
  0x8,
  { property_value: u64 },
  HVHDK,
);

export const hv_input_set_partition_property = struct(
  'hv_input_set_partition_property',
  0x18,
  { partition_id: u64, property_code: u32.as(hv_partition_property_code), padding: rsvd(u32), property_value: u64 },
  HVHDK,
);

export const hv_partition_property_arg = union(
  'hv_partition_property_arg',
  0x8,
  {
    as_uint64: u64,
    object: anon(
      struct({
        index: anon(union({ arg: u32, vp_index: u32 }, { otherwise: 'arg' })),
        reserved0: rsvd(u16),
        reserved1: rsvd(1),
        object_type: u8,
      }),
    ),
  },
  { otherwise: 'object' },
  HVHDK,
);

export const hv_input_get_partition_property_ex = struct(
  'hv_input_get_partition_property_ex',
  0x18,
  {
    partition_id: u64,
    property_code: u32.as(hv_partition_property_code),
    padding: rsvd(u32),
    argument: anon(union({ arg_data: hv_partition_property_arg, arg: u64 }, { otherwise: 'arg_data' })),
  },
  HVHDK,
);

export const hv_partition_property_ex = perArch({
  x64: union(
    'hv_partition_property_ex',
    0xfe8,
    { buffer: bytes(4072), vmm_capabilities: hv_partition_property_vmm_capabilities.x64 },
    { otherwise: 'buffer' },
    HVHDK,
  ),
  arm64: union(
    'hv_partition_property_ex',
    0xfe8,
    { buffer: bytes(4072), vmm_capabilities: hv_partition_property_vmm_capabilities.arm64 },
    { otherwise: 'buffer' },
    HVHDK,
  ),
});

export const hv_output_get_partition_property_ex = perArch({
  x64: struct('hv_output_get_partition_property_ex', 0xfe8, { property_value: hv_partition_property_ex.x64 }, HVHDK),
  arm64: struct(
    'hv_output_get_partition_property_ex',
    0xfe8,
    { property_value: hv_partition_property_ex.arm64 },
    HVHDK,
  ),
});
