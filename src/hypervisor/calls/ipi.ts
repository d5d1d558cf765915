import { hv_status } from '../../abi/hv/status.js';
import { hv_generic_set_format, hv_ipi_vector } from '../../abi/hv/vp-set.js';
import { HVCALL_SEND_IPI, HVCALL_SEND_IPI_EX } from '../../abi/hypercalls/interrupts.js';
import type { GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import { vpsOfMask, vpsOfSparseSet } from './vp-set.js';

const { HV_STATUS_SUCCESS: SUCCESS, HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER } = hv_status;

// Fields of hv_send_ipi and hv_send_ipi_ex: an IPI is too frequent for a decoded object.
const VECTOR_AT = 0;
const TARGET_VTL_AT = 4;
const MASK_AT = 8;
const FORMAT_AT = 8;
const BANK_MASK_AT = 16;
const BANKS_AT = 24;
/** HvInputVtl (TLFS): VTL 0, said explicitly. Linux calls the word reserved. */
const USE_TARGET_VTL = 1 << 4;

/** What IPIs need of a partition. */
export interface IpiPartition {
  readonly arch: 'x64' | 'arm64';
  readonly vps: readonly number[];
  vp(index: number): unknown;
  interrupt(vp: number, vector: number): void;
  /** Runs a task when the call in progress is over. */
  afterCall(task: () => void): void;
}

/**
 * Cluster IPIs, 0x0B and 0x15: the vector is delivered to every VP of the set that exists. A vector that no IPI may have, another
 * VTL than 0 and a set that does not add up are HV_STATUS_INVALID_PARAMETER. The format of all VPs is taken, which Linux sends.
 * On arm64 IPIs are the interrupt controller's.
 */
export function serveIpi(calls: CallRegistry, core: IpiPartition): void {
  if (core.arch !== 'x64') return;
  calls.serve(HVCALL_SEND_IPI, (call) => sendTo(core, call.input, vpsOfCluster(call)));
  calls.serve(HVCALL_SEND_IPI_EX, (call) => sendTo(core, call.input, vpsOfSet(core, call)));
}

function vpsOfCluster({ input }: GuestCall): number[] {
  const vps: number[] = [];
  vpsOfMask(input.getUint32(MASK_AT, true), input.getUint32(MASK_AT + 4, true), 0, vps);
  return vps;
}

function vpsOfSet(core: IpiPartition, { input, varQwords }: GuestCall): readonly number[] | undefined {
  if (input.getUint32(FORMAT_AT + 4, true) !== 0) return undefined;
  switch (input.getUint32(FORMAT_AT, true)) {
    case hv_generic_set_format.HV_GENERIC_SET_SPARSE_4K:
      return vpsOfSparseSet(input, BANK_MASK_AT, BANKS_AT, varQwords);
    case hv_generic_set_format.HV_GENERIC_SET_ALL:
      return core.vps;
    default:
      return undefined;
  }
}

function sendTo(core: IpiPartition, input: DataView, vps: readonly number[] | undefined): number {
  const vector = input.getUint32(VECTOR_AT, true);
  if (vps === undefined) return INVALID_PARAMETER;
  if (vector < hv_ipi_vector.HV_IPI_LOW_VECTOR || vector > hv_ipi_vector.HV_IPI_HIGH_VECTOR) return INVALID_PARAMETER;
  if ((input.getUint32(TARGET_VTL_AT, true) & ~USE_TARGET_VTL) !== 0) return INVALID_PARAMETER;
  core.afterCall(() => {
    for (const index of vps) if (core.vp(index) !== undefined) core.interrupt(index, vector);
  });
  return SUCCESS;
}
