import { hv_status } from '../abi/hv/status.js';
import type { Errno } from '../ports/outcome.js';

const INVALID: ReadonlySet<number> = new Set([
  hv_status.HV_STATUS_INVALID_HYPERCALL_CODE,
  hv_status.HV_STATUS_INVALID_HYPERCALL_INPUT,
  hv_status.HV_STATUS_INVALID_PARAMETER,
  hv_status.HV_STATUS_INVALID_PARTITION_ID,
  hv_status.HV_STATUS_INVALID_VP_INDEX,
  hv_status.HV_STATUS_INVALID_PORT_ID,
  hv_status.HV_STATUS_INVALID_CONNECTION_ID,
  hv_status.HV_STATUS_INVALID_LP_INDEX,
  hv_status.HV_STATUS_INVALID_REGISTER_VALUE,
]);

const MEMORY: ReadonlySet<number> = new Set([
  hv_status.HV_STATUS_INSUFFICIENT_MEMORY,
  hv_status.HV_STATUS_INSUFFICIENT_ROOT_MEMORY,
  hv_status.HV_STATUS_INSUFFICIENT_CONTIGUOUS_MEMORY,
  hv_status.HV_STATUS_INSUFFICIENT_CONTIGUOUS_ROOT_MEMORY,
]);

/** True for the statuses that a deposit can cure (hv_result_needs_memory, drivers/hv/hv_proc.c). */
export function needsMemory(status: number): boolean {
  return MEMORY.has(status);
}

/**
 * True for a result word, given as halves, of all ones: there is no hypercall page, so that nobody answered
 * (hv_result_to_errno, drivers/hv/hv_common.c).
 */
export function isNoAnswer(resultLo: number, resultHi: number): boolean {
  return resultLo === 0xffffffff && resultHi === 0xffffffff;
}

/** Errno of a result word given as halves; undefined for success. */
export function errnoOf(resultLo: number, resultHi: number): Errno | undefined {
  if (isNoAnswer(resultLo, resultHi)) return 'EOPNOTSUPP';
  const status = resultLo & 0xffff;
  if (status === hv_status.HV_STATUS_SUCCESS) return undefined;
  if (INVALID.has(status)) return 'EINVAL';
  return MEMORY.has(status) ? 'ENOMEM' : 'EIO';
}
