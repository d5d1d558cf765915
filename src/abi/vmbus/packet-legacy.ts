import { rep } from '../../layout/list.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { union } from '../../layout/union.js';
import { LINUX_HYPERV_6_12 } from '../origin.js';
import { gpa_range } from './gpadl.js';
import { vmbus_packet_type, vmdata_gpa_direct, vmpacket_descriptor, vmtransfer_page_packet_header } from './packet.js';

// Packet headers that Linux declared until 6.12; their type numbers remain. include/linux/hyperv.h.

export const vmgpadl_packet_header = struct(
  'vmgpadl_packet_header',
  0x18,
  { d: vmpacket_descriptor, gpadl: u32, reserved: rsvd(u32) },
  LINUX_HYPERV_6_12,
);

export const vmadd_remove_transfer_page_set = struct(
  'vmadd_remove_transfer_page_set',
  0x18,
  { d: vmpacket_descriptor, gpadl: u32, xfer_pageset_id: u16, reserved: rsvd(u16) },
  LINUX_HYPERV_6_12,
);

export const vmestablish_gpadl = struct(
  'vmestablish_gpadl',
  0x20,
  { d: vmpacket_descriptor, gpadl: u32, range_cnt: u32, range: rep(gpa_range, { declared: 1, count: 'range_cnt' }) },
  LINUX_HYPERV_6_12,
);

export const vmteardown_gpadl = struct(
  'vmteardown_gpadl',
  0x18,
  { d: vmpacket_descriptor, gpadl: u32, reserved: rsvd(u32) },
  LINUX_HYPERV_6_12,
);

export const vmadditional_data = struct(
  'vmadditional_data',
  0x21,
  {
    d: vmpacket_descriptor,
    total_bytes: u64,
    offset: u32,
    byte_cnt: u32,
    data: rep(u8, { declared: 1, count: 'byte_cnt' }),
  },
  LINUX_HYPERV_6_12,
);

export const vmpacket_largest_possible_header = union(
  'vmpacket_largest_possible_header',
  0x20,
  {
    simple_hdr: vmpacket_descriptor,
    xfer_page_hdr: vmtransfer_page_packet_header,
    gpadl_hdr: vmgpadl_packet_header,
    add_rm_xfer_page_hdr: vmadd_remove_transfer_page_set,
    establish_gpadl_hdr: vmestablish_gpadl,
    teardown_gpadl_hdr: vmteardown_gpadl,
    data_gpa_direct_hdr: vmdata_gpa_direct,
  },
  {
    by: 'simple_hdr.type',
    of: {
      [vmbus_packet_type.VM_PKT_ADD_XFER_PAGESET]: 'add_rm_xfer_page_hdr',
      [vmbus_packet_type.VM_PKT_RM_XFER_PAGESET]: 'add_rm_xfer_page_hdr',
      [vmbus_packet_type.VM_PKT_ESTABLISH_GPADL]: 'establish_gpadl_hdr',
      [vmbus_packet_type.VM_PKT_TEARDOWN_GPADL]: 'teardown_gpadl_hdr',
      [vmbus_packet_type.VM_PKT_DATA_USING_XFER_PAGES]: 'xfer_page_hdr',
      [vmbus_packet_type.VM_PKT_DATA_USING_GPADL]: 'gpadl_hdr',
      [vmbus_packet_type.VM_PKT_DATA_USING_GPA_DIRECT]: 'data_gpa_direct_hdr',
    },
    otherwise: 'simple_hdr',
  },
  LINUX_HYPERV_6_12,
);
