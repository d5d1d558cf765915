import { guids } from '../abi/guids.js';
import { hv_device_id } from '../abi/hv/device-id.js';
import { hv_msi_address_register, hv_msi_data_register } from '../abi/hv/msi.js';
import { HvGuestOsMicrosoft, HvGuestOsOpenSource } from '../abi/hv/openvmm-guest-os-id.js';
import { guidToBytes } from '../bytes/guid.js';
import { hex64, hexNumber } from '../bytes/hex.js';
import { fieldsBy, type Reading } from './reading.js';

const UPPER_HALF = 0xffffffff00000000n;
const ALL_ONES = 0xffffffffffffffffn;

/** HV_DEVICE_ID. An id whose upper half is all ones is a logical one that somebody widened with its sign. */
export function deviceIdReading(value: bigint): Reading {
  const type = Number(value >> 62n);
  if ((value & UPPER_HALF) === UPPER_HALF && value !== ALL_ONES) {
    const logical = value & 0xffffffffn;
    return {
      kind: 'device-id',
      title: `logical device id ${hexNumber(logical, 8)}, sign-extended`,
      likely: 40,
      fields: logicalFields(logical),
      notes: ['the upper half is all ones: logical ids are unsigned, the value was widened with its sign'],
    };
  }
  const { fields, notes } = fieldsBy(hv_device_id, value);
  if (type === 0)
    return {
      kind: 'device-id',
      title: `logical device id ${hexNumber(value, 8)}`,
      likely: value > 0xffffffffn || value <= 0xffffn ? 2 : 15,
      fields: logicalFields(value),
      notes,
    };
  const what = ['', 'PCI', 'I/O APIC', 'ACPI'][type];
  const rid = Number(value & 0xffffn);
  const where =
    type === 1
      ? ` ${hexNumber(Number((value >> 16n) & 0xffffn), 4).slice(2)}:${hexNumber(rid >> 8, 2).slice(2)}:${hexNumber((rid >> 3) & 31, 2).slice(2)}.${rid & 7}`
      : type === 2
        ? ` ${rid & 0xff}`
        : '';
  return {
    kind: 'device-id',
    title: `${what} device id${where}`,
    likely: value === ALL_ONES ? 0 : notes.length > 0 ? 10 : 90,
    fields,
    notes,
  };
}

// prefix = b5<<24 | b4<<16 | b7<<8 | b6 & 0xf8 of the instance GUID (hv_pci_..., drivers/pci/controller/pci-hyperv.c).
function logicalFields(value: bigint): Reading['fields'] {
  const low = Number(value & 0xffffffffn);
  return [
    { name: 'function', value: low & 7, bits: [0, 3] },
    { name: 'instance GUID bytes 7 6', value: (low >>> 0) & 0xfff8, bits: [3, 13] },
    { name: 'instance GUID bytes 5 4', value: low >>> 16, bits: [16, 16], symbol: 'PCI domain asked for' },
  ];
}

/** The address of a message-signalled interrupt of x86. */
export function msiAddressReading(value: bigint): Reading {
  const { fields, notes } = fieldsBy(hv_msi_address_register, value & 0xffffffffn);
  const base = (value & (0xfffn << 20n)) === 0xfeen << 20n && value <= 0xffffffffn;
  return {
    kind: 'msi-address',
    title: base ? `MSI address for APIC id ${(value >> 12n) & 0xffn}` : 'MSI address',
    likely: base ? (notes.length > 0 ? 75 : 88) : 0,
    fields,
    notes: base ? notes : [`its upper 12 bits are ${hexNumber((value >> 20n) & 0xfffn)}, not 0xfee`, ...notes],
  };
}

/** The data of a message-signalled interrupt of x86. */
export function msiDataReading(value: bigint): Reading {
  const { fields, notes } = fieldsBy(hv_msi_data_register, value & 0xffffffffn);
  const vector = Number(value & 0xffn);
  const fits = value <= 0xffffn && notes.length === 0 && vector >= 0x10;
  return { kind: 'msi-data', title: `MSI data for vector ${hexNumber(vector)}`, likely: fits ? 12 : 0, fields, notes };
}

/** Value of the guest OS id register. */
export function guestOsIdReading(value: bigint): Reading {
  const open = value >> 63n === 1n;
  const { fields, notes } = fieldsBy(open ? HvGuestOsOpenSource : HvGuestOsMicrosoft, value);
  const linux = open && ((value >> 56n) & 0x7fn) === 1n;
  // LINUX_VERSION_CODE: a byte each for the level below and the patch, the major version above.
  const code = Number((value >> 16n) & 0xffffffffn);
  const version = `${code >>> 16}.${(code >>> 8) & 0xff}.${code & 0xff}`;
  const plausible = linux && code >>> 16 >= 2 && code >>> 16 < 20;
  return {
    kind: 'guest-os-id',
    title: linux
      ? `guest OS id of Linux ${version}`
      : open
        ? 'guest OS id of an open-source system'
        : 'guest OS id of a Microsoft system',
    likely: plausible ? 95 : 0,
    fields,
    notes: [...notes, ...(linux && (code & 0xff) === 0xff ? ['Linux writes no patch level above 255'] : [])],
  };
}

/** A GUID: a device class, or the instance of a device with the numbers that Linux makes of it. */
export function guidReading(text: string): Reading {
  const guid = text.toLowerCase();
  const name = Object.entries(guids).find(([, known]) => known === guid)?.[0];
  const bytes = guidToBytes(guid);
  const at = (i: number): number => bytes[i]!;
  const prefix = ((at(5) << 24) | (at(4) << 16) | (at(7) << 8) | (at(6) & 0xf8)) >>> 0;
  const wire = Array.from(bytes, (b) => hexNumber(b, 2).slice(2)).join(' ');
  return {
    kind: 'guid',
    title: name === undefined ? 'GUID that no source names' : `device class ${name}`,
    likely: 100,
    fields: [
      { name: 'bytes on the wire', value: wire },
      ...(name === undefined
        ? [
            { name: 'PCI domain', value: prefix >>> 16, symbol: 'that pci-hyperv asks for, if it is a vPCI instance' },
            { name: 'logical device id', value: hex64(BigInt(prefix)), symbol: 'of function 0' },
          ]
        : []),
    ],
    notes: [],
  };
}
