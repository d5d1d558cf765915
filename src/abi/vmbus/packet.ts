import { rep } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { LINUX_HYPERV } from '../origin.js';
import { gpa_range } from './gpadl.js';

// Packets in a ring. include/linux/hyperv.h.

export const vmbus_packet_type = enumeration('vmbus_packet_type', {
  VM_PKT_INVALID: 0,
  VM_PKT_SYNCH: 1,
  VM_PKT_ADD_XFER_PAGESET: 2,
  VM_PKT_RM_XFER_PAGESET: 3,
  VM_PKT_ESTABLISH_GPADL: 4,
  VM_PKT_TEARDOWN_GPADL: 5,
  VM_PKT_DATA_INBAND: 6,
  VM_PKT_DATA_USING_XFER_PAGES: 7,
  VM_PKT_DATA_USING_GPADL: 8,
  VM_PKT_DATA_USING_GPA_DIRECT: 9,
  VM_PKT_CANCEL_REQUEST: 10,
  VM_PKT_COMP: 11,
  VM_PKT_DATA_USING_ADDITIONAL_PKT: 12,
  VM_PKT_ADDITIONAL_DATA: 13,
});

export const vmbus_packet_flags = enumeration('vmbus_packet_flags', {
  VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED: 1,
});

export const vmbus_packet_limits = enumeration('vmbus_packet_limits', {
  VMBUS_DEFAULT_MAX_PKT_SIZE: 0x1000,
  MAX_PAGE_BUFFER_COUNT: 32,
  MAX_MULTIPAGE_BUFFER_COUNT: 32,
  MAX_PAGE_BUFFER_PACKET: 536,
  MAX_MULTIPAGE_BUFFER_PACKET: 288,
});

export const vmbus_rqst = enumeration('vmbus_rqst', {
  VMBUS_NO_RQSTOR: 0xffffffffffffffffn,
  VMBUS_RQST_ADDR_ANY: 0xffffffffffffffffn,
  VMBUS_RQST_ERROR: 0xfffffffffffffffen,
  VMBUS_RQST_INIT: 0xfffffffffffffffdn,
  VMBUS_RQST_ID_NO_RESPONSE: 0xfffffffffffffffdn,
  VMBUS_RQST_RESET: 0xfffffffffffffffcn,
});

export const vmpacket_descriptor = struct(
  'vmpacket_descriptor',
  0x10,
  { type: u16.as(vmbus_packet_type), offset8: u16, len8: u16, flags: u16.flagsOf(vmbus_packet_flags), trans_id: u64 },
  LINUX_HYPERV,
);

export const vmpacket_header = struct(
  'vmpacket_header',
  0x14,
  { prev_pkt_start_offset: u32, descriptor: vmpacket_descriptor },
  LINUX_HYPERV,
);

export const vmtransfer_page_range = struct(
  'vmtransfer_page_range',
  0x8,
  { byte_count: u32, byte_offset: u32 },
  LINUX_HYPERV,
);

export const vmtransfer_page_packet_header = struct(
  'vmtransfer_page_packet_header',
  0x18,
  {
    d: vmpacket_descriptor,
    xfer_pageset_id: u16,
    sender_owns_set: u8,
    reserved: rsvd(1),
    range_cnt: u32,
    ranges: rep(vmtransfer_page_range, { count: 'range_cnt' }),
  },
  LINUX_HYPERV,
);

export const vmdata_gpa_direct = struct(
  'vmdata_gpa_direct',
  0x20,
  {
    d: vmpacket_descriptor,
    reserved: rsvd(u32),
    range_cnt: u32,
    range: rep(gpa_range, { declared: 1, count: 'range_cnt' }),
  },
  LINUX_HYPERV,
);

export const hv_page_buffer = struct('hv_page_buffer', 0x10, { len: u32, offset: u32, pfn: u64 }, LINUX_HYPERV);

export const vmbus_channel_packet_page_buffer = struct(
  'vmbus_channel_packet_page_buffer',
  0x218,
  {
    type: u16.as(vmbus_packet_type),
    dataoffset8: u16,
    length8: u16,
    flags: u16.flagsOf(vmbus_packet_flags),
    transactionid: u64,
    reserved: rsvd(u32),
    rangecount: u32,
    range: rep(hv_page_buffer, { declared: 32, count: 'rangecount' }),
  },
  LINUX_HYPERV,
);

export const hv_multipage_buffer = struct(
  'hv_multipage_buffer',
  0x108,
  { len: u32, offset: u32, pfn_array: rep(u64, { declared: 32, count: { pages: ['offset', 'len'] } }) },
  LINUX_HYPERV,
);

export const vmbus_channel_packet_multipage_buffer = struct(
  'vmbus_channel_packet_multipage_buffer',
  0x120,
  {
    type: u16.as(vmbus_packet_type),
    dataoffset8: u16,
    length8: u16,
    flags: u16.flagsOf(vmbus_packet_flags),
    transactionid: u64,
    reserved: rsvd(u32),
    rangecount: u32,
    range: hv_multipage_buffer,
  },
  LINUX_HYPERV,
);

export const hv_mpb_array = struct(
  'hv_mpb_array',
  0x8,
  { len: u32, offset: u32, pfn_array: rep(u64, { count: { pages: ['offset', 'len'] } }) },
  LINUX_HYPERV,
);

export const vmbus_packet_mpb_array = struct(
  'vmbus_packet_mpb_array',
  0x20,
  {
    type: u16.as(vmbus_packet_type),
    dataoffset8: u16,
    length8: u16,
    flags: u16.flagsOf(vmbus_packet_flags),
    transactionid: u64,
    reserved: rsvd(u32),
    rangecount: u32,
    range: hv_mpb_array,
  },
  LINUX_HYPERV,
);
