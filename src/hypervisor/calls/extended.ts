import { hv_features_ebx } from '../../abi/hv/cpuid.js';
import { hv_status } from '../../abi/hv/status.js';
import { HV_EXT_CALL_QUERY_CAPABILITIES } from '../../abi/hypercalls/extended.js';
import type { CallRegistry } from '../call-registry.js';
import type { FeatureBits } from '../partition-options.js';

/** What the extended calls need of a partition. */
export interface ExtendedPartition {
  readonly options: { readonly extendedCapabilities?: bigint; readonly bits?: FeatureBits };
}

/**
 * HvExtCallQueryCapabilities, 0x8001: a mask of the extended calls. Served when there is an answer or the partition is told that it
 * may make extended calls, which then is a mask of none.
 */
export function serveExtended(calls: CallRegistry, { options }: ExtendedPartition): void {
  const { extendedCapabilities, bits } = options;
  const mayAsk = ((bits?.privileges ?? 0) & hv_features_ebx.HV_ENABLE_EXTENDED_HYPERCALLS) !== 0;
  if (extendedCapabilities === undefined && !mayAsk) return;
  const answer = extendedCapabilities ?? 0n;
  calls.serve(HV_EXT_CALL_QUERY_CAPABILITIES, ({ output }) => {
    output.setBigUint64(0, answer, true);
    return hv_status.HV_STATUS_SUCCESS;
  });
}
