import { hv_msi_address_register, hv_msi_data_register } from '../abi/hv/msi.js';
import { arm64Registers, x64Msrs } from '../abi/msr.js';
import { viewOf } from '../bytes/span.js';
import { decodeAt } from '../layout/codec.js';
import type { Issue } from '../layout/describe.js';
import { check } from '../layout/explain.js';
import type { AnyType, Arch } from '../layout/types.js';
import { deviceClass } from './device-class.js';
import { issue } from './locate.js';
import type { Session } from './session.js';

export interface Facts {
  readonly name?: string;
  readonly unknown: boolean;
  readonly issues: readonly Issue[];
  readonly facts: Readonly<Record<string, unknown>>;
}

type Event = Readonly<Record<string, unknown>>;

/** The VMBus interrupt: HYPERVISOR_CALLBACK_VECTOR on x86 (arch/x86/include/asm/irq_vectors.h), PPI 18 on arm64 (drivers/hv/vmbus_drv.c by DSDT). */
const CALLBACK_VECTOR = 0xf3;
const SINT_NAMES: Readonly<Record<number, string>> = {
  0: 'HV_SYNIC_INTERCEPTION_SINT_INDEX',
  1: 'HV_SYNIC_IOMMU_FAULT_SINT_INDEX',
  2: 'HV_SYNIC_VMBUS_SINT_INDEX',
  5: 'HV_SYNIC_DOORBELL_SINT_INDEX',
};

/** Name and plain facts of a record without bytes of its own. */
export function factsOf(kind: string, event: Event, session: Session, arch: Arch = 'x64'): Facts {
  switch (kind) {
    case 'rdmsr':
    case 'wrmsr':
      return register(event, arch);
    case 'synic_event':
      return eventFlag(event, session);
    case 'synic_message':
    case 'synic_pending':
      return known(kind === 'synic_pending' ? 'hv_message_flags.msg_pending' : undefined, {
        ...sint(event),
        slot_gpa: event.slot_gpa,
      });
    case 'msi':
    case 'intid':
      return interrupt(kind, event);
    case 'device_msi':
      return deviceMsi(event);
    case 'ring':
    case 'ring_control':
    case 'gpadl':
      return known(undefined, { ...channel(event, session), ...rest(event, ['raw', 'ctl']) });
    default:
      return known(undefined, rest(event, []));
  }
}

function known(name: string | undefined, facts: Readonly<Record<string, unknown>>): Facts {
  return { unknown: false, issues: [], facts, ...(name === undefined ? {} : { name }) };
}

function rest(event: Event, without: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(event).filter(([key]) => key !== 'n' && key !== 'k' && key !== 't_us' && !without.includes(key)),
  );
}

function sint(event: Event): Record<string, unknown> {
  const name = SINT_NAMES[Number(event.sint)];
  return { vp: event.vp, sint: event.sint, ...(name ? { sint_name: name } : {}) };
}

function channel(event: Event, session: Session): Record<string, unknown> {
  const found = session.find(Number(event.relid));
  const name = deviceClass(found?.classGuid);
  return { ...(name ? { class: name } : {}), ...(found?.instanceGuid ? { instance: found.instanceGuid } : {}) };
}

function eventFlag(event: Event, session: Session): Facts {
  return known('hv_synic_event_flags', { ...sint(event), flag: event.bit, ...channel({ relid: event.bit }, session) });
}

function interrupt(kind: string, event: Event): Facts {
  const number = Number(kind === 'msi' ? event.vector : event.intid);
  const name =
    kind === 'msi'
      ? number === CALLBACK_VECTOR
        ? 'HYPERVISOR_CALLBACK_VECTOR'
        : 'device vector'
      : number === 18
        ? 'VMBus PPI'
        : number >= 32
          ? 'SPI'
          : 'PPI';
  return known(name, rest(event, []));
}

function deviceMsi(event: Event): Facts {
  const value = (key: string): number => Number(event[key] ?? 0) >>> 0;
  const part = (type: AnyType, word: number): unknown => decodeAt(type, viewOf(Uint32Array.of(word)), 0);
  return known('device MSI', {
    address: { raw: event.address, ...(part(hv_msi_address_register, value('address')) as object) },
    data: { raw: event.data, ...(part(hv_msi_data_register, value('data')) as object) },
    target: event.target,
  });
}

/** MSR numbers of the hypervisor: the range that Linux's HV_X64_MSR_* lie in. */
const MSR_FIRST = 0x40000000;
const MSR_LAST = 0x4fffffff;

/** The row of a register by its number; arm64's own names (include/hyperv/hvgdk_mini.h) apart from the MSRs. */
function registerRow(number: number, arch: Arch) {
  const own = arch === 'arm64' ? arm64Registers.find((r) => r.number === number) : undefined;
  return own ?? x64Msrs.find((r) => r.number === number);
}

function register(event: Event, arch: Arch): Facts {
  const number = Number(event.msr);
  // Recordings of arm64 guests name their registers by the MSR number where one exists.
  const row = registerRow(number, arch);
  const base = { msr: event.msr, value: event.value, vp: event.vp };
  if (row === undefined) {
    const ours = number >= MSR_FIRST && number <= MSR_LAST;
    return {
      unknown: ours,
      issues: ours ? [issue('I_UNKNOWN', `no source names MSR 0x${number.toString(16)}`)] : [],
      facts: base,
    };
  }
  if (row.value === undefined) return known(row.name, base);
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt.asUintN(64, BigInt(String(event.value ?? 0))), true);
  const issues = check(row.value, view).filter((i) => i.code !== 'I_TAIL');
  return {
    name: row.name,
    unknown: false,
    issues,
    facts: { ...base, struct: row.value.name, fields: decodeAt(row.value as AnyType, view, 0) },
  };
}
