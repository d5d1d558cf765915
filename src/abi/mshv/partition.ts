import { perArch } from '../../layout/group.js';
import { array, rep } from '../../layout/list.js';
import { enumeration, i32, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_MSHV } from '../origin.js';

// /dev/mshv: partitions, memory and interrupts. include/uapi/linux/mshv.h.

export const mshv_pt_bit = enumeration('mshv_pt_bit', {
  MSHV_PT_BIT_LAPIC: 0,
  MSHV_PT_BIT_X2APIC: 1,
  MSHV_PT_BIT_GPA_SUPER_PAGES: 2,
  MSHV_PT_BIT_CPU_AND_XSAVE_FEATURES: 3,
  MSHV_PT_BIT_NESTED_VIRTUALIZATION: 4,
  MSHV_PT_BIT_SMT_ENABLED_GUEST: 5,
  MSHV_PT_BIT_COUNT: 6,
});

export const mshv_pt_isolation = enumeration('mshv_pt_isolation', {
  MSHV_PT_ISOLATION_NONE: 0,
  MSHV_PT_ISOLATION_COUNT: 1,
});

export const mshv_set_mem_bit = enumeration('mshv_set_mem_bit', {
  MSHV_SET_MEM_BIT_WRITABLE: 0,
  MSHV_SET_MEM_BIT_EXECUTABLE: 1,
  MSHV_SET_MEM_BIT_UNMAP: 2,
  MSHV_SET_MEM_BIT_COUNT: 3,
});

export const mshv_irqfd_bit = enumeration('mshv_irqfd_bit', {
  MSHV_IRQFD_BIT_DEASSIGN: 0,
  MSHV_IRQFD_BIT_RESAMPLE: 1,
  MSHV_IRQFD_BIT_COUNT: 2,
});

export const mshv_ioeventfd_bit = enumeration('mshv_ioeventfd_bit', {
  MSHV_IOEVENTFD_BIT_DATAMATCH: 0,
  MSHV_IOEVENTFD_BIT_PIO: 1,
  MSHV_IOEVENTFD_BIT_DEASSIGN: 2,
  MSHV_IOEVENTFD_BIT_COUNT: 3,
});

export const mshv_gpap_access_type = enumeration('mshv_gpap_access_type', {
  MSHV_GPAP_ACCESS_TYPE_ACCESSED: 0,
  MSHV_GPAP_ACCESS_TYPE_DIRTY: 1,
  MSHV_GPAP_ACCESS_TYPE_COUNT: 2,
});

export const mshv_gpap_access_op = enumeration('mshv_gpap_access_op', {
  MSHV_GPAP_ACCESS_OP_NOOP: 0,
  MSHV_GPAP_ACCESS_OP_CLEAR: 1,
  MSHV_GPAP_ACCESS_OP_SET: 2,
  MSHV_GPAP_ACCESS_OP_COUNT: 3,
});

export const mshv_masks = enumeration('mshv_masks', {
  MSHV_PT_FLAGS_MASK: 0x3f,
  MSHV_SET_MEM_FLAGS_MASK: 0x7,
  MSHV_IRQFD_FLAGS_MASK: 0x3,
  MSHV_IOEVENTFD_FLAGS_MASK: 0x7,
});

export const mshv_create_partition = struct(
  'mshv_create_partition',
  0x10,
  { pt_flags: u64, pt_isolation: u64.as(mshv_pt_isolation) },
  UAPI_MSHV,
);

export const mshv_create_partition_v2 = perArch({
  x64: struct(
    'mshv_create_partition_v2',
    0x40,
    {
      pt_flags: u64,
      pt_isolation: u64.as(mshv_pt_isolation),
      pt_num_cpu_fbanks: u16,
      pt_rsvd: rsvd(6),
      pt_cpu_fbanks: array(u64, 2),
      pt_rsvd1: rsvd(u64, 2),
      pt_disabled_xsave: u64,
    },
    UAPI_MSHV,
  ),
  arm64: struct(
    'mshv_create_partition_v2',
    0x40,
    {
      pt_flags: u64,
      pt_isolation: u64.as(mshv_pt_isolation),
      pt_num_cpu_fbanks: u16,
      pt_rsvd: rsvd(6),
      pt_cpu_fbanks: array(u64, 2),
      pt_rsvd1: rsvd(u64, 2),
      pt_rsvd2: rsvd(u64),
    },
    UAPI_MSHV,
  ),
});

export const mshv_user_mem_region = struct(
  'mshv_user_mem_region',
  0x20,
  { size: u64, guest_pfn: u64, userspace_addr: u64, flags: u8, rsvd: rsvd(7) },
  UAPI_MSHV,
);

export const mshv_user_irqfd = struct(
  'mshv_user_irqfd',
  0x10,
  { fd: i32, resamplefd: i32, gsi: u32, flags: u32 },
  UAPI_MSHV,
);

export const mshv_user_ioeventfd = struct(
  'mshv_user_ioeventfd',
  0x20,
  { datamatch: u64, addr: u64, len: u32, fd: i32, flags: u32, rsvd: rsvd(4) },
  UAPI_MSHV,
);

export const mshv_user_irq_entry = struct(
  'mshv_user_irq_entry',
  0x10,
  { gsi: u32, address_lo: u32, address_hi: u32, data: u32 },
  UAPI_MSHV,
);

export const mshv_user_irq_table = struct(
  'mshv_user_irq_table',
  0x8,
  { nr: u32, rsvd: rsvd(u32), entries: rep(mshv_user_irq_entry, { count: 'nr' }) },
  UAPI_MSHV,
);

export const mshv_gpap_access_bitmap = struct(
  'mshv_gpap_access_bitmap',
  0x20,
  {
    access_type: u8.as(mshv_gpap_access_type),
    access_op: u8.as(mshv_gpap_access_op),
    rsvd: rsvd(6),
    page_count: u64,
    gpap_base: u64,
    bitmap_ptr: u64,
  },
  UAPI_MSHV,
);
