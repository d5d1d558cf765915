import { hv_device_type } from '../../abi/hv/device-id.js';

const PCI = BigInt(hv_device_type.HV_DEVICE_TYPE_PCI) << 62n;
/** Requester ids with a segment above them. */
const PCI_BITS = 1n << 48n;
const MOST = 1n << 64n;

/**
 * Ids that a recorded name of a device may stand for, the likeliest first: a word in hexadecimal, with 0x or without, or decimal; a
 * place on the bus as lspci writes it, `0000:00:03.0`. Requester ids are those of PCI devices. Empty for what names none.
 */
export function deviceIds(name: unknown, isPci: boolean): bigint[] {
  if (typeof name === 'number') return Number.isSafeInteger(name) && name >= 0 ? [asId(BigInt(name), isPci)] : [];
  if (typeof name !== 'string') return [];
  const text = name.trim();
  const place = /^(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(text);
  if (place !== null) {
    const [segment = 0, bus = 0, device = 0, fn = 0] = place.slice(1).map((part) => Number.parseInt(part ?? '0', 16));
    return device > 0x1f ? [] : [PCI | BigInt(segment << 16) | BigInt((bus << 8) | (device << 3) | fn)];
  }
  if (/^0x[0-9a-f]{1,16}$/i.test(text)) return [asId(BigInt(text), isPci)];
  if (!/^[0-9a-f]{1,20}$/i.test(text)) return [];
  const hex = text.length <= 16 ? [BigInt(`0x${text}`)] : [];
  const decimal = /^\d+$/.test(text) ? [BigInt(text)] : [];
  // Zeros in front are for a fixed width, which hexadecimal words have.
  const found = text.startsWith('0') ? [...hex, ...decimal] : [...decimal, ...hex];
  return [...new Set(found.filter((id) => id < MOST).map((id) => asId(id, isPci)))];
}

function asId(id: bigint, isPci: boolean): bigint {
  return isPci && id < PCI_BITS ? PCI | id : id;
}
