import { hv_status } from '../../abi/hv/status.js';
import { hv_flush_flags } from '../../abi/hv/tlb.js';
import { hv_generic_set_format } from '../../abi/hv/vp-set.js';
import {
  HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST,
  HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX,
  HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE,
  HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX,
} from '../../abi/hypercalls/tlb.js';
import type { GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import type { FlushRequest } from '../partition-options.js';
import { vpsOfMask, vpsOfSparseSet } from './vp-set.js';

const { HV_STATUS_SUCCESS: SUCCESS, HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER } = hv_status;

// Fields of hv_tlb_flush and hv_tlb_flush_ex: guests flush too often for a decoded object each.
const SPACE_AT = 0;
const FLAGS_AT = 8;
const MASK_AT = 16;
const FORMAT_AT = 16;
const BANK_MASK_AT = 24;
const BANKS_AT = 32;

const KNOWN_FLAGS =
  hv_flush_flags.HV_FLUSH_ALL_PROCESSORS |
  hv_flush_flags.HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES |
  hv_flush_flags.HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY |
  hv_flush_flags.HV_FLUSH_USE_EXTENDED_RANGE_FORMAT;

/** What the flushes need of a partition. */
export interface FlushPartition {
  readonly arch: 'x64' | 'arm64';
  readonly vps: readonly number[];
  readonly options: { readonly lenient?: boolean; readonly onFlush?: (request: FlushRequest) => void };
}

/**
 * Flushes of address spaces and of lists of ranges, 0x02, 0x03, 0x13 and 0x14. The hypervisor holds no translations: a good
 * call is handed to `onFlush` and done. Reserved flags and sets that do not add up are HV_STATUS_INVALID_PARAMETER, and so is
 * the format of all VPs (openvmm vm/hv1/hv1_hypercall/src/imp.rs); VPs that do not exist are passed over. arm64 has other
 * means to flush.
 */
export function serveTlbFlush(calls: CallRegistry, core: FlushPartition): void {
  if (core.arch !== 'x64') return;
  const flush = new TlbFlush(core);
  calls.serve(HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE, (call) => flush.masked(call));
  calls.serve(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST, (call) => flush.masked(call));
  calls.serve(HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, (call) => flush.sparse(call));
  calls.serve(HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, (call) => flush.sparse(call));
}

class TlbFlush {
  private readonly core: FlushPartition;

  constructor(core: FlushPartition) {
    this.core = core;
  }

  masked(call: GuestCall): number {
    const { input } = call;
    if (!this.flagsAreKnown(input)) return INVALID_PARAMETER;
    if (this.core.options.onFlush === undefined) return SUCCESS;
    const named: number[] = [];
    vpsOfMask(input.getUint32(MASK_AT, true), input.getUint32(MASK_AT + 4, true), 0, named);
    return this.flush(call, named);
  }

  sparse(call: GuestCall): number {
    const { input } = call;
    if (!this.flagsAreKnown(input)) return INVALID_PARAMETER;
    if (isForAll(input)) return this.flush(call, []);
    const isSparse =
      input.getUint32(FORMAT_AT, true) === hv_generic_set_format.HV_GENERIC_SET_SPARSE_4K &&
      input.getUint32(FORMAT_AT + 4, true) === 0;
    const named = isSparse ? vpsOfSparseSet(input, BANK_MASK_AT, BANKS_AT, call.varQwords) : undefined;
    return named === undefined ? INVALID_PARAMETER : this.flush(call, named);
  }

  private flagsAreKnown(input: DataView): boolean {
    if (this.core.options.lenient === true) return true;
    return (input.getUint32(FLAGS_AT, true) & ~KNOWN_FLAGS) === 0 && input.getUint32(FLAGS_AT + 4, true) === 0;
  }

  private flush(call: GuestCall, named: readonly number[]): number {
    const { vps, options } = this.core;
    const { input, vp, listAt, repStart, repEnd } = call;
    options.onFlush?.({
      vp,
      vps: isForAll(input) ? [...vps] : vps.filter((index) => named.includes(index)),
      addressSpace: input.getBigUint64(SPACE_AT, true),
      flags: input.getUint32(FLAGS_AT, true) & KNOWN_FLAGS,
      ranges: Array.from({ length: repEnd - repStart }, (_, i) =>
        input.getBigUint64(listAt + 8 * (repStart + i), true),
      ),
    });
    return SUCCESS;
  }
}

/** The set of processors is not looked at then. */
function isForAll(input: DataView): boolean {
  return (input.getUint32(FLAGS_AT, true) & hv_flush_flags.HV_FLUSH_ALL_PROCESSORS) !== 0;
}
