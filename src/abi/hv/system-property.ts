import { bits } from '../../layout/bits.js';
import { perArch } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { enumeration, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVHDK_MINI } from '../origin.js';

// System properties, sleep states and the crash dump area. include/hyperv/hvhdk_mini.h.

export const hv_system_property = enumeration('hv_system_property', {
  HV_SYSTEM_PROPERTY_SLEEP_STATE: 3,
  HV_SYSTEM_PROPERTY_SCHEDULER_TYPE: 15,
  HV_DYNAMIC_PROCESSOR_FEATURE_PROPERTY: 21,
  HV_SYSTEM_PROPERTY_CRASHDUMPAREA: 47,
});

export const hv_scheduler_type = enumeration('hv_scheduler_type', {
  HV_SCHEDULER_TYPE_LP: 1,
  HV_SCHEDULER_TYPE_LP_SMT: 2,
  HV_SCHEDULER_TYPE_CORE_SMT: 3,
  HV_SCHEDULER_TYPE_ROOT: 4,
  HV_SCHEDULER_TYPE_MAX: 5,
});

export const hv_sleep_state = enumeration('hv_sleep_state', {
  HV_SLEEP_STATE_S1: 1,
  HV_SLEEP_STATE_S2: 2,
  HV_SLEEP_STATE_S3: 3,
  HV_SLEEP_STATE_S4: 4,
  HV_SLEEP_STATE_S5: 5,
  HV_SLEEP_STATE_LOCK: 6,
});

export const hv_dynamic_processor_feature_property = enumeration('hv_dynamic_processor_feature_property', {
  HV_X64_DYNAMIC_PROCESSOR_FEATURE_MAX_ENCRYPTED_PARTITIONS: 13,
  HV_X64_DYNAMIC_PROCESSOR_FEATURE_SNP_STATUS: 16,
});

export const hv_snp_status = enumeration('hv_snp_status', {
  HV_SNP_STATUS_NONE: 0,
  HV_SNP_STATUS_AVAILABLE: 1,
  HV_SNP_STATUS_INCOMPATIBLE: 2,
  HV_SNP_STATUS_PSP_UNAVAILABLE: 3,
  HV_SNP_STATUS_PSP_INIT_FAILED: 4,
  HV_SNP_STATUS_PSP_BAD_FW_VERSION: 5,
  HV_SNP_STATUS_BAD_CONFIGURATION: 6,
  HV_SNP_STATUS_PSP_FW_UPDATE_IN_PROGRESS: 7,
  HV_SNP_STATUS_PSP_RB_INIT_FAILED: 8,
  HV_SNP_STATUS_PSP_PLATFORM_STATUS_FAILED: 9,
  HV_SNP_STATUS_PSP_INIT_LATE_FAILED: 10,
});

export const hv_crashdump_action = enumeration('hv_crashdump_action', {
  HV_CRASHDUMP_NONE: 0,
  HV_CRASHDUMP_SUSPEND_ALL_VPS: 1,
  HV_CRASHDUMP_PREPARE_FOR_STATE_SAVE: 2,
  HV_CRASHDUMP_STATE_SAVED: 3,
  HV_CRASHDUMP_ENTRY: 4,
});

export const hv_partition_event = enumeration('hv_partition_event', {
  HV_PARTITION_EVENT_ROOT_CRASHDUMP: 2,
  HV_PARTITION_ALL_LOGICAL_PROCESSORS_STARTED: 4,
});

export const hv_pfn_range = bits(
  'hv_pfn_range',
  u64,
  { base_pfn: 40, add_pfns: 24 },
  { word: 'as_uint64' },
  HVHDK_MINI,
);

export const hv_input_get_system_property = perArch({
  x64: struct(
    'hv_input_get_system_property',
    0x10,
    {
      property_id: u32.as(hv_system_property),
      reserved: rsvd(u32),
      argument: anon(
        union(
          { as_uint64: u64, hv_processor_feature: u32.as(hv_dynamic_processor_feature_property) },
          {
            by: 'property_id',
            of: { [hv_system_property.HV_DYNAMIC_PROCESSOR_FEATURE_PROPERTY]: 'hv_processor_feature' },
            otherwise: 'as_uint64',
          },
        ),
      ),
    },
    HVHDK_MINI,
  ),
  arm64: struct(
    'hv_input_get_system_property',
    0x10,
    {
      property_id: u32.as(hv_system_property),
      reserved: rsvd(u32),
      argument: anon(union({ as_uint64: u64 }, { otherwise: 'as_uint64' })),
    },
    HVHDK_MINI,
  ),
});

export const hv_output_get_system_property = perArch({
  x64: struct(
    'hv_output_get_system_property',
    0x8,
    {
      value: anon(
        union(
          {
            scheduler_type: u32.as(hv_scheduler_type),
            hv_processor_feature_value: u64,
            hv_cda_info: hv_pfn_range,
            hv_tramp_pa: u64,
          },
          { otherwise: 'hv_processor_feature_value' },
        ),
      ),
    },
    HVHDK_MINI,
  ),
  arm64: struct(
    'hv_output_get_system_property',
    0x8,
    {
      value: anon(
        union(
          { scheduler_type: u32.as(hv_scheduler_type), hv_cda_info: hv_pfn_range, hv_tramp_pa: u64 },
          { otherwise: 'hv_tramp_pa' },
        ),
      ),
    },
    HVHDK_MINI,
  ),
});

export const hv_sleep_state_info = struct(
  'hv_sleep_state_info',
  0x6,
  { sleep_state: u32.as(hv_sleep_state), pm1a_slp_typ: u8, pm1b_slp_typ: u8 },
  HVHDK_MINI,
);

export const hv_input_set_system_property = struct(
  'hv_input_set_system_property',
  0x48,
  {
    property_id: u32.as(hv_system_property),
    reserved: rsvd(u32),
    value: anon(
      union(
        { set_sleep_state_info: hv_sleep_state_info, reserved0: array(u64, 8) },
        {
          by: 'property_id',
          of: { [hv_system_property.HV_SYSTEM_PROPERTY_SLEEP_STATE]: 'set_sleep_state_info' },
          otherwise: 'reserved0',
        },
      ),
    ),
  },
  HVHDK_MINI,
);

export const hv_input_enter_sleep_state = struct(
  'hv_input_enter_sleep_state',
  0x4,
  { sleep_state: u32.as(hv_sleep_state) },
  HVHDK_MINI,
);

export const hv_crashdump_area = struct(
  'hv_crashdump_area',
  0x8,
  { version: u32, flags: anon(bits(u32, { cda_valid: 1, cda_unused: 31 }, { word: 'flags_as_uint32' })) },
  HVHDK_MINI,
);

export const hv_partition_event_root_crashdump_input = struct(
  'hv_partition_event_root_crashdump_input',
  0x4,
  { crashdump_action: u32.as(hv_crashdump_action) },
  HVHDK_MINI,
);

export const hv_partition_event_input = union(
  'hv_partition_event_input',
  0x4,
  { crashdump_input: hv_partition_event_root_crashdump_input },
  { otherwise: 'crashdump_input' },
  HVHDK_MINI,
);

export const hv_input_notify_partition_event = struct(
  'hv_input_notify_partition_event',
  0x8,
  { event: u32.as(hv_partition_event), input: hv_partition_event_input },
  HVHDK_MINI,
);

export const hv_input_disable_hyp_ex = struct('hv_input_disable_hyp_ex', 0x10, { rip: u64, arg: u64 }, HVHDK_MINI);
