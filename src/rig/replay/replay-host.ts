import { hv_features_ebx, hyperv_cpuid } from '../../abi/hv/cpuid.js';
import { hv_input_attach_device } from '../../abi/hv/device-attach.js';
import {
  hv_device_iommu_flags,
  hv_input_get_logical_device_property,
  hv_output_get_iommu_capabilities,
  hv_output_get_logical_device_property,
} from '../../abi/hv/device-domain-flush.js';
import { hv_device_type } from '../../abi/hv/device-id.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_ATTACH_DEVICE,
  HVCALL_ATTACH_DEVICE_DOMAIN,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_DELETE_DEVICE_DOMAIN,
  HVCALL_DETACH_DEVICE,
  HVCALL_DETACH_DEVICE_DOMAIN,
  HVCALL_GET_IOMMU_CAPABILITIES,
  HVCALL_GET_LOGICAL_DEVICE_PROPERTY,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../../abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import { HVCALL_GET_PARTITION_ID } from '../../abi/hypercalls/partition.js';
import type { Event } from '../../capture/event.js';
import { HV_PARTITION_ID_SELF } from '../../hypercall/deposit.js';
import { RECORDED_CALLER, type RecordedCaller, type RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { codecOf } from '../../layout/codec.js';
import { abandonedCalls, isDone, type RecordedCall } from './recorded-call.js';
import { type ReplayRules, USUAL_REPLAY_RULES } from './replay-rules.js';
import type { Scripted } from './replay-script.js';

const capabilities = codecOf(hv_output_get_iommu_capabilities);
const propertyInput = codecOf(hv_input_get_logical_device_property.of['series-pviommu']);
const propertyOutput = codecOf(hv_output_get_logical_device_property);
const LOGICAL = BigInt(hv_device_type.HV_DEVICE_TYPE_LOGICAL);
/** Low qword of a device id, where a list of them has one. */
const DEVICE_AT = hv_input_attach_device.slots.find(({ key }) => key === 'device_id')!.offset;

/** Calls that begin with the partition that a device, or memory, is for. */
const NAMES_GUEST: ReadonlySet<number> = new Set([
  HVCALL_ATTACH_DEVICE.code,
  HVCALL_DETACH_DEVICE.code,
  HVCALL_DEPOSIT_MEMORY.code,
]);
/** Calls that an L1VH of the series has no use for: it attaches directly. */
const DOMAIN_CODES: readonly number[] = [
  HVCALL_CREATE_DEVICE_DOMAIN.code,
  HVCALL_ATTACH_DEVICE_DOMAIN.code,
  HVCALL_DETACH_DEVICE_DOMAIN.code,
  HVCALL_DELETE_DEVICE_DOMAIN.code,
  HVCALL_MAP_DEVICE_GPA_PAGES.code,
  HVCALL_UNMAP_DEVICE_GPA_PAGES.code,
];
const NO_WIDTH = -1;
const LEAST_WIDTH = 13;
const MOST_WIDTH = 64;

/** What a recording tells of the host that answered. */
export interface ReplayHost {
  readonly caller: RecordedCaller;
  /** Partition privileges of the caller (0x40000003 EBX), or those that its calls need where the recording does not have them. */
  readonly privileges: number;
  /** What the host does by rule: what is given, and what the recording tells. */
  readonly knobs: RecordedHostKnobs;
  /** Those that were given: they stand, whatever is recorded. */
  readonly given: RecordedHostKnobs;
  /** The caller's own. */
  readonly partitionId: bigint;
  readonly vps: readonly number[];
  /** Logical devices that are not behind the IOMMU (0x127). */
  readonly disabled: ReadonlySet<bigint>;
  /** Devices that are not there. */
  readonly unknown: ReadonlySet<bigint>;
  /** An L1VH has domains besides direct attachments. */
  readonly hasL1vhDomains: boolean;
  /** Codes that were answered with HV_STATUS_INVALID_HYPERCALL_CODE, always. */
  readonly unserved: readonly number[];
  readonly rules: ReplayRules;
  /** Events whose results are taken for altered: nothing is done because they say so. */
  readonly distrusted: ReadonlySet<number>;
  /** Events that told the rules, unknown devices and codes that are not served, by what they told. */
  readonly tellers: ReadonlyMap<Scripted, readonly number[]>;
  /** Events that the settings in `knobs` explain, by what they would have been taken for without. */
  readonly explained: ReadonlyMap<Scripted, readonly number[]>;
}

/**
 * Who called, from the CPUID table of the `setup` event and from the calls; capabilities from what was answered; partitions,
 * and VPs from who is named. What is `given` stands.
 */
export function replayHost(
  setup: Event | undefined,
  calls: readonly RecordedCall[],
  given: RecordedHostKnobs,
): ReplayHost {
  const privileges = privilegesOf(setup);
  const caller = callerOf(privileges, calls);
  const partitionId = partitionIdOf(calls);
  const { iovaWidth = NO_WIDTH, ...others } = capabilitiesOf(calls);
  // A width that no map has cannot be a root's; then the answers differ, and that is said.
  const hasWidth =
    iovaWidth !== NO_WIDTH && (caller !== 'root' || (iovaWidth >= LEAST_WIDTH && iovaWidth <= MOST_WIDTH));
  return {
    caller,
    privileges: privileges ?? neededPrivileges(calls),
    knobs: { guests: guestsOf(calls, partitionId), ...others, ...(hasWidth ? { iovaWidth } : {}), ...given },
    given,
    partitionId,
    vps: [...new Set([0, ...calls.map(({ vp }) => vp)])].sort((a, b) => a - b),
    disabled: disabledOf(calls),
    unknown: new Set(),
    hasL1vhDomains: caller === 'l1vh' && calls.some(isServedDomainCall),
    unserved: [],
    rules: USUAL_REPLAY_RULES,
    distrusted: new Set(abandonedCalls(calls).map(({ n }) => n)),
    explained: new Map(),
    tellers: partitionId === RECORDED_CALLER ? new Map() : new Map([['another rule', [idTeller(calls)]]]),
  };
}

function privilegesOf(setup: Event | undefined): number | undefined {
  const table: unknown = setup?.cpuid;
  if (!Array.isArray(table)) return undefined;
  const rows = table.filter((row): row is unknown[] => Array.isArray(row));
  const found = rows.find(([leaf]) => Number(leaf) === hyperv_cpuid.HYPERV_CPUID_FEATURES);
  return found === undefined ? undefined : Number(found[2]);
}

/** Linux tells root, L1VH and guest apart by the same two bits (arch/x86/kernel/cpu/mshyperv.c). */
function callerOf(privileges: number | undefined, calls: readonly RecordedCall[]): RecordedCaller {
  const direct = calls.filter(({ code }) => code === HVCALL_ATTACH_DEVICE.code);
  const namesLogical = ({ header }: RecordedCall) => header.getBigUint64(DEVICE_AT, true) >> 62n === LOGICAL;
  if (direct.length > 0 && direct.every(namesLogical)) return 'l1vh';
  if (privileges !== undefined) {
    if ((privileges & hv_features_ebx.HV_CREATE_PARTITIONS) === 0) return 'guest';
    return (privileges & hv_features_ebx.HV_CPU_MANAGEMENT) === 0 ? 'l1vh' : 'root';
  }
  const rootCodes: readonly number[] = [
    HVCALL_ATTACH_DEVICE.code,
    HVCALL_MAP_DEVICE_GPA_PAGES.code,
    HVCALL_UNMAP_DEVICE_GPA_PAGES.code,
  ];
  return calls.some(({ code }) => rootCodes.includes(code)) ? 'root' : 'guest';
}

/** True for a call of domains that the host had. */
function isServedDomainCall({ code, status }: RecordedCall): boolean {
  return DOMAIN_CODES.includes(code) && status !== hv_status.HV_STATUS_INVALID_HYPERCALL_CODE;
}

/** What 0x46 was answered, if it was answered the same each time. */
function partitionIdOf(calls: readonly RecordedCall[]): bigint {
  const answers = calls.filter((call) => call.code === HVCALL_GET_PARTITION_ID.code && isDone(call));
  const ids = new Set(answers.map(({ output }) => (output.length < 8 ? RECORDED_CALLER : qwordOf(output))));
  const [id] = ids;
  return ids.size === 1 && id !== undefined && id !== 0n && id !== HV_PARTITION_ID_SELF ? id : RECORDED_CALLER;
}

function idTeller(calls: readonly RecordedCall[]): number {
  return calls.find(({ code }) => code === HVCALL_GET_PARTITION_ID.code)!.n;
}

function qwordOf(output: Uint8Array): bigint {
  return new DataView(output.buffer, output.byteOffset, output.byteLength).getBigUint64(0, true);
}

function neededPrivileges(calls: readonly RecordedCall[]): number {
  const asksForId = calls.some((call) => call.code === HVCALL_GET_PARTITION_ID.code && isDone(call));
  return asksForId ? hv_features_ebx.HV_ACCESS_PARTITION_ID : 0;
}

function guestsOf(calls: readonly RecordedCall[], partitionId: bigint): bigint[] {
  const named = calls.filter(({ code }) => NAMES_GUEST.has(code));
  const known = named.filter(({ status }) => status !== hv_status.HV_STATUS_INVALID_PARTITION_ID);
  const ids = new Set(known.map(({ header }) => header.getBigUint64(0, true)));
  return [...ids].filter((id) => id !== HV_PARTITION_ID_SELF && id !== partitionId);
}

function capabilitiesOf(calls: readonly RecordedCall[]): RecordedHostKnobs {
  const answer = calls.find((call) => call.code === HVCALL_GET_IOMMU_CAPABILITIES.code && isDone(call))?.output;
  if (answer === undefined || answer.length < hv_output_get_iommu_capabilities.size) return {};
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const { max_iova_width, max_pasid_width, iommu_cap, pgsize_bitmap } = capabilities.decodeAt(view, 0);
  return {
    iovaWidth: max_iova_width,
    pasidWidth: max_pasid_width,
    caps: iommu_cap,
    pgSizes: pgsize_bitmap,
  };
}

function disabledOf(calls: readonly RecordedCall[]): ReadonlySet<bigint> {
  const disabled = new Set<bigint>();
  for (const call of calls) {
    const { output } = call;
    if (call.code !== HVCALL_GET_LOGICAL_DEVICE_PROPERTY.code || !isDone(call)) continue;
    if (output.length < hv_output_get_logical_device_property.size) continue;
    const { device_iommu } = propertyOutput.decodeAt(new DataView(output.buffer, output.byteOffset, output.length), 0);
    const isEnabled = (device_iommu & BigInt(hv_device_iommu_flags.HV_DEVICE_IOMMU_ENABLED)) !== 0n;
    if (!isEnabled) disabled.add(propertyInput.decodeAt(call.header, 0).logical_device_id);
  }
  return disabled;
}
