import { hv_partition_id } from '../abi/hv/limits.js';
import { hv_register_name } from '../abi/hv/register-name.js';
import { evt_id } from '../abi/iommufd/smmuv3-event.js';
import { arm64Registers, x64Msrs } from '../abi/msr.js';
import { SERIES_2024 } from '../abi/origin.js';
import { hv_message_type } from '../abi/synic/message.js';
import { vmbus } from '../abi/vmbus/messages.js';
import { vmbus_packet_type } from '../abi/vmbus/packet.js';
import { vmbus_connection, vmbus_version } from '../abi/vmbus/version.js';
import { vpci } from '../abi/vpci/messages.js';
import { Status } from '../abi/vpci/openvmm-devices.js';
import { vpciVersions } from '../abi/vpci/protocol.js';
import { AbiError } from '../bytes/errors.js';
import { isGuidText } from '../bytes/guid.js';
import { hexNumber } from '../bytes/hex.js';
import { pick } from '../layout/group.js';
import type { MessageTable } from '../layout/messages.js';
import { enumMeta } from '../layout/scalar.js';
import type { Arch } from '../layout/types.js';
import { codeReading, controlReading, resultReading, statusReading } from './call-readings.js';
import {
  deviceIdReading,
  guestOsIdReading,
  guidReading,
  msiAddressReading,
  msiDataReading,
} from './device-readings.js';
import { requestOf } from './ioctl-requests.js';
import { findName } from './names.js';
import { constant, fieldsBy, nameIn, type Reading } from './reading.js';

export type { Reading, ReadingField } from './reading.js';

type Reader = (value: bigint, arch: Arch) => Reading;

const READERS: Readonly<Record<string, Reader>> = {
  control: controlReading,
  result: resultReading,
  status: statusReading,
  'call-code': codeReading,
  'device-id': deviceIdReading,
  'msi-address': msiAddressReading,
  'msi-data': msiDataReading,
  msr: msrReading,
  register: registerReading,
  'guest-os-id': guestOsIdReading,
  'vmbus-message': (value) => messageReading('vmbus-message', 'VMBus channel message', vmbus, value, 40),
  'vmbus-version': vmbusVersionReading,
  ioctl: ioctlReading,
  'smmuv3-event': (value) =>
    constant('smmuv3-event', 'event of the SMMUv3', value, nameIn(enumMeta(evt_id), value), 16),
  'packet-type': (value) =>
    constant('packet-type', 'ring packet type', value, nameIn(enumMeta(vmbus_packet_type), value), 30),
  'connection-id': (value) =>
    constant('connection-id', 'VMBus connection id', value, nameIn(enumMeta(vmbus_connection), value), 10),
  'vpci-message': (value) => messageReading('vpci-message', 'vPCI message', vpci, value, 99),
  'vpci-version': vpciVersionReading,
  'synic-message': (value) =>
    constant(
      'synic-message',
      'SynIC message type',
      value,
      nameIn(enumMeta(hv_message_type), value),
      value >= 0x80000000n ? 90 : 5,
    ),
  'partition-id': (value) =>
    constant('partition-id', 'partition id', value, nameIn(enumMeta(hv_partition_id), value), value === 0n ? 3 : 95),
  ntstatus: ntStatusReading,
};

/** What explain's `--as` takes besides names of structs and registers. */
export const READING_KINDS: readonly string[] = [...Object.keys(READERS), 'guid'];

export interface ReadingsOptions {
  /** One kind, or the name of a register or of a struct of at most 8 bytes. */
  readonly as?: string;
  readonly arch?: Arch;
}

/**
 * Everything that a 64-bit value or a GUID can be, best first; with `as`, that alone.
 * Throws AbiError E_TYPE for text that is neither, E_UNKNOWN_NAME for an unknown `as`.
 */
export function readings(text: string, options: ReadingsOptions = {}): Reading[] {
  const { as, arch = 'x64' } = options;
  const plain = text.trim().replace(/^\{(.*)\}$/, '$1');
  if (isGuidText(plain)) return [guidReading(plain)];
  if (as === 'guid') throw new AbiError('E_TYPE', `${JSON.stringify(text)} is no GUID (8-4-4-4-12 hex digits)`);
  const value = numberOf(plain);
  if (as !== undefined) return [readAs(value, as, arch)];
  const found = Object.values(READERS)
    .map((reader) => reader(value, arch))
    .filter((reading) => reading.likely > 2)
    .sort((a, b) => b.likely - a.likely);
  // Beside a reading that fits well, those that every number allows say nothing.
  return found.filter((reading) => reading.likely * 5 >= found[0]!.likely);
}

