import { hv_status } from '../../abi/hv/status.js';
import type { Hypercall } from '../../layout/hypercall.js';
import type { CallHandler, GuestCall } from '../call-frame.js';
import type { CallRegistry, CallSizes } from '../call-registry.js';
import type { IommuOptions } from './iommu-options.js';

/** Serves a call that has no reps of its own to fail at. */
export type ServeChecked = (call: Hypercall, handle: CallHandler, sizes?: CallSizes) => void;

/** Calls that `failAt` can refuse as a whole, before anything is done. */
export function serveChecked(calls: CallRegistry, { failAt }: IommuOptions): ServeChecked {
  return (call, handle, sizes) => {
    const checked: CallHandler =
      failAt === undefined
        ? handle
        : (made) => {
            const status = failAt({ code: made.code, rep: made.repStart, page: -1, frame: -1 });
            return status === undefined || status === hv_status.HV_STATUS_SUCCESS ? handle(made) : status;
          };
    calls.serve(call, checked, sizes);
  };
}

/** One past the last rep that a call does before it comes back. */
export function endOfPart({ code, repStart, repEnd }: GuestCall, { maxRepsPerCall }: IommuOptions): number {
  if (maxRepsPerCall === undefined) return repEnd;
  const most = typeof maxRepsPerCall === 'number' ? maxRepsPerCall : maxRepsPerCall(code);
  return Math.min(repEnd, repStart + Math.max(1, most));
}
