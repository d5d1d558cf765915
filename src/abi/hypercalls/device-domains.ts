import { hypercall } from '../../layout/hypercall.js';
import {
  hv_input_attach_device,
  hv_input_detach_device,
  hv_input_map_device_gpa_pages,
  hv_input_unmap_device_gpa_pages,
} from '../hv/device-attach.js';
import {
  hv_input_attach_device_domain,
  hv_input_configure_device_domain,
  hv_input_create_device_domain,
  hv_input_delete_device_domain,
  hv_input_detach_device_domain,
} from '../hv/device-domain.js';
import {
  hv_input_flush_device_domain,
  hv_input_flush_device_domain_list,
  hv_input_get_iommu_capabilities,
  hv_input_get_logical_device_property,
  hv_output_get_iommu_capabilities,
  hv_output_get_logical_device_property,
} from '../hv/device-domain-flush.js';
import { SERIES_PVIOMMU, SERIES_ROOT } from '../origin.js';

// Devices and their DMA domains. Not upstream in 7.3: from three mailing-list series.

export const HVCALL_ATTACH_DEVICE = hypercall('HVCALL_ATTACH_DEVICE', 0x0082, SERIES_ROOT, {
  input: hv_input_attach_device,
  alias: ['HvCallAttachDevice'],
});

export const HVCALL_DETACH_DEVICE = hypercall('HVCALL_DETACH_DEVICE', 0x0083, SERIES_ROOT, {
  input: hv_input_detach_device,
  alias: ['HvCallDetachDevice'],
});

export const HVCALL_CREATE_DEVICE_DOMAIN = hypercall('HVCALL_CREATE_DEVICE_DOMAIN', 0x00b1, SERIES_PVIOMMU, {
  input: hv_input_create_device_domain,
  alias: ['HvCallCreateDeviceDomain'],
  note: '28 bytes before the padding word was added to the guest series.',
});

export const HVCALL_ATTACH_DEVICE_DOMAIN = hypercall('HVCALL_ATTACH_DEVICE_DOMAIN', 0x00b2, SERIES_PVIOMMU, {
  input: hv_input_attach_device_domain,
  alias: ['HvCallAttachDeviceDomain'],
});

export const HVCALL_DETACH_DEVICE_DOMAIN = hypercall('HVCALL_DETACH_DEVICE_DOMAIN', 0x00c4, SERIES_PVIOMMU, {
  input: hv_input_detach_device_domain,
  alias: ['HvCallDetachDeviceDomain'],
});

export const HVCALL_DELETE_DEVICE_DOMAIN = hypercall('HVCALL_DELETE_DEVICE_DOMAIN', 0x00c5, SERIES_PVIOMMU, {
  input: hv_input_delete_device_domain,
  alias: ['HvCallDeleteDeviceDomain'],
});

export const HVCALL_MAP_DEVICE_GPA_PAGES = hypercall('HVCALL_MAP_DEVICE_GPA_PAGES', 0x00b3, SERIES_ROOT, {
  input: hv_input_map_device_gpa_pages,
  rep: 'gpa_page_list',
  alias: ['HvCallMapDeviceGpaPages'],
  linuxBatch: 507,
});

export const HVCALL_UNMAP_DEVICE_GPA_PAGES = hypercall('HVCALL_UNMAP_DEVICE_GPA_PAGES', 0x00b4, SERIES_ROOT, {
  input: hv_input_unmap_device_gpa_pages,
  rep: true,
  alias: ['HvCallUnmapDeviceGpaPages'],
  note: 'Reps carry no elements.',
});

export const HVCALL_CONFIGURE_DEVICE_DOMAIN = hypercall('HVCALL_CONFIGURE_DEVICE_DOMAIN', 0x00ce, SERIES_PVIOMMU, {
  input: hv_input_configure_device_domain,
  alias: ['HvCallConfigureDeviceDomain'],
});

export const HVCALL_FLUSH_DEVICE_DOMAIN = hypercall('HVCALL_FLUSH_DEVICE_DOMAIN', 0x00d0, SERIES_PVIOMMU, {
  input: hv_input_flush_device_domain,
  alias: ['HvCallFlushDeviceDomain'],
});

export const HVCALL_FLUSH_DEVICE_DOMAIN_LIST = hypercall('HVCALL_FLUSH_DEVICE_DOMAIN_LIST', 0x00d1, SERIES_PVIOMMU, {
  input: hv_input_flush_device_domain_list,
  rep: 'iova_list',
  alias: ['HvCallFlushDeviceDomainList'],
  linuxBatch: 1,
  note: 'The first guest series filled up to 508 entries; later ones send one covering entry.',
});

export const HVCALL_GET_IOMMU_CAPABILITIES = hypercall('HVCALL_GET_IOMMU_CAPABILITIES', 0x0125, SERIES_PVIOMMU, {
  input: hv_input_get_iommu_capabilities,
  output: hv_output_get_iommu_capabilities,
  alias: ['HvCallGetIommuCapabilities'],
});

export const HVCALL_GET_LOGICAL_DEVICE_PROPERTY = hypercall(
  'HVCALL_GET_LOGICAL_DEVICE_PROPERTY',
  0x0127,
  SERIES_PVIOMMU,
  {
    input: hv_input_get_logical_device_property,
    output: hv_output_get_logical_device_property,
    alias: ['HvCallGetLogicalDeviceProperty'],
  },
);
