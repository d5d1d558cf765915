import { hypercall } from '../../layout/hypercall.js';
import {
  hv_input_map_sparse_device_gpa_pages,
  hv_input_query_device_domain,
  hv_input_unmap_sparse_device_gpa_pages,
} from '../hv/device-domain-2021.js';
import { SERIES_RFC_2021 } from '../origin.js';

// Calls that only the first device-domain series had (July 2021).

export const HVCALL_QUERY_DEVICE_DOMAIN = hypercall('HVCALL_QUERY_DEVICE_DOMAIN', 0x00c6, SERIES_RFC_2021, {
  input: hv_input_query_device_domain,
  rep: 'target_device_va_list',
  alias: ['HvCallQueryDeviceDomain'],
  note: 'The output layout was never published.',
});

export const HVCALL_MAP_SPARSE_DEVICE_GPA_PAGES = hypercall(
  'HVCALL_MAP_SPARSE_DEVICE_GPA_PAGES',
  0x00c7,
  SERIES_RFC_2021,
  {
    input: hv_input_map_sparse_device_gpa_pages,
    rep: 'page_list',
    alias: ['HvCallMapSparseDeviceGpaPages'],
    note: 'As posted the header has 29 bytes; three bytes of padding are almost surely missing.',
  },
);

export const HVCALL_UNMAP_SPARSE_DEVICE_GPA_PAGES = hypercall(
  'HVCALL_UNMAP_SPARSE_DEVICE_GPA_PAGES',
  0x00c8,
  SERIES_RFC_2021,
  {
    input: hv_input_unmap_sparse_device_gpa_pages,
    rep: 'target_device_va_list',
    alias: ['HvCallUnmapSparseDeviceGpaPages'],
  },
);
