import { hv_device_id, hv_device_type } from '../abi/hv/device-id.js';
import { codecOf } from '../layout/codec.js';

/** Where a function of a physical PCI bus is. */
export interface PciAddress {
  /** PCI domain as the firmware numbers it. */
  readonly segment: number;
  readonly bus: number;
  readonly device: number;
  readonly function: number;
}

const codec = codecOf(hv_device_id);
const scratch = new DataView(new ArrayBuffer(8));

/** As the kernel writes it: 0000:03:00.0. */
export function pciAddressText({ segment, bus, device, function: fn }: PciAddress): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  return `${hex(segment, 4)}:${hex(bus, 2)}:${hex(device, 2)}.${fn}`;
}

/** The address that a text as pciAddressText writes it names; undefined for any other. */
export function parsePciAddress(text: string): PciAddress | undefined {
  const found = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([01][0-9a-f])\.([0-7])$/i.exec(text);
  if (found === null) return undefined;
  const [segment, bus, device, fn] = found.slice(1).map((digits) => Number.parseInt(digits, 16));
  return { segment: segment!, bus: bus!, device: device!, function: fn! };
}

/** Whose requester id a PCI id has; undefined for ids of other kinds. */
export function pciAddressOfId(id: bigint): PciAddress | undefined {
  scratch.setBigUint64(0, id, true);
  const found = codec.decodeAt(scratch, 0);
  if (!('pci' in found) || found.pci === undefined) return undefined;
  if (id >> 62n !== BigInt(hv_device_type.HV_DEVICE_TYPE_PCI)) return undefined;
  const { requester, segment } = found.pci;
  return 'bdf' in requester ? { segment, ...requester.bdf } : undefined;
}
