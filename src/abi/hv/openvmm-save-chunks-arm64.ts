import { array } from '../../layout/list.js';
import { rsvd, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { SAVE_RESTORE } from '../openvmm-origin.js';
import { VmSaveChunkHeader } from './openvmm-save-chunks.js';
import { hv_u128 } from './register-bits.js';

// Per-VP chunks of a saved arm64 partition.

export const SynicArm64SaveChunkControlRegisters = struct(
  'SynicArm64SaveChunkControlRegisters',
  0x90,
  {
    header: VmSaveChunkHeader,
    vmpidr_el2: u64,
    vpidr_el2: u64,
    sctlr_el1: u64,
    actlr_el1: u64,
    tcr_el1: u64,
    mair_el1: u64,
    tpidr_el1: u64,
    amair_el1: u64,
    tpidrro_el0: u64,
    tpidr_el0: u64,
    contextidr_el1: u64,
    cpacr_el1: u64,
    csselr_el1: u64,
    cntk_ctl_el1: u64,
    cntv_cval_el0: u64,
    cntv_ctl_el0: u64,
  },
  SAVE_RESTORE,
);

export const VpArm64SaveChunkFpRegisters = struct(
  'VpArm64SaveChunkFpRegisters',
  0x220,
  {
    header: VmSaveChunkHeader,
    q: array(hv_u128, 32),
    fpsr: u64,
    fpcr: u64,
  },
  SAVE_RESTORE,
);

export const VpArm64SaveChunkGpRegisters = struct(
  'VpArm64SaveChunkGpRegisters',
  0x160,
  {
    header: VmSaveChunkHeader,
    x: array(u64, 29),
    x_fp: u64,
    x_lr: u64,
    elr_el2: u64,
    spsr_el2: u64,
    esr_el1: u64,
    spsr_el1: u64,
    far_el1: u64,
    par_el1: u64,
    elr_el1: u64,
    sp_el0: u64,
    sp_el1: u64,
    afsr0_el1: u64,
    afsr1_el1: u64,
  },
  SAVE_RESTORE,
);

export const VpArm64SaveChunkTableRegisters = struct(
  'VpArm64SaveChunkTableRegisters',
  0x30,
  {
    header: VmSaveChunkHeader,
    ttbr0_el1: u64,
    ttbr1_el1: u64,
    vbar_el1: u64,
    _padding: rsvd(8),
  },
  SAVE_RESTORE,
);
