import { bytes, enumeration, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { SAVE_RESTORE } from '../openvmm-origin.js';
import { HvProcessorVendor } from './openvmm-partition-properties.js';

// Chunks of a saved partition state: each starts with the 16-byte header and is 16-byte aligned.

export const VmSaveChunkId = enumeration('VmSaveChunkId', {
  PROLOG: 0x00000,
  EPILOG: 0xf0000000,
  PROCESSOR_CPUID_DATA: 0x20000000,
  OS_ID: 0x20001000,
  PARTITION_VTL: 0x20008000,
  PARTITION_VSM_CONFIG: 0x2000a000,
  VP_INDICES: 0x30000000,
  VP: 0x30001000,
  VP_CORE: 0x30003000,
  VP_GP_REGISTERS: 0x30005000,
  VP_FP_REGISTERS: 0x30006000,
  VP_VTL_CONTROL_REGISTERS: 0x30007000,
  VP_DEBUG_REGISTERS: 0x30008000,
  VP_SEGMENT_REGISTERS: 0x30009000,
  VP_TABLE_REGISTERS: 0x3000a000,
  VP_VIRTUAL_MSRS: 0x3000b000,
  VP_XSAVE_CONTROL_REGISTERS: 0x3000d000,
  VP_XSAVE_STATE: 0x3000e100,
  VP_SYNIC_APIC_STATE: 0x3000f000,
  VP_SYNIC_MSRS: 0x30010000,
  VP_VTL_CONTROL_PAGE: 0x30018000,
  VP_VTL: 0x3001a000,
  VP_NESTED_BASE: 0x30021000,
  VP_NESTED_CURRENT_VMCS: 0x30023000,
});

export const VmSaveChunkHeader = struct(
  'VmSaveChunkHeader',
  0x10,
  {
    id: u32.as(VmSaveChunkId),
    data_length: u32,
    _padding: rsvd(8),
  },
  SAVE_RESTORE,
);

export const ObSaveChunkEpilog = struct(
  'ObSaveChunkEpilog',
  0x10,
  {
    header: VmSaveChunkHeader,
  },
  SAVE_RESTORE,
);

export const ObSaveChunkProlog = struct(
  'ObSaveChunkProlog',
  0xff0,
  {
    header: VmSaveChunkHeader,
    undefined_tag: u32,
    is_summary_save_state: u8,
    _padding: rsvd(3),
    vendor: u32.as(HvProcessorVendor),
    _reserved: rsvd(4052),
  },
  SAVE_RESTORE,
);

export const ObSaveChunkVp = struct(
  'ObSaveChunkVp',
  0x20,
  {
    header: VmSaveChunkHeader,
    vp_index: u32,
    _padding: rsvd(12),
  },
  SAVE_RESTORE,
);

export const ObSaveChunkVtl = struct(
  'ObSaveChunkVtl',
  0x20,
  {
    header: VmSaveChunkHeader,
    vtl: u8,
    _padding: rsvd(15),
  },
  SAVE_RESTORE,
);

export const PtSaveChunkOsId = struct(
  'PtSaveChunkOsId',
  0x20,
  {
    header: VmSaveChunkHeader,
    os_id: u64,
    _padding: rsvd(8),
  },
  SAVE_RESTORE,
);

export const VsmSaveChunkVpVtlControlPage = struct(
  'VsmSaveChunkVpVtlControlPage',
  0x30,
  {
    header: VmSaveChunkHeader,
    vp_assist_page_vtl_control_contents: bytes(24),
    vtl_is_runnable: u8,
    _padding: rsvd(7),
  },
  SAVE_RESTORE,
);
