import { hv_input_map_device_gpa_pages } from '../../abi/hv/device-attach.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_ATTACH_DEVICE_DOMAIN,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_DELETE_DEVICE_DOMAIN,
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../../abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { type DomainRules, RECORDED_RULES } from '../../hypervisor/iommu/iommu-options.js';
import { RECORDED_FORM } from '../../hypervisor/iommu/recorded-host.js';
import type { FormRules } from '../../hypervisor/partition-options.js';
import type { RecordedCall } from './recorded-call.js';

const {
  HV_STATUS_OPERATION_DENIED: OPERATION_DENIED,
  HV_STATUS_KEY_ALREADY_EXISTS: KEY_EXISTS,
  HV_STATUS_DEVICE_ALREADY_IN_DOMAIN: ALREADY_IN_DOMAIN,
  HV_STATUS_INVALID_DEVICE_STATE: INVALID_DEVICE_STATE,
  HV_STATUS_INVALID_HYPERCALL_INPUT: INVALID_INPUT,
} = hv_status;

/** Rep calls that a replay makes. */
const REP_CODES: readonly number[] = [
  HVCALL_DEPOSIT_MEMORY.code,
  HVCALL_MAP_DEVICE_GPA_PAGES.code,
  HVCALL_UNMAP_DEVICE_GPA_PAGES.code,
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST.code,
];
/** HV_HYPERCALL_RSVD_MASK. */
const RESERVED = 0xf000_f000_f800_0000n;

/** Statuses that only one situation of a call has, by the rule that names it. */
const TELLING: readonly {
  readonly rule: 'createAgain' | 'attachAgain' | 'deleteBusy';
  readonly code: number;
  readonly statuses: readonly number[];
}[] = [
  { rule: 'createAgain', code: HVCALL_CREATE_DEVICE_DOMAIN.code, statuses: [OPERATION_DENIED, KEY_EXISTS] },
  { rule: 'attachAgain', code: HVCALL_ATTACH_DEVICE_DOMAIN.code, statuses: [ALREADY_IN_DOMAIN] },
  { rule: 'deleteBusy', code: HVCALL_DELETE_DEVICE_DOMAIN.code, statuses: [INVALID_DEVICE_STATE] },
];

/** Rules of a host that are not those of the recorded series. */
export interface ReplayRules {
  readonly domains: Partial<DomainRules>;
  readonly form: FormRules;
}

/** Where the answers say so: another hypervisor recorded them, such as this one with the rules that it has by itself. */
export function replayRules(calls: readonly RecordedCall[]): ReplayRules {
  const domains: Partial<Record<'createAgain' | 'attachAgain' | 'deleteBusy', number>> = {};
  for (const { rule, code, statuses } of TELLING) {
    const told = calls.find((call) => call.code === code && statuses.includes(call.status))?.status;
    if (told !== undefined && told !== RECORDED_RULES[rule]) domains[rule] = told;
  }
  const isRepCall = ({ code, control }: RecordedCall) => REP_CODES.includes(code) && (control & RESERVED) === 0n;
  const noReps = calls.find((call) => isRepCall(call) && call.reps === 0)?.status;
  const crossing = calls.find((call) => isRepCall(call) && leavesPage(call) && call.status === INVALID_INPUT)?.status;
  return {
    domains,
    form: {
      ...(noReps === undefined || noReps === RECORDED_FORM.noReps ? {} : { noReps }),
      ...(crossing === undefined ? {} : { crossing }),
    },
  };
}

export function countRules({ domains, form }: ReplayRules): number {
  return Object.keys(domains).length + Object.keys(form).length;
}

function leavesPage({ code, inputGpa, reps }: RecordedCall): boolean {
  const length = hv_input_map_device_gpa_pages.size + 8 * reps;
  return code === HVCALL_MAP_DEVICE_GPA_PAGES.code && (inputGpa % HV_HYP_PAGE_SIZE) + length > HV_HYP_PAGE_SIZE;
}
