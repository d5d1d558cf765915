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
import { type DomainRules, RECORDED_RULES } from '../../hypervisor/iommu/iommu-options.js';
import { RECORDED_FORM } from '../../hypervisor/iommu/recorded-host.js';
import type { FormRules } from '../../hypervisor/partition-options.js';
import { isListInPage, type RecordedCall } from './recorded-call.js';

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

export const USUAL_REPLAY_RULES: ReplayRules = { domains: {}, form: {} };

/** A rule, and the event that may tell it. */
export interface PossibleRule {
  readonly rules: ReplayRules;
  readonly teller: number;
}

/**
 * Rules that the answers may tell: another hypervisor recorded them, such as this one with the rules that it has by itself. One
 * altered answer may look like one, too: which of them hold is for a replay to say.
 */
export function possibleRules(calls: readonly RecordedCall[]): PossibleRule[] {
  const found: PossibleRule[] = [];
  const add = (call: RecordedCall | undefined, rules: Partial<ReplayRules>) => {
    if (call !== undefined) found.push({ rules: { ...USUAL_REPLAY_RULES, ...rules }, teller: call.n });
  };
  for (const { rule, code, statuses } of TELLING) {
    const isUnusual = ({ status }: RecordedCall) => statuses.includes(status) && status !== RECORDED_RULES[rule];
    const teller = calls.find((call) => call.code === code && isUnusual(call));
    add(teller, { domains: { [rule]: teller?.status } });
  }
  const sound = calls.filter((call) => REP_CODES.includes(call.code) && (call.control & RESERVED) === 0n);
  const withoutReps = mostlyAnswered(sound.filter(({ reps, status }) => reps === 0 && status !== RECORDED_FORM.noReps));
  if (withoutReps !== undefined) add(withoutReps, { form: { noReps: withoutReps.status } });
  const crossing = sound.find((call) => !isListInPage(call) && call.status === INVALID_INPUT);
  if (crossing !== undefined) add(crossing, { form: { crossing: crossing.status } });
  return found;
}

export function joinRules(one: ReplayRules, other: ReplayRules): ReplayRules {
  return { domains: { ...one.domains, ...other.domains }, form: { ...one.form, ...other.form } };
}

/** The first of the calls with the status that most of them have. */
export function mostlyAnswered(calls: readonly RecordedCall[]): RecordedCall | undefined {
  const counts = new Map<number, number>();
  for (const { status } of calls) counts.set(status, (counts.get(status) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return calls.find(({ status }) => counts.get(status) === most);
}
