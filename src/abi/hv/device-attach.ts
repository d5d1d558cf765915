import { bits, gap } from '../../layout/bits.js';
import { versions } from '../../layout/group.js';
import { rep } from '../../layout/list.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { CBL_MARINER, SERIES_ROOT } from '../origin.js';
import { hv_input_device_domain } from './device-domain.js';
import { hv_device_id } from './device-id.js';
import { hv_map_gpa_flags } from './memory.js';
import { hv_input_vtl } from './vtl.js';

// Devices attached and mapped by a root or L1VH partition. Patches of the root/L1VH series.

export const hv_attdev_flags = bits(
  'hv_attdev_flags',
  u32,
  {
    logical_id: 1,
    resvd0: 1,
    ats_enabled: 1,
    virt_func: 1,
    shared_irq_child: 1,
    virt_dev: 1,
    ats_supported: 1,
    small_irt: 1,
    resvd: 24,
  },
  { word: 'as_uint32' },
  SERIES_ROOT,
);

export const hv_dev_pci_caps = versions({
  'cbl-mariner': bits(
    'hv_dev_pci_caps',
    u32,
    { max_pasid_width: 1, invalidate_qdepth: 1, global_inval: 1, prg_response_req: 1, resvd: 24, unused: gap(4) },
    { word: 'as_uint32' },
    CBL_MARINER,
  ),
  'series-root': bits(
    'hv_dev_pci_caps',
    u32,
    { max_pasid_width: 5, invalidate_qdepth: 5, global_inval: 1, prg_response_req: 1, resvd: 20 },
    { word: 'as_uint32' },
    SERIES_ROOT,
  ),
});

export const hv_input_attach_device = struct(
  'hv_input_attach_device',
  0x28,
  {
    partition_id: u64,
    device_id: hv_device_id,
    attdev_flags: hv_attdev_flags,
    attdev_vtl: u8,
    rsvd0: rsvd(1),
    rsvd1: rsvd(u16),
    logical_devid: u64,
    dev_pcicaps: hv_dev_pci_caps.of['series-root'],
    pf_pci_rid: u16,
    resvd2: rsvd(u16),
  },
  SERIES_ROOT,
);

export const hv_input_detach_device = struct(
  'hv_input_detach_device',
  0x10,
  { partition_id: u64, logical_devid: u64 },
  SERIES_ROOT,
);

export const hv_input_map_device_gpa_pages = struct(
  'hv_input_map_device_gpa_pages',
  0x28,
  {
    device_domain: hv_input_device_domain,
    target_vtl: hv_input_vtl,
    padding: rsvd(3),
    map_flags: u32.flagsOf(hv_map_gpa_flags),
    target_device_va_base: u64.aligned(4096),
    gpa_page_list: rep(u64),
  },
  SERIES_ROOT,
);

export const hv_input_unmap_device_gpa_pages = struct(
  'hv_input_unmap_device_gpa_pages',
  0x20,
  { device_domain: hv_input_device_domain, target_device_va_base: u64.aligned(4096) },
  SERIES_ROOT,
);
