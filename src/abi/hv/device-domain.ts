import { bit, bits } from '../../layout/bits.js';
import { versions } from '../../layout/group.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { SERIES_PVIOMMU, SERIES_RFC_2021, SERIES_ROOT } from '../origin.js';
import { hv_device_id } from './device-id.js';
import { hv_input_vtl } from './vtl.js';

// Device domains: creation, attachment, settings. Patches of the pvIOMMU guest series and of the root/L1VH series;
// none is upstream in 7.3.

export const hv_device_domain_type = enumeration('hv_device_domain_type', {
  HV_DEVICE_DOMAIN_TYPE_S2: 0,
  HV_DEVICE_DOMAIN_TYPE_S1: 1,
  HV_DEVICE_DOMAIN_TYPE_SOC: 2,
});

export const hv_device_domain_id_value = enumeration('hv_device_domain_id_value', {
  HV_DEVICE_DOMAIN_ID_DEFAULT: 0x0,
  HV_DEVICE_DOMAIN_ID_NULL: 0xffffffff,
  HV_DEVICE_DOMAIN_ID_S2_DEFAULT: 0x0,
  HV_DEVICE_DOMAIN_ID_S2_NULL: 0xffffffff,
});

export const hv_device_domain_feature = enumeration('hv_device_domain_feature', {
  HV_DEVICE_DOMAIN_AVAILABLE: 0x1000000,
  HV_S1_DEVICE_DOMAIN_AVAILABLE: 0x2000000,
});

export const hv_device_domain_id = versions({
  'series-root': bits(
    'hv_device_domain_id',
    u64,
    { type: bit(4, hv_device_domain_type), reserved: 28, id: 32 },
    { word: 'as_uint64' },
    SERIES_ROOT,
  ),
  'series-pviommu': bits(
    'hv_device_domain_id',
    u64,
    { type: bit(4, hv_device_domain_type), reserved: 28, id: 32 },
    { word: 'as_uint64' },
    SERIES_PVIOMMU,
  ),
});

export const hv_input_device_domain = struct(
  'hv_input_device_domain',
  0x18,
  { partition_id: u64, owner_vtl: hv_input_vtl, padding: rsvd(7), domain_id: hv_device_domain_id.of['series-pviommu'] },
  SERIES_PVIOMMU,
);

export const hv_create_device_domain_flags = versions({
  'series-root': bits(
    'hv_create_device_domain_flags',
    u32,
    { forward_progress_required: 1, inherit_owning_vtl: 1, reserved: 30 },
    { word: 'as_uint32' },
    SERIES_ROOT,
  ),
  'series-pviommu': bits(
    'hv_create_device_domain_flags',
    u32,
    { forward_progress_required: 1, inherit_owning_vtl: 1, reserved: 30 },
    { word: 'as_uint32' },
    SERIES_PVIOMMU,
  ),
});

export const hv_input_create_device_domain = versions({
  'series-root': struct(
    'hv_input_create_device_domain',
    0x1c,
    {
      device_domain: hv_input_device_domain,
      create_device_domain_flags: hv_create_device_domain_flags.of['series-root'],
    },
    SERIES_ROOT,
  ),
  'series-pviommu': struct(
    'hv_input_create_device_domain',
    0x20,
    {
      device_domain: hv_input_device_domain,
      create_device_domain_flags: hv_create_device_domain_flags.of['series-pviommu'],
      padding: rsvd(u32),
    },
    SERIES_PVIOMMU,
  ),
});

export const hv_input_delete_device_domain = struct(
  'hv_input_delete_device_domain',
  0x18,
  { device_domain: hv_input_device_domain },
  SERIES_PVIOMMU,
);

export const hv_input_attach_device_domain = struct(
  'hv_input_attach_device_domain',
  0x20,
  { device_domain: hv_input_device_domain, device_id: hv_device_id },
  SERIES_PVIOMMU,
);

export const hv_input_detach_device_domain = struct(
  'hv_input_detach_device_domain',
  0x10,
  { partition_id: u64, device_id: hv_device_id },
  SERIES_PVIOMMU,
);

export const hv_device_domain_settings_x64 = struct(
  'hv_device_domain_settings_x64',
  0x18,
  { flags: bits(u64, { translation_enabled: 1, reserved: 63 }), pat: u64, page_table_root: u64 },
  SERIES_RFC_2021,
);

export const hv_device_domain_settings = versions({
  'series-rfc-2021': struct(
    'hv_device_domain_settings',
    0x18,
    { u: anon(union({ x64: hv_device_domain_settings_x64 }, { otherwise: 'x64' })) },
    SERIES_RFC_2021,
  ),
  'series-pviommu': struct(
    'hv_device_domain_settings',
    0x10,
    {
      flags: bits(u64, { translation_enabled: 1, blocked: 1, first_stage_paging_mode: 1, reserved: 61 }),
      page_table_root: u64,
    },
    SERIES_PVIOMMU,
  ),
});

export const hv_input_configure_device_domain = versions({
  'series-rfc-2021': struct(
    'hv_input_configure_device_domain',
    0x30,
    { device_domain: hv_input_device_domain, settings: hv_device_domain_settings.of['series-rfc-2021'] },
    SERIES_RFC_2021,
  ),
  'series-pviommu': struct(
    'hv_input_configure_device_domain',
    0x28,
    { device_domain: hv_input_device_domain, settings: hv_device_domain_settings.of['series-pviommu'] },
    SERIES_PVIOMMU,
  ),
});
