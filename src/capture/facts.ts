import { hv_msi_address_register, hv_msi_data_register } from '../abi/hv/msi.js';
import { arm64Registers, x64Msrs } from '../abi/msr.js';
import { viewOf } from '../bytes/span.js';
import { decodeAt } from '../layout/codec.js';
import type { Issue } from '../layout/describe.js';
import { check } from '../layout/explain.js';
import { maySuspect } from '../layout/suspect.js';
import type { AnyType, Arch } from '../layout/types.js';
import type { LazyFacts } from './decoded.js';
import { deviceClass } from './device-class.js';
import { type Event, wordOf } from './event.js';
import { issue } from './locate.js';
import type { Channel, Session } from './session.js';

export interface Facts {
  readonly name: string | undefined;
  readonly unknown: boolean;
  readonly issues: readonly Issue[];
  readonly facts: LazyFacts;
}

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
      return known(kind === 'synic_pending' ? 'hv_message_flags.msg_pending' : undefined, () => ({
        ...sint(event),
        slot_gpa: event.slot_gpa,
      }));
    case 'msi':
    case 'intid':
      return interrupt(kind, event);
    case 'device_msi':
      return deviceMsi(event, arch);
    case 'ring':
    case 'ring_control':
    case 'gpadl': {
      // The number may stand for another channel when the facts are asked for.
      const found = session.find(Number(event.relid));
      return known(undefined, () => ({ ...channel(found), ...rest(event, ['raw', 'ctl']) }));
    }
    case 'ioctl':
    case 'fd_read':
    case 'fd_write':
    case 'smmu_event':
      return WITHOUT_BYTES;
    default:
      return PLAIN;
  }
}

const NO_ISSUES: readonly Issue[] = [];

// Most records of a trace are of kinds that share all but the event itself.
const everything: LazyFacts = (event) => rest(event, []);
const PLAIN = known(undefined, everything);
const WITHOUT_BYTES = known(undefined, (event) => rest(event, ['name', 'in', 'out', 'data', 'raw']));
const CALLBACK = known('HYPERVISOR_CALLBACK_VECTOR', everything);
const DEVICE_VECTOR = known('device vector', everything);
const VMBUS_PPI = known('VMBus PPI', everything);
const SPI = known('SPI', everything);
const PPI = known('PPI', everything);

function known(name: string | undefined, facts: LazyFacts): Facts {
  return { name, unknown: false, issues: NO_ISSUES, facts };
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

function channel(found: Channel | undefined): Record<string, unknown> {
  const name = deviceClass(found?.classGuid);
  return { ...(name ? { class: name } : {}), ...(found?.instanceGuid ? { instance: found.instanceGuid } : {}) };
}

function eventFlag(event: Event, session: Session): Facts {
  const found = session.find(Number(event.bit));
  return known('hv_synic_event_flags', () => ({ ...sint(event), flag: event.bit, ...channel(found) }));
}

function interrupt(kind: string, event: Event): Facts {
  if (kind === 'msi') return Number(event.vector) === CALLBACK_VECTOR ? CALLBACK : DEVICE_VECTOR;
  const number = Number(event.intid);
  if (number === 18) return VMBUS_PPI;
  return number >= 32 ? SPI : PPI;
}

function deviceMsi(event: Event, arch: Arch): Facts {
  // On arm64 a frame of the interrupt controller and an interrupt number, without bit-fields.
  if (arch === 'arm64')
    return known('device MSI', () => ({
      address: { raw: event.address },
      data: { raw: event.data },
      target: event.target,
    }));
  const value = (key: string): number => Number(event[key] ?? 0) >>> 0;
  const part = (type: AnyType, word: number): unknown => decodeAt(type, viewOf(Uint32Array.of(word)), 0);
  return known('device MSI', () => ({
    address: { raw: event.address, ...(part(hv_msi_address_register, value('address')) as object) },
    data: { raw: event.data, ...(part(hv_msi_data_register, value('data')) as object) },
    target: event.target,
  }));
}

/** MSR numbers of the hypervisor: the range that Linux's HV_X64_MSR_* lie in. */
const MSR_FIRST = 0x40000000;
const MSR_LAST = 0x4fffffff;

const MSR_ROWS = rowsByNumber(x64Msrs);
const ARM64_ROWS = rowsByNumber(arm64Registers);

/** The first row of each number: a register under several names is called by the first. */
function rowsByNumber<R extends { readonly number: number }>(rows: readonly R[]): ReadonlyMap<number, R> {
  return new Map(rows.map((row) => [row.number, row] as const).reverse());
}

const VALUE = new DataView(new ArrayBuffer(16));

/** The 64-bit value of a register as bytes; layouts of 128 bits see zeros above it. One area serves all calls. */
function valueBytes(event: Event): DataView {
  VALUE.setBigUint64(0, wordOf(event, 'value'), true);
  return VALUE;
}

function register(event: Event, arch: Arch): Facts {
  const number = Number(event.msr);
  // Recordings of arm64 guests name their registers by the MSR number where one exists.
  const row = (arch === 'arm64' ? ARM64_ROWS.get(number) : undefined) ?? MSR_ROWS.get(number);
  const base = (): Record<string, unknown> => ({ msr: event.msr, value: event.value, vp: event.vp });
  if (row === undefined) {
    const ours = number >= MSR_FIRST && number <= MSR_LAST;
    return {
      name: undefined,
      unknown: ours,
      issues: ours ? [issue('I_UNKNOWN', `no source names MSR 0x${number.toString(16)}`)] : NO_ISSUES,
      facts: base,
    };
  }
  const type = row.value;
  // A refused access has no value.
  if (type === undefined || event.value === undefined || event.value === null) return known(row.name, base);
  const bytes = valueBytes(event);
  return {
    name: row.name,
    unknown: false,
    issues: maySuspect(type, bytes) ? check(type, bytes).filter((i) => i.code !== 'I_TAIL') : NO_ISSUES,
    facts: () => ({ ...base(), struct: type.name, fields: decodeAt(type as AnyType, valueBytes(event), 0) }),
  };
}
