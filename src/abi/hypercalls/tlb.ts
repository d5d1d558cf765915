import { hypercall } from '../../layout/hypercall.js';
import { hv_guest_mapping_flush, hv_guest_mapping_flush_list, hv_tlb_flush, hv_tlb_flush_ex } from '../hv/tlb.js';
import { HVGDK_MINI } from '../origin.js';

// Address-space flushes.

export const HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE = hypercall('HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE', 0x0002, HVGDK_MINI, {
  input: hv_tlb_flush,
  alias: ['HvCallFlushVirtualAddressSpace', 'HvFlushVirtualAddressSpace'],
});

export const HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST = hypercall('HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST', 0x0003, HVGDK_MINI, {
  input: hv_tlb_flush,
  rep: 'gva_list',
  alias: ['HvCallFlushVirtualAddressList', 'HvFlushVirtualAddressList'],
  linuxBatch: 509,
  note: 'A list entry is a GVA page in bits 63:12 and a count of further pages in bits 11:0.',
});

export const HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX = hypercall(
  'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX',
  0x0013,
  HVGDK_MINI,
  {
    input: hv_tlb_flush_ex,
    varhead: 32,
    alias: ['HvCallFlushVirtualAddressSpaceEx', 'HvFlushVirtualAddressSpaceEx'],
    note: 'valid_bank_mask counts as fixed header: one variable qword per bank.',
  },
);

export const HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX = hypercall(
  'HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX',
  0x0014,
  HVGDK_MINI,
  {
    input: hv_tlb_flush_ex,
    rep: 'gva_list',
    varhead: 32,
    alias: ['HvCallFlushVirtualAddressListEx', 'HvFlushVirtualAddressListEx'],
    note: 'The list starts behind the banks: 508 less the number of banks fit.',
  },
);

export const HVCALL_FLUSH_GUEST_PHYSICAL_ADDRESS_SPACE = hypercall(
  'HVCALL_FLUSH_GUEST_PHYSICAL_ADDRESS_SPACE',
  0x00af,
  HVGDK_MINI,
  {
    input: hv_guest_mapping_flush,
    alias: ['HvCallFlushGuestPhysicalAddressSpace'],
  },
);

export const HVCALL_FLUSH_GUEST_PHYSICAL_ADDRESS_LIST = hypercall(
  'HVCALL_FLUSH_GUEST_PHYSICAL_ADDRESS_LIST',
  0x00b0,
  HVGDK_MINI,
  {
    input: hv_guest_mapping_flush_list,
    rep: 'gpa_list',
    alias: ['HvCallFlushGuestPhysicalAddressList'],
    linuxBatch: 510,
  },
);
