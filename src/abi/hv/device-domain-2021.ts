import { rep } from '../../layout/list.js';
import { u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { SERIES_RFC_2021 } from '../origin.js';
import { hv_input_device_domain } from './device-domain.js';
import { hv_map_gpa_flags } from './memory.js';
import { hv_input_vtl } from './vtl.js';

// Calls of the 2021 RFC that later series dropped; still in product kernels of that time.

export const hv_input_query_device_domain = struct(
  'hv_input_query_device_domain',
  0x18,
  { device_domain: hv_input_device_domain, target_device_va_list: rep(u64) },
  SERIES_RFC_2021,
);

export const hv_device_va_mapping = struct(
  'hv_device_va_mapping',
  0x10,
  { target_device_va: u64, gpa_page_number: u64 },
  SERIES_RFC_2021,
);

export const hv_input_map_sparse_device_gpa_pages = struct(
  'hv_input_map_sparse_device_gpa_pages',
  0x1d,
  {
    device_domain: hv_input_device_domain,
    target_vtl: hv_input_vtl,
    map_flags: u32.flagsOf(hv_map_gpa_flags),
    page_list: rep(hv_device_va_mapping),
  },
  SERIES_RFC_2021,
);

export const hv_input_unmap_sparse_device_gpa_pages = struct(
  'hv_input_unmap_sparse_device_gpa_pages',
  0x18,
  { device_domain: hv_input_device_domain, target_device_va_list: rep(u64) },
  SERIES_RFC_2021,
);
