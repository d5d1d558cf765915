import type { Event } from '../../src/capture/decoder.js';

// Events of a trace made by hand, field by field; all integers little-endian.

const le = (value: number | bigint, bytes: number): string => {
  const wide = BigInt.asUintN(bytes * 8, BigInt(value));
  let text = '';
  for (let i = 0; i < bytes; i++)
    text += Number((wide >> BigInt(8 * i)) & 255n)
      .toString(16)
      .padStart(2, '0');
  return text;
};

export const u8 = (value: number): string => le(value, 1);
export const u16 = (value: number): string => le(value, 2);
export const u32 = (value: number): string => le(value, 4);
export const u64 = (value: number | bigint): string => le(value, 8);
export const zeros = (bytes: number): string => '00'.repeat(bytes);
/** Fills up to `bytes` with zeros. */
export const padTo = (bytes: number, hex: string): string => hex + zeros(bytes - hex.length / 2);

/** A call with its input in memory, or in registers where the control word says so. */
export function call(control: number | bigint, input: string, more: Record<string, unknown> = {}): Event {
  return { k: 'hypercall', vp: 0, rip: '0x0', control: `0x${control.toString(16)}`, in: input, result: '0x0', ...more };
}

/** HvPostMessage of a VMBus channel message. */
export function post(message: string, more: Record<string, unknown> = {}): Event {
  return call(0x5c, padTo(256, u32(4) + u32(0) + u32(1) + u32(message.length / 2) + message), more);
}

/** A message slot; VMBus channel messages have type 1. */
export function slot(message: string, type = 1): Event {
  const header = u32(type) + u8(message.length / 2) + u8(0) + u16(0) + u64(2);
  return { k: 'synic_message', vp: 0, sint: 2, slot_gpa: '0x1000', raw: padTo(256, header + message) };
}

/** A VMBus channel message: type, padding, body. */
export const vmbusMessage = (type: number, body = ''): string => u32(type) + u32(0) + body;

export interface PacketFields {
  readonly type?: number;
  readonly flags?: number;
  readonly transaction?: number | bigint;
  /** Bytes between the descriptor and the payload. */
  readonly extra?: string;
  /** Where the packet starts in the ring; the trailer repeats it. */
  readonly offset?: number;
}

/** A packet in a ring: descriptor, body padded to 8, trailer. */
export function packet(body: string, fields: PacketFields = {}): string {
  const { type = 6, flags = 0, transaction = 0, extra = '', offset = 0 } = fields;
  const inside = 16 + extra.length / 2 + body.length / 2;
  const len8 = Math.ceil(inside / 8);
  const descriptor = u16(type) + u16((16 + extra.length / 2) / 8) + u16(len8) + u16(flags) + u64(transaction);
  return `${padTo(len8 * 8, descriptor + extra + body)}${u32(0)}${u32(offset)}`;
}

/** A packet as an event of channel `relid`. */
export function ring(direction: 'g2h' | 'h2g', relid: number, raw: string, offset = 0): Event {
  return { k: 'ring', direction, relid, offset, raw };
}

/** The 16 bytes of a GUID: the first three fields are little-endian. */
export function wireGuid(text: string): string {
  const [a = '', b = '', c = '', ...rest] = text.split('-');
  const reversed = (field: string): string => field.match(/../g)!.reverse().join('');
  return reversed(a) + reversed(b) + reversed(c) + rest.join('');
}

/** Device classes (include/linux/hyperv.h). */
export const CLASS = {
  HV_PCIE_GUID: '44c4f61d-4444-4400-9d52-802e27ede19f',
  HV_NIC_GUID: 'f8615163-df3e-46c5-913f-f2d2f965ed0e',
  HV_KVP_GUID: 'a9a0f4e7-5a45-4d96-b827-8a841e8c03e6',
  HV_SHUTDOWN_GUID: '0e0b6031-5213-4934-818b-38d90ced39db',
  HV_HEART_BEAT_GUID: '57164f39-9115-4e78-ab55-382f3bd5422d',
  HV_TS_GUID: '9527e630-d0ae-497b-adce-e80ab0175caf',
  HV_VSS_GUID: '35fa2e29-ea23-4236-96ae-3a6ebacba440',
  HV_FCOPY_GUID: '34d14be3-dee4-41c8-9ae7-6b174977c192',
} as const;

/** An offer of a channel; the event connection id is 0x10000 + relid. */
export function offer(classGuid: string, relid: number, instance = '8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18'): Event {
  // if_type, if_instance, two u64 of interrupt latency, flags, MMIO size, user data, subchannel index, reserved.
  const body = wireGuid(classGuid) + wireGuid(instance) + zeros(16) + u16(0) + u16(0) + zeros(120) + u16(0) + u16(0);
  return slot(vmbusMessage(1, `${body}${u32(relid)}${u8(0)}${u8(0)}${u16(1)}${u32(0x10000 + relid)}`));
}
