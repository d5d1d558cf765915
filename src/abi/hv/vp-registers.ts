import { rep } from '../../layout/list.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVGDK_MINI, HVGDK_MINI_ARM64, HYPERV_TLFS_6_12 } from '../origin.js';
import {
  hv_arm64_pending_synthetic_exception_event,
  hv_dispatch_suspend_register,
  hv_explicit_suspend_register,
  hv_intercept_suspend_register,
  hv_u128,
  hv_x64_interrupt_state_register,
  hv_x64_pending_interruption_register,
  hv_x64_segment_register,
  hv_x64_table_register,
} from './register-bits.js';
import { hv_register_name } from './register-name.js';
import { hv_input_vtl } from './vtl.js';

// GET_VP_REGISTERS and SET_VP_REGISTERS. include/hyperv/hvgdk_mini.h; the older forms: include/asm-generic/hyperv-tlfs.h
// of Linux 6.12.

/** One register, as wide as the widest: which arm holds is told by the register's name alone. */
const registerArms = {
  reg128: hv_u128,
  reg64: u64,
  reg32: u32,
  reg16: u16,
  reg8: u8,
  segment: hv_x64_segment_register,
  table: hv_x64_table_register,
  explicit_suspend: hv_explicit_suspend_register,
  intercept_suspend: hv_intercept_suspend_register,
  dispatch_suspend: hv_dispatch_suspend_register,
  interrupt_state: hv_x64_interrupt_state_register,
  pending_interruption: hv_x64_pending_interruption_register,
  pending_synthetic_exception_event: hv_arm64_pending_synthetic_exception_event,
};

export const hv_register_value = union('hv_register_value', 0x10, registerArms, { otherwise: 'reg128' }, HVGDK_MINI);

export const hv_register_assoc = struct(
  'hv_register_assoc',
  0x20,
  {
    name: u32.as(hv_register_name),
    reserved1: rsvd(u32),
    reserved2: rsvd(u64),
    value: union(
      'hv_register_value',
      0x10,
      registerArms,
      {
        by: 'name',
        of: {
          [hv_register_name.HV_REGISTER_EXPLICIT_SUSPEND]: 'explicit_suspend',
          [hv_register_name.HV_REGISTER_INTERCEPT_SUSPEND]: 'intercept_suspend',
          [hv_register_name.HV_REGISTER_DISPATCH_SUSPEND]: 'dispatch_suspend',
          [hv_register_name.HvRegisterPendingInterruption]: 'pending_interruption',
          [hv_register_name.HvRegisterInterruptState]: 'interrupt_state',
          // Answers of CPUID leaves: four 32-bit words.
          [hv_register_name.HV_REGISTER_HYPERVISOR_VERSION]: 'reg128',
          [hv_register_name.HV_REGISTER_PRIVILEGES_AND_FEATURES_INFO]: 'reg128',
          [hv_register_name.HV_REGISTER_FEATURES_INFO]: 'reg128',
          [hv_register_name.HV_REGISTER_IMPLEMENTATION_LIMITS_INFO]: 'reg128',
          [hv_register_name.HV_REGISTER_HARDWARE_FEATURES_INFO]: 'reg128',
          [hv_register_name.HV_REGISTER_CPU_MANAGEMENT_FEATURES_INFO]: 'reg128',
          [hv_register_name.HV_REGISTER_SVM_FEATURES_INFO]: 'reg128',
          [hv_register_name.HV_REGISTER_SKIP_LEVEL_FEATURES_INFO]: 'reg128',
          [hv_register_name.HV_REGISTER_NESTED_VIRT_FEATURES_INFO]: 'reg128',
          [hv_register_name.HV_REGISTER_IPT_FEATURES_INFO]: 'reg128',
          // TLFS: ES, CS, SS, DS, FS, GS, LDTR, TR of x64.
          393216: 'segment',
          393217: 'segment',
          393218: 'segment',
          393219: 'segment',
          393220: 'segment',
          393221: 'segment',
          393222: 'segment',
          393223: 'segment',
        },
        otherwise: 'reg64',
      },
      HVGDK_MINI,
    ),
  },
  HVGDK_MINI,
);

export const hv_input_get_vp_registers = struct(
  'hv_input_get_vp_registers',
  0x10,
  {
    partition_id: u64,
    vp_index: u32,
    input_vtl: hv_input_vtl,
    rsvd_z8: rsvd(1),
    rsvd_z16: rsvd(u16),
    names: rep(u32.as(hv_register_name)),
  },
  HVGDK_MINI,
);

export const hv_output_get_vp_registers = struct(
  'hv_output_get_vp_registers',
  0x0,
  { values: rep(hv_register_value) },
  HVGDK_MINI,
);

export const hv_input_set_vp_registers = struct(
  'hv_input_set_vp_registers',
  0x10,
  {
    partition_id: u64,
    vp_index: u32,
    input_vtl: hv_input_vtl,
    rsvd_z8: rsvd(1),
    rsvd_z16: rsvd(u16),
    elements: rep(hv_register_assoc),
  },
  HVGDK_MINI,
);

export const hv_get_vp_registers_output = struct(
  'hv_get_vp_registers_output',
  0x10,
  {
    value: anon(
      union(
        { as32: struct({ a: u32, b: u32, c: u32, d: u32 }), as64: struct({ low: u64, high: u64 }) },
        { otherwise: 'as64' },
      ),
    ),
  },
  HVGDK_MINI_ARM64,
);

export const input = struct('input', 0x8, { name0: u32, name1: u32 }, HYPERV_TLFS_6_12);

export const hv_get_vp_registers_input = struct(
  'hv_get_vp_registers_input',
  0x10,
  { header: struct({ partitionid: u64, vpindex: u32, inputvtl: u8, padding: rsvd(3) }), element: rep(input) },
  HYPERV_TLFS_6_12,
);

export const hv_set_vp_registers_input = struct(
  'hv_set_vp_registers_input',
  0x10,
  {
    header: struct({ partitionid: u64, vpindex: u32, inputvtl: u8, padding: rsvd(3) }),
    element: rep(struct({ name: u32, padding1: rsvd(u32), padding2: rsvd(u64), valuelow: u64, valuehigh: u64 })),
  },
  HYPERV_TLFS_6_12,
);