/** A u64 from decimal or 0x text; debuggers put a backtick between the halves. Throws AbiError E_TYPE, E_RANGE. */
export function numberOf(text: string): bigint {
  const digits = text.replace(/[`_]/g, '');
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(digits))
    throw new AbiError('E_TYPE', `${JSON.stringify(text)} is no 64-bit value (0x… or decimal) and no GUID`);
  const value = BigInt(digits);
  if (value >= 1n << 64n) throw new AbiError('E_RANGE', `${text} has more than 64 bits`);
  return value;
}

function readAs(value: bigint, as: string, arch: Arch): Reading {
  const reader = READERS[as];
  if (reader !== undefined) return reader(value, arch);
  const register = registersOf(arch).find((row) => row.name.toLowerCase() === as.toLowerCase());
  const named = findName(as);
  const type =
    register === undefined
      ? named?.kind === 'struct'
        ? pick(named.layout, { arch }).type
        : undefined
      : register.value;
  if (type !== undefined && type.size <= 8)
    return {
      kind: as,
      title: register ? `value of ${register.name}` : type.name,
      likely: 100,
      ...fieldsBy(type, value),
    };
  if (register !== undefined)
    return { kind: as, title: `value of ${register.name}`, likely: 100, fields: [{ name: 'value', value }], notes: [] };
  if (type !== undefined)
    throw new AbiError(
      'E_TYPE',
      `${type.name} has ${type.size} bytes: a number holds 8; hvabi decode reads longer ones`,
    );
  throw new AbiError(
    'E_UNKNOWN_NAME',
    `${JSON.stringify(as)} is no kind of value (${READING_KINDS.join(', ')}), register or struct`,
  );
}

const registersOf = (arch: Arch): typeof x64Msrs => (arch === 'arm64' ? arm64Registers : x64Msrs);

function msrReading(value: bigint): Reading {
  const row = x64Msrs.find((msr) => BigInt(msr.number) === value);
  const reading = constant('msr', 'register', value, row?.name, 95);
  return row?.value === undefined
    ? reading
    : { ...reading, notes: [`its value is ${row.value.name}: explain VALUE --as ${row.name}`] };
}

function registerReading(value: bigint, arch: Arch): Reading {
  const name =
    nameIn(enumMeta(hv_register_name), value) ??
    registersOf(arch).find((row) => BigInt(row.number) === value && row.name.startsWith('HV_REGISTER'))?.name;
  return constant(
    'register',
    'VP register',
    value,
    name,
    value < 0x100n ? 5 : value < 0x10000n ? 45 : 80,
    name === undefined ? [] : ['for hypercalls 0x50 and 0x51'],
  );
}

function messageReading(kind: string, what: string, table: MessageTable, value: bigint, likely: number): Reading {
  const message = value <= 0xffffffffn ? table.byCode.get(Number(value)) : undefined;
  const structs = [...new Set(message?.is.map((form) => form.body?.name).filter((name) => name !== undefined) ?? [])];
  const notes = [
    ...(message?.direction ? [message.direction] : []),
    ...(structs.length ? [structs.join(', ')] : []),
    ...(message?.note ? [message.note] : []),
  ];
  return constant(kind, what, value, message?.name, likely, notes);
}

function ioctlReading(value: bigint, arch: Arch): Reading {
  const request = value <= 0xffffffffn ? requestOf(Number(value), { arch }) : undefined;
  const before = request && requestOf(Number(value), { arch, abi: SERIES_2024.version });
  const notes: string[] = [];
  if (request !== undefined) {
    const { name, size } = pick(request.struct, { arch }).type;
    const least = request.minSize < size ? `, ${request.minSize} at least` : '';
    notes.push(`takes ${name}: ${size} bytes${least}`);
  }
  if (before !== undefined && before.name !== request?.name) notes.push(`${before.name} in the series of 2024`);
  return constant('ioctl', 'ioctl of /dev/iommu', value, request?.name, 92, notes);
}

function vpciVersionReading(value: bigint): Reading {
  const row = vpciVersions.find((version) => BigInt(version.version) === value);
  const reading = constant(
    'vpci-version',
    'vPCI protocol',
    value,
    row && `${row.version >>> 16}.${row.version & 0xffff}`,
    88,
  );
  if (row === undefined) return reading;
  return {
    ...reading,
    notes: [
      [row.linux, `${row.openvmm} in OpenVMM`].filter(Boolean).join(', '),
      ...(row.adds ? [`adds ${row.adds}`] : []),
    ],
  };
}

function vmbusVersionReading(value: bigint): Reading {
  const name = nameIn(enumMeta(vmbus_version), value);
  const text = `${value >> 16n}.${value & 0xffffn}`;
  return constant('vmbus-version', 'VMBus protocol', value, name && `${text} (${name})`, value < 0x100n ? 8 : 87);
}

/** Severity of an NTSTATUS, from its upper two bits. */
const SEVERITIES = ['success', 'informational', 'warning', 'error'] as const;

function ntStatusReading(value: bigint): Reading {
  const known = nameIn(enumMeta(Status), value);
  const severity = SEVERITIES[Number((value >> 30n) & 3n)]!;
  const facility = (value >> 16n) & 0xfffn;
  const shaped = value <= 0xffffffffn && value >= 0x80000000n && (value & 0x10000000n) === 0n && facility < 0x100n;
  return {
    kind: 'ntstatus',
    title: known === undefined ? `NTSTATUS of severity ${severity}` : `NTSTATUS STATUS_${known}`,
    likely: known !== undefined ? (value === 0n ? 6 : 97) : shaped ? 35 : 0,
    fields: [
      { name: 'code', value: value & 0xffffn, bits: [0, 16] },
      { name: 'facility', value: facility, bits: [16, 12] },
      { name: 'customer', value: (value >> 29n) & 1n, bits: [29, 1] },
      { name: 'severity', value: (value >> 30n) & 3n, bits: [30, 2], symbol: severity },
    ],
    notes: value > 0xffffffffn ? [`has more than 32 bits: ${hexNumber(value)}`] : [],
  };
}
