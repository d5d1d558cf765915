import { bits } from '../../layout/bits.js';
import { versions } from '../../layout/group.js';
import { bytes, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVGDK_MINI, HYPERV_TLFS_6_12 } from '../origin.js';

// The VP assist page and its nested controls. include/hyperv/hvgdk_mini.h.

export const hv_nested_enlightenments_control = versions({
  'linux-6.12': struct(
    'hv_nested_enlightenments_control',
    0x8,
    {
      features: bits(u32, { directhypercall: 1, reserved: 31 }),
      hypercallControls: bits(u32, { inter_partition_comm: 1, reserved: 31 }),
    },
    HYPERV_TLFS_6_12,
  ),
  'linux-7.3': struct(
    'hv_nested_enlightenments_control',
    0x8,
    {
      features: bits(u32, { directhypercall: 1, reserved: 31 }),
      hypercall_controls: bits(u32, { inter_partition_comm: 1, reserved: 31 }),
    },
    HVGDK_MINI,
  ),
});

export const hv_vp_assist_page = struct(
  'hv_vp_assist_page',
  0x270,
  {
    apic_assist: u32,
    reserved1: rsvd(u32),
    vtl_entry_reason: u32,
    vtl_reserved: rsvd(u32),
    vtl_ret_x64rax: u64,
    vtl_ret_x64rcx: u64,
    nested_control: hv_nested_enlightenments_control.of['linux-7.3'],
    enlighten_vmentry: u8,
    reserved2: rsvd(7),
    current_nested_vmcs: u64,
    synthetic_time_unhalted_timer_expired: u8,
    reserved3: rsvd(7),
    virtualization_fault_information: bytes(40),
    reserved4: rsvd(8),
    intercept_message: bytes(256),
    vtl_ret_actions: bytes(256),
  },
  HVGDK_MINI,
);
