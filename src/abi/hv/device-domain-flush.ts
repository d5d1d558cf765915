import { bits } from '../../layout/bits.js';
import { versions } from '../../layout/group.js';
import { rep } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { SERIES_PVIOMMU, SERIES_PVIOMMU_RFC, SERIES_PVIOMMU_V2 } from '../origin.js';
import { hv_input_device_domain } from './device-domain.js';

// What the pvIOMMU can do, and flushing its translations. Patches of the pvIOMMU guest series.

export const hv_iommu_cap = enumeration('hv_iommu_cap', {
  HV_IOMMU_CAP_PRESENT: 0x1,
  HV_IOMMU_CAP_S2: 0x2,
  HV_IOMMU_CAP_S1: 0x4,
  HV_IOMMU_CAP_S1_5LVL: 0x8,
  HV_IOMMU_CAP_PASID: 0x10,
  HV_IOMMU_CAP_ATS: 0x20,
  HV_IOMMU_CAP_PRI: 0x40,
});

export const hv_logical_device_property_code = enumeration('hv_logical_device_property_code', {
  HV_LOGICAL_DEVICE_PROPERTY_PVIOMMU: 10,
});

export const hv_device_iommu_flags = enumeration('hv_device_iommu_flags', {
  HV_DEVICE_IOMMU_ENABLED: 1,
});

export const hv_flush_device_domain_list_flags = enumeration('hv_flush_device_domain_list_flags', {
  HV_FLUSH_DEVICE_DOMAIN_LIST_IOMMU_FORMAT: 1,
});

export const hv_input_get_iommu_capabilities = struct(
  'hv_input_get_iommu_capabilities',
  0x10,
  { partition_id: u64, reserved: rsvd(u64) },
  SERIES_PVIOMMU,
);

export const hv_output_get_iommu_capabilities = struct(
  'hv_output_get_iommu_capabilities',
  0x18,
  {
    size: u32,
    reserved: rsvd(u16),
    max_iova_width: u8,
    max_pasid_width: u8,
    iommu_cap: u64.flagsOf(hv_iommu_cap),
    pgsize_bitmap: u64,
  },
  SERIES_PVIOMMU,
);

export const hv_input_get_logical_device_property = versions({
  'series-pviommu-rfc': struct(
    'hv_input_get_logical_device_property',
    0x18,
    { partition_id: u64, logical_device_id: u64, code: u32.asC(hv_logical_device_property_code), reserved: rsvd(u32) },
    SERIES_PVIOMMU_RFC,
  ),
  'series-pviommu': struct(
    'hv_input_get_logical_device_property',
    0x18,
    { partition_id: u64, logical_device_id: u64, code: u32.as(hv_logical_device_property_code), reserved: rsvd(u32) },
    SERIES_PVIOMMU,
  ),
});

export const hv_output_get_logical_device_property = struct(
  'hv_output_get_logical_device_property',
  0x10,
  { device_iommu: u64.flagsOf(hv_device_iommu_flags), reserved: rsvd(u64) },
  SERIES_PVIOMMU,
);

export const hv_input_flush_device_domain = struct(
  'hv_input_flush_device_domain',
  0x20,
  { device_domain: hv_input_device_domain, flags: u32, reserved: rsvd(u32) },
  SERIES_PVIOMMU,
);

export const hv_iommu_flush_va = versions({
  'series-pviommu-v2': bits(
    'hv_iommu_flush_va',
    u64,
    { page_mask_shift: 12, page_number: 52 },
    { word: 'iova' },
    SERIES_PVIOMMU_V2,
  ),
  'series-pviommu': bits(
    'hv_iommu_flush_va',
    u64,
    { page_mask_shift: 6, reserved: 6, page_number: 52 },
    { word: 'as_uint64' },
    SERIES_PVIOMMU,
  ),
});

export const hv_input_flush_device_domain_list = versions({
  'series-pviommu-v2': struct(
    'hv_input_flush_device_domain_list',
    0x20,
    {
      device_domain: hv_input_device_domain,
      flags: u32.flagsOf(hv_flush_device_domain_list_flags),
      reserved: rsvd(u32),
      iova_list: rep(hv_iommu_flush_va.of['series-pviommu-v2']),
    },
    SERIES_PVIOMMU_V2,
  ),
  'series-pviommu': struct(
    'hv_input_flush_device_domain_list',
    0x20,
    {
      device_domain: hv_input_device_domain,
      flags: u32.flagsOf(hv_flush_device_domain_list_flags),
      reserved: rsvd(u32),
      iova_list: rep(hv_iommu_flush_va.of['series-pviommu']),
    },
    SERIES_PVIOMMU,
  ),
});
