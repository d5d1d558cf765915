import type { PerArch } from '../../layout/group.js';
import { type Hypercall, hypercall } from '../../layout/hypercall.js';
import { CheckSparseGpaPageVtlAccess, ModifyVtlProtectionMask } from '../hv/openvmm-memory.js';
import { EnablePartitionVtl, EnableVpVtlArm64 } from '../hv/openvmm-vtl.js';
import { hv_enable_vp_vtl } from '../hv/vtl.js';
import { HVDEF } from '../openvmm-origin.js';
import { HVGDK_MINI } from '../origin.js';
import { hv_output_check_sparse_gpa_page_vtl_access } from './call-structs.js';

// Virtual trust levels.

// OpenVMM's arm64 context has 72 bytes instead of 224; Linux declares the x64 form for both.
const enableVpVtl: PerArch = {
  kind: 'perArch',
  name: 'hv_enable_vp_vtl',
  x64: hv_enable_vp_vtl,
  arm64: EnableVpVtlArm64,
};

export const HVCALL_ENABLE_VP_VTL = hypercall('HVCALL_ENABLE_VP_VTL', 0x000f, HVGDK_MINI, {
  input: enableVpVtl,
  alias: ['HvCallEnableVpVtl', 'HvX64EnableVpVtl', 'HvArm64EnableVpVtl'],
});

/** The code is all there is: anything else in the control word gives #UD instead of a status. */
const entry = { form: 'vtl' } as const;

export const HvCallVtlCall: Hypercall = {
  ...hypercall('HvCallVtlCall', 0x0011, HVDEF, { alias: ['HvVtlCall'], note: 'Enters the next higher VTL. Input 0.' }),
  ...entry,
};

export const HvCallVtlReturn: Hypercall = {
  ...hypercall('HvCallVtlReturn', 0x0012, HVDEF, {
    alias: ['HvVtlReturn'],
    note: 'Returns to the lower VTL. Input 0, or 1 for a fast return.',
  }),
  ...entry,
};

export const HvCallEnablePartitionVtl = hypercall('HvCallEnablePartitionVtl', 0x000d, HVDEF, {
  input: EnablePartitionVtl,
  alias: ['HvEnablePartitionVtl'],
});

export const HvCallModifyVtlProtectionMask = hypercall('HvCallModifyVtlProtectionMask', 0x000c, HVDEF, {
  input: ModifyVtlProtectionMask,
  rep: 'gpa_page_list',
  alias: ['HvModifyVtlProtectionMask'],
});

export const HvCallCheckSparseGpaPageVtlAccess = hypercall('HvCallCheckSparseGpaPageVtlAccess', 0x00d4, HVDEF, {
  input: CheckSparseGpaPageVtlAccess,
  output: hv_output_check_sparse_gpa_page_vtl_access,
  rep: 'gpa_page_list',
  outRep: 'results',
});
