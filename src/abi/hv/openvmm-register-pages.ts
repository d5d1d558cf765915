import { bits } from '../../layout/bits.js';
import { array } from '../../layout/list.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';
import { HvInstructionEmulatorHintsRegister } from './openvmm-registers.js';
import {
  hv_u128,
  hv_x64_interrupt_state_register,
  hv_x64_pending_interruption_register,
  hv_x64_segment_register,
} from './register-bits.js';

// Shared register pages: a whole page here; Linux declares the used part only (696 bytes on x64, 8 on arm64).

export const HvX64RegisterPageDirtyFlags = bits(
  'HvX64RegisterPageDirtyFlags',
  u32,
  {
    general_purpose: 1,
    instruction_pointer: 1,
    xmm: 1,
    segments: 1,
    flags: 1,
    reserved: 27,
  },
  undefined,
  HVDEF,
);

export const HvX64RegisterPage = struct(
  'HvX64RegisterPage',
  0x1000,
  {
    version: u16,
    is_valid: u8,
    vtl: u8,
    dirty: HvX64RegisterPageDirtyFlags,
    gp_registers: array(u64, 16),
    rip: u64,
    rflags: u64,
    reserved: rsvd(u64),
    xmm: array(hv_u128, 6),
    segment: array(hv_x64_segment_register, 6),
    cr0: u64,
    cr3: u64,
    cr4: u64,
    cr8: u64,
    efer: u64,
    dr7: u64,
    pending_interruption: hv_x64_pending_interruption_register,
    interrupt_state: hv_x64_interrupt_state_register,
    instruction_emulation_hints: HvInstructionEmulatorHintsRegister,
    reserved_end: rsvd(3672),
  },
  HVDEF,
);

export const HvAarch64RegisterPageDirtyFlags = bits(
  'HvAarch64RegisterPageDirtyFlags',
  u32,
  {
    _unused: 1,
    instruction_pointer: 1,
    processor_state: 1,
    control_registers: 1,
    reserved: 28,
  },
  undefined,
  HVDEF,
);

export const HvAarch64RegisterPage = struct(
  'HvAarch64RegisterPage',
  0x1000,
  {
    version: u16,
    is_valid: u8,
    vtl: u8,
    dirty: HvAarch64RegisterPageDirtyFlags,
    _rsvd: rsvd(u64, 33),
    pc: u64,
    cpsr: u64,
    sctlr_el1: u64,
    tcr_el1: u64,
    reserved_end: rsvd(3792),
  },
  HVDEF,
);
