import { PAGE } from './nvme-command.js';
import type { RamDisk } from './ram-disk.js';

// Data of the Identify command: NVM Express 1.4, 5.15; the controller says version 1.3.

export interface NvmeIdentity {
  readonly vendorId: number;
  readonly subsystemVendorId: number;
  /** Up to 20 ASCII characters. */
  readonly serialNumber: string;
  /** Up to 40. */
  readonly model: string;
  readonly sectorBytes: number;
  readonly disk: RamDisk;
}

export const NVME_VERSION = 0x0001_0300;
/** Largest transfer: 2^5 pages. */
export const MAX_TRANSFER_BYTES = PAGE << 5;
/** Asynchronous event requests that may be held. */
export const ASYNC_EVENT_LIMIT = 4;
/** The one namespace. */
export const NAMESPACE = 1;

export function identifyController(identity: NvmeIdentity): Uint8Array {
  const [bytes, view] = page();
  view.setUint16(0, identity.vendorId, true);
  view.setUint16(2, identity.subsystemVendorId, true);
  text(bytes, 4, 20, identity.serialNumber);
  text(bytes, 24, 40, identity.model);
  text(bytes, 64, 8, '1.0');
  view.setUint8(77, 5);
  view.setUint32(80, NVME_VERSION, true);
  view.setUint8(258, 3);
  view.setUint8(259, ASYNC_EVENT_LIMIT - 1);
  view.setUint8(260, 0x03);
  // Warning and critical temperatures, in kelvin.
  view.setUint16(266, 343, true);
  view.setUint16(268, 353, true);
  view.setUint8(512, 0x66);
  view.setUint8(513, 0x44);
  view.setUint32(516, NAMESPACE, true);
  // Compare, dataset management, write zeroes.
  view.setUint16(520, 0x000d, true);
  view.setUint8(525, 0x01);
  text(bytes, 768, 256, `nqn.2014-08.org.nvmexpress:${identity.serialNumber}`, 0);
  // Power state 0: 25 W, in units of 10 mW.
  view.setUint16(2048, 2500, true);
  return bytes;
}

export function identifyNamespace({ disk, sectorBytes }: NvmeIdentity): Uint8Array {
  const [bytes, view] = page();
  const sectors = BigInt(disk.size / sectorBytes);
  view.setBigUint64(0, sectors, true);
  view.setBigUint64(8, sectors, true);
  view.setBigUint64(16, sectors, true);
  view.setUint8(128 + 2, Math.log2(sectorBytes));
  return bytes;
}

/** Ids of active namespaces above `after`. */
export function namespaceList(after: number): Uint8Array {
  const [bytes, view] = page();
  if (after < NAMESPACE) view.setUint32(0, NAMESPACE, true);
  return bytes;
}

/** One UUID, made of the serial number. */
export function namespaceDescriptors({ serialNumber }: NvmeIdentity): Uint8Array {
  const [bytes, view] = page();
  view.setUint8(0, 3);
  view.setUint8(1, 16);
  text(bytes, 4, 16, serialNumber, 0x30);
  return bytes;
}

/** Nothing to say, in the data that an Identify of any other kind has. */
export function emptyPage(): Uint8Array {
  return page()[0];
}

function page(): [Uint8Array, DataView] {
  const bytes = new Uint8Array(PAGE);
  return [bytes, new DataView(bytes.buffer)];
}

function text(bytes: Uint8Array, at: number, length: number, value: string, fill = 0x20): void {
  for (let i = 0; i < length; i++) bytes[at + i] = i < value.length ? value.charCodeAt(i) & 0x7f : fill;
}
