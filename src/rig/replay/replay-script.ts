import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_ATTACH_DEVICE,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../../abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import type { DeviceDomains } from '../../hypervisor/iommu/device-domains.js';
import type { RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { mapTargetOf, TABLE_PAGES } from './map-target.js';
import { frameOf, isListInPage, type RecordedCall } from './recorded-call.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY,
  HV_STATUS_INSUFFICIENT_ROOT_MEMORY: INSUFFICIENT_ROOT,
  HV_STATUS_INSUFFICIENT_CONTIGUOUS_MEMORY: INSUFFICIENT_CONTIGUOUS,
  HV_STATUS_INSUFFICIENT_CONTIGUOUS_ROOT_MEMORY: INSUFFICIENT_CONTIGUOUS_ROOT,
} = hv_status;

/** Statuses that say what memory there is not; no page is refused with them. */
const MEMORY_STATUSES: readonly number[] = [
  INSUFFICIENT_MEMORY,
  INSUFFICIENT_ROOT,
  INSUFFICIENT_CONTIGUOUS,
  INSUFFICIENT_CONTIGUOUS_ROOT,
];

/**
 * What is taken from the recording because no call tells it: what the host did for reasons of its own, and rules that are not those
 * of the recorded series.
 */
export type Scripted =
  | 'in parts'
  | 'no memory'
  | 'refused page'
  | 'refused list'
  | 'refused deposit'
  | 'starved attachment'
  | 'unknown device'
  | 'call not served'
  | 'another rule';

/** What has a host do with one call as the recorded one did. */
export interface CallPlan {
  readonly why: Scripted;
  /** The call fails at this rep. */
  readonly stop?: { readonly rep: number; readonly status: number };
  /** Reps before the call comes back. */
  readonly mostReps?: number;
  /** There is not a page for domains and tables. */
  readonly noPool?: boolean;
  /** There is no memory for a direct attachment. */
  readonly isStarved?: boolean;
  /** This page frame is no memory. */
  readonly refusedFrame?: number;
}

/** What plans are made with. */
export interface ScriptRules {
  /** What the host does by rule: given, or told by the recording as a whole. */
  readonly knobs: RecordedHostKnobs;
  /** Those of them that hold whatever the recording says. */
  readonly given: RecordedHostKnobs;
  /** Events whose results are not followed. */
  readonly distrusted: ReadonlySet<number>;
}

/**
 * Has a host stop where a recorded one did for reasons of its own: after a part of the reps, for want of memory, at a page, a
 * deposit or a flush list that it does not like, at a direct attachment. Undefined where a rule says the same. Reasons that the
 * caller gives, such as a page that is mapped already, are the host's to find, and so is the form of a call.
 */
export function planOf(call: RecordedCall, domains: DeviceDomains, rules: ScriptRules): CallPlan | undefined {
  if (rules.distrusted.has(call.n)) return undefined;
  const { code, status } = call;
  const { knobs } = rules;
  switch (code) {
    case HVCALL_MAP_DEVICE_GPA_PAGES.code:
    case HVCALL_UNMAP_DEVICE_GPA_PAGES.code:
      return status === SUCCESS ? partOf(call, rules) : failedMap(call, domains, rules);
    case HVCALL_CREATE_DEVICE_DOMAIN.code:
      return status === INSUFFICIENT_MEMORY && knobs.domPool === undefined
        ? { why: 'no memory', noPool: true }
        : undefined;
    case HVCALL_ATTACH_DEVICE.code:
      return status === INSUFFICIENT_MEMORY && knobs.starveAttach === undefined
        ? { why: 'starved attachment', isStarved: true }
        : undefined;
    case HVCALL_FLUSH_DEVICE_DOMAIN_LIST.code:
      return status === SUCCESS ? partOf(call, rules) : refusedList(call, rules);
    case HVCALL_DEPOSIT_MEMORY.code:
      return status === SUCCESS ? partOf(call, { ...rules, knobs: {}, given: {} }) : refusedDeposit(call);
    default:
      return undefined;
  }
}

function partOf(call: RecordedCall, { knobs, given }: ScriptRules): CallPlan | undefined {
  const { start, reps, done } = call;
  const byRule = Math.min(reps, start + (knobs.domChunk ?? reps));
  if (done === byRule || done <= start || done > reps || given.domChunk !== undefined) return undefined;
  return isListInPage(call) ? { why: 'in parts', mostReps: done - start } : undefined;
}

function failedMap(call: RecordedCall, domains: DeviceDomains, { knobs, given }: ScriptRules): CallPlan | undefined {
  const { code, reps, start, status, done } = call;
  const { domain, page } = mapTargetOf(call, domains);
  const map = domain?.map;
  // An unmap needs nothing, and takes whatever page is mapped.
  if (code !== HVCALL_MAP_DEVICE_GPA_PAGES.code || map === undefined || done < start || done >= reps) return undefined;
  const stop = { rep: done, status };
  const at = page + done;
  if (at >= map.limit || map.permissionsOf(at) !== 0) return undefined;
  if (MEMORY_STATUSES.includes(status)) {
    const isFirst = done === start || at % TABLE_PAGES === 0;
    return isFirst && map.missingTables(at) > 0 && knobs.domPool === undefined
      ? { why: 'no memory', stop, mostReps: reps }
      : undefined;
  }
  const byRule =
    knobs.domBad?.includes(frameOf(call, done) ?? -1) && status === (knobs.domBadStatus ?? INVALID_PARAMETER);
  return byRule || given.domBad !== undefined ? undefined : { why: 'refused page', stop, mostReps: reps };
}

function refusedList({ start, done, status }: RecordedCall, { knobs, given }: ScriptRules): CallPlan | undefined {
  if (given.refuseList !== undefined || status === knobs.refuseList) return undefined;
  return { why: 'refused list', stop: { rep: Math.max(start, done), status } };
}

/** The hypervisor says which frame it does not take; why, it does not say. */
function refusedDeposit(call: RecordedCall): CallPlan | undefined {
  const frame = frameOf(call, call.done);
  return call.status === INVALID_PARAMETER && frame !== undefined
    ? { why: 'refused deposit', refusedFrame: frame }
    : undefined;
}
