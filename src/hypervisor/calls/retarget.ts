import {
  hv_device_interrupt_target,
  hv_device_interrupt_target_flags,
  hv_interrupt_source,
} from '../../abi/hv/interrupt.js';
import { hv_retarget_device_interrupt } from '../../abi/hv/msi.js';
import { hv_status } from '../../abi/hv/status.js';
import { hv_generic_set_format } from '../../abi/hv/vp-set.js';
import { HVCALL_RETARGET_INTERRUPT } from '../../abi/hypercalls/interrupts.js';
import type { CallHandler, GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import { offsetOf } from '../field-offset.js';
import type { PartitionCore } from '../partition-core.js';
import { vpsOfMask, vpsOfSparseSet } from './vp-set.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID,
  HV_STATUS_INVALID_DEVICE_ID: INVALID_DEVICE_ID,
} = hv_status;
const { HV_DEVICE_INTERRUPT_TARGET_MULTICAST: MULTICAST, HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET: PROCESSOR_SET } =
  hv_device_interrupt_target_flags;
/** HvInterruptTargetFlags.proxy_redirect of OpenVMM. */
const PROXY_REDIRECT = 4;
const KNOWN_FLAGS = MULTICAST | PROCESSOR_SET | PROXY_REDIRECT;

/** HVCALL_RETARGET_INTERRUPT, with the checks of microsoft/openvmm vm/hv1/hv1_hypercall/src/imp.rs and those of its APIC. */
export function serveRetarget(calls: CallRegistry, partition: PartitionCore): void {
  calls.serve(HVCALL_RETARGET_INTERRUPT, retarget(partition));
}

function retarget(partition: PartitionCore): CallHandler {
  const layout = hv_retarget_device_interrupt[partition.arch];
  const entry = offsetOf(layout, 'int_entry');
  const target = offsetOf(layout, 'int_target');
  const deviceAt = offsetOf(layout, 'device_id');
  const words = entry + 8;
  const flagsAt = target + offsetOf(hv_device_interrupt_target, 'flags');
  // An arm64 message is an address of 64 bits, data and padding; that of x64 two words.
  const dataAt = partition.arch === 'arm64' ? words + 8 : words + 4;
  return (call) => {
    const { input } = call;
    if (!partition.isSelf(input.getBigUint64(0, true))) return INVALID_PARTITION_ID;
    const flags = input.getUint32(flagsAt, true);
    if ((flags & ~KNOWN_FLAGS) !== 0) return INVALID_PARAMETER;
    if (input.getUint32(entry, true) !== hv_interrupt_source.HV_INTERRUPT_SOURCE_MSI) return INVALID_PARAMETER;
    const vps = targetVps(call, flags, flagsAt + 4);
    if (vps === undefined || vps.some((vp) => partition.vp(vp) === undefined)) return INVALID_PARAMETER;
    const deviceId = input.getBigUint64(deviceAt, true);
    if (!partition.interrupts.knows(deviceId)) return INVALID_DEVICE_ID;
    const address = partition.arch === 'arm64' ? input.getBigUint64(words, true) : BigInt(input.getUint32(words, true));
    const found = partition.interrupts.retarget(
      deviceId,
      { address, data: input.getUint32(dataAt, true) },
      { vector: input.getUint32(target, true), vps, lowestPriority: (flags & MULTICAST) === 0 },
    );
    return found ? SUCCESS : INVALID_PARAMETER;
  };
}

/** VPs of a plain mask, or of a sparse set in the variable header: its mask of banks, then the banks. */
export function targetVps({ input, listAt, varQwords }: GuestCall, flags: number, setAt: number): number[] | undefined {
  if ((flags & PROCESSOR_SET) === 0) {
    const vps: number[] = [];
    vpsOfMask(input.getUint32(setAt, true), input.getUint32(setAt + 4, true), 0, vps);
    return vps;
  }
  const format = input.getBigUint64(setAt, true);
  if (format !== BigInt(hv_generic_set_format.HV_GENERIC_SET_SPARSE_4K) || varQwords === 0) return undefined;
  const maskAt = listAt - 8 * varQwords;
  return vpsOfSparseSet(input, maskAt, maskAt + 8, varQwords - 1);
}
