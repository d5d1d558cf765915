import type { PerArch } from '../../layout/group.js';
import { hypercall } from '../../layout/hypercall.js';
import {
  hv_input_assert_virtual_interrupt,
  hv_input_get_vp_set_from_mda,
  hv_output_get_vp_set_from_mda,
} from '../hv/interrupt.js';
import {
  hv_input_map_device_interrupt,
  hv_input_unmap_device_interrupt,
  hv_output_map_device_interrupt,
} from '../hv/map-interrupt.js';
import { hv_retarget_device_interrupt } from '../hv/msi.js';
import { RetargetDeviceInterrupt } from '../hv/openvmm-interrupts.js';
import { hv_send_ipi, hv_send_ipi_ex } from '../hv/vp-set.js';
import { HVGDK_MINI, SERIES_PASSTHRU_2 } from '../origin.js';
import { hv_input_clear_virtual_interrupt } from './call-structs.js';

// Interrupts: devices, IPIs, targets.

export const HVCALL_SEND_IPI = hypercall('HVCALL_SEND_IPI', 0x000b, HVGDK_MINI, {
  input: hv_send_ipi,
  fast: 16,
  alias: ['HvCallSendSyntheticClusterIpi', 'HvSendSyntheticClusterIpi'],
  note: 'Two registers: vector and reserved word, then a mask of 64 VPs.',
});

export const HVCALL_SEND_IPI_EX = hypercall('HVCALL_SEND_IPI_EX', 0x0015, HVGDK_MINI, {
  input: hv_send_ipi_ex,
  varhead: 24,
  alias: ['HvCallSendSyntheticClusterIpiEx', 'HvSendSyntheticClusterIpiEx'],
  note: 'No banks with HV_GENERIC_SET_ALL.',
});

export const HVCALL_CLEAR_VIRTUAL_INTERRUPT = hypercall('HVCALL_CLEAR_VIRTUAL_INTERRUPT', 0x0056, HVGDK_MINI, {
  input: hv_input_clear_virtual_interrupt,
  fast: 8,
  alias: ['HvCallClearVirtualInterrupt'],
  note: 'The register carries the partition id.',
});

export const HVCALL_MAP_DEVICE_INTERRUPT = hypercall('HVCALL_MAP_DEVICE_INTERRUPT', 0x007c, HVGDK_MINI, {
  input: hv_input_map_device_interrupt,
  output: hv_output_map_device_interrupt,
  varhead: { x64: 72, arm64: 80 },
  alias: ['HvCallMapDeviceInterrupt'],
  note: 'vp_set.format is fixed, valid_bank_mask is the first variable qword: banks + 1.',
});

export const HVCALL_UNMAP_DEVICE_INTERRUPT = hypercall('HVCALL_UNMAP_DEVICE_INTERRUPT', 0x007d, HVGDK_MINI, {
  input: hv_input_unmap_device_interrupt,
  alias: ['HvCallUnmapDeviceInterrupt'],
});

// OpenVMM's struct ends in front of the processor set and has the same 16-byte entry on both architectures.
const retargetOpenvmm = { version: 'openvmm', type: RetargetDeviceInterrupt } as const;

const retargetDeviceInterrupt: PerArch = {
  kind: 'perArch',
  name: 'hv_retarget_device_interrupt',
  x64: {
    kind: 'versions',
    name: 'hv_retarget_device_interrupt',
    rows: [retargetOpenvmm, { version: 'linux-7.3', type: hv_retarget_device_interrupt.x64 }],
    of: { openvmm: RetargetDeviceInterrupt, 'linux-7.3': hv_retarget_device_interrupt.x64 },
  },
  arm64: {
    kind: 'versions',
    name: 'hv_retarget_device_interrupt',
    rows: [retargetOpenvmm, { version: 'linux-7.3', type: hv_retarget_device_interrupt.arm64 }],
    of: { openvmm: RetargetDeviceInterrupt, 'linux-7.3': hv_retarget_device_interrupt.arm64 },
  },
};

export const HVCALL_RETARGET_INTERRUPT = hypercall('HVCALL_RETARGET_INTERRUPT', 0x007e, HVGDK_MINI, {
  input: retargetDeviceInterrupt,
  varhead: { x64: 56, arm64: 64 },
  alias: ['HvCallRetargetDeviceInterrupt', 'HvRetargetDeviceInterrupt'],
  note: 'With PROCESSOR_SET the first variable qword is valid_bank_mask: banks + 1; with vp_mask there is no variable header.',
});

export const HVCALL_ASSERT_VIRTUAL_INTERRUPT = hypercall('HVCALL_ASSERT_VIRTUAL_INTERRUPT', 0x0094, HVGDK_MINI, {
  input: hv_input_assert_virtual_interrupt,
  alias: ['HvCallAssertVirtualInterrupt', 'HvAssertVirtualInterrupt'],
});

export const HVCALL_GET_VPSET_FROM_MDA = hypercall('HVCALL_GET_VPSET_FROM_MDA', 0x00e5, SERIES_PASSTHRU_2, {
  input: hv_input_get_vp_set_from_mda,
  output: hv_output_get_vp_set_from_mda,
  alias: ['HvCallGetVpSetFromMda'],
});
