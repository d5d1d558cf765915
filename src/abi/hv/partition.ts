import { bit, bits } from '../../layout/bits.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVGDK_MINI, HVHDK, HYPERV_TLFS_6_12 } from '../origin.js';
import { hv_proximity_domain_info } from './memory.js';
import { hv_partition_processor_features, hv_partition_processor_xsave_features } from './partition-features.js';

// Creating, initializing and deleting partitions. include/hyperv/hvhdk.h.

export const hv_partition_creation_flags = enumeration('hv_partition_creation_flags', {
  HV_PARTITION_CREATION_FLAG_SMT_ENABLED_GUEST: 0x1,
  HV_PARTITION_CREATION_FLAG_NESTED_VIRTUALIZATION_CAPABLE: 0x2,
  HV_PARTITION_CREATION_FLAG_GPA_SUPER_PAGES_ENABLED: 0x10,
  HV_PARTITION_CREATION_FLAG_EXO_PARTITION: 0x100,
  HV_PARTITION_CREATION_FLAG_LAPIC_ENABLED: 0x2000,
  HV_PARTITION_CREATION_FLAG_INTERCEPT_MESSAGE_PAGE_ENABLED: 0x80000,
  HV_PARTITION_CREATION_FLAG_X2APIC_CAPABLE: 0x400000,
});

export const hv_partition_isolation_type = enumeration('hv_partition_isolation_type', {
  HV_PARTITION_ISOLATION_TYPE_NONE: 0,
  HV_PARTITION_ISOLATION_TYPE_SNP: 2,
  HV_PARTITION_ISOLATION_TYPE_TDX: 3,
});

export const hv_partition_isolation_host_type = enumeration('hv_partition_isolation_host_type', {
  HV_PARTITION_ISOLATION_HOST_TYPE_NONE: 0,
  HV_PARTITION_ISOLATION_HOST_TYPE_HARDWARE: 1,
  HV_PARTITION_ISOLATION_HOST_TYPE_RESERVED: 2,
});

export const hv_partition_type = enumeration('hv_partition_type', {
  HV_PARTITION_TYPE_GUEST: 0,
  HV_PARTITION_TYPE_ROOT: 1,
  HV_PARTITION_TYPE_L1VH: 2,
});

export const hv_partition_isolation_properties = bits(
  'hv_partition_isolation_properties',
  u64,
  {
    isolation_type: bit(5, hv_partition_isolation_type),
    isolation_host_type: bit(2, hv_partition_isolation_host_type),
    rsvd_z: 5,
    shared_gpa_boundary_page_number: 52,
  },
  { word: 'as_uint64' },
  HVHDK,
);

export const hv_partition_creation_properties = struct(
  'hv_partition_creation_properties',
  0x18,
  {
    disabled_processor_features: hv_partition_processor_features,
    disabled_processor_xsave_features: hv_partition_processor_xsave_features,
  },
  HVHDK,
);

export const hv_input_create_partition = struct(
  'hv_input_create_partition',
  0x38,
  {
    flags: u64.flagsOf(hv_partition_creation_flags),
    proximity_domain_info: hv_proximity_domain_info,
    compatibility_version: u32,
    padding: rsvd(u32),
    partition_creation_properties: hv_partition_creation_properties,
    isolation_properties: hv_partition_isolation_properties,
  },
  HVHDK,
);

export const hv_output_create_partition = struct('hv_output_create_partition', 0x8, { partition_id: u64 }, HVHDK);

export const hv_input_initialize_partition = struct('hv_input_initialize_partition', 0x8, { partition_id: u64 }, HVHDK);

export const hv_input_finalize_partition = struct('hv_input_finalize_partition', 0x8, { partition_id: u64 }, HVHDK);

export const hv_input_delete_partition = struct('hv_input_delete_partition', 0x8, { partition_id: u64 }, HVHDK);

export const hv_output_get_partition_id = struct('hv_output_get_partition_id', 0x8, { partition_id: u64 }, HVGDK_MINI);

export const hv_get_partition_id = struct('hv_get_partition_id', 0x8, { partition_id: u64 }, HYPERV_TLFS_6_12);
