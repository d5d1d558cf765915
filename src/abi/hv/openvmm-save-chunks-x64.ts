import { array } from '../../layout/list.js';
import { rsvd, u8, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { SAVE_RESTORE } from '../openvmm-origin.js';
import { VmSaveChunkHeader } from './openvmm-save-chunks.js';
import { hv_u128, hv_x64_segment_register, hv_x64_table_register } from './register-bits.js';

// Per-VP chunks of a saved x64 partition.

export const SynicX64SaveChunkControlRegisters = struct(
  'SynicX64SaveChunkControlRegisters',
  0x40,
  {
    header: VmSaveChunkHeader,
    cr0: u64,
    cr2: u64,
    cr3: u64,
    cr4: u64,
    cr8: u64,
    efer: u64,
  },
  SAVE_RESTORE,
);

export const VpX64SaveChunkDebugRegisters = struct(
  'VpX64SaveChunkDebugRegisters',
  0x40,
  {
    header: VmSaveChunkHeader,
    dr0: u64,
    dr1: u64,
    dr2: u64,
    dr3: u64,
    dr6: u64,
    dr7: u64,
  },
  SAVE_RESTORE,
);

export const VpX64SaveChunkFpRegisters = struct(
  'VpX64SaveChunkFpRegisters',
  0x1b0,
  {
    header: VmSaveChunkHeader,
    xmm: array(hv_u128, 16),
    fp_mmx: array(hv_u128, 8),
    fp_control_status: hv_u128,
    xmm_control_status: hv_u128,
  },
  SAVE_RESTORE,
);

export const VpX64SaveChunkGpRegisters = struct(
  'VpX64SaveChunkGpRegisters',
  0xa0,
  {
    header: VmSaveChunkHeader,
    rax: u64,
    rcx: u64,
    rdx: u64,
    rbx: u64,
    rsp: u64,
    rbp: u64,
    rsi: u64,
    rdi: u64,
    r8: u64,
    r9: u64,
    r10: u64,
    r11: u64,
    r12: u64,
    r13: u64,
    r14: u64,
    r15: u64,
    rip: u64,
    rflags: u64,
  },
  SAVE_RESTORE,
);

export const VpX64SaveChunkSegmentRegisters = struct(
  'VpX64SaveChunkSegmentRegisters',
  0xa0,
  {
    header: VmSaveChunkHeader,
    es: hv_x64_segment_register,
    cs: hv_x64_segment_register,
    ss: hv_x64_segment_register,
    ds: hv_x64_segment_register,
    fs: hv_x64_segment_register,
    gs: hv_x64_segment_register,
    ldtr: hv_x64_segment_register,
    tr: hv_x64_segment_register,
    cpl: u8,
    _padding: rsvd(15),
  },
  SAVE_RESTORE,
);

export const VpX64SaveChunkTableRegisters = struct(
  'VpX64SaveChunkTableRegisters',
  0x30,
  {
    header: VmSaveChunkHeader,
    idtr: hv_x64_table_register,
    gdtr: hv_x64_table_register,
  },
  SAVE_RESTORE,
);

export const VpX64SaveChunkXsaveControlRegisters = struct(
  'VpX64SaveChunkXsaveControlRegisters',
  0x50,
  {
    header: VmSaveChunkHeader,
    xfem: u64,
    _reserved: rsvd(u64, 7),
  },
  SAVE_RESTORE,
);
