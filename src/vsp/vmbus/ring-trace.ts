import { bytesToHex } from '../../bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { HostPort } from '../../ports/host-port.js';
import { TRAILER_BYTES } from '../../ring/packet-kind.js';
import type { ReceivedPacket } from '../../ring/ring-packet.js';
import type { Gpadl } from './gpadl-table.js';
import type { RingArea, RingPair } from './ring-area.js';

// What a capture of a real guest holds of a channel: its page list, the control pages at each turn, every packet.

/** Up to the end of hv_ring_buffer's feature bits and the first reserved word behind them. */
const CONTROL_SHOWN = 72;
/** The indices, the mask, the pending size and one word. */
const CONTROL_HEAD = 20;

export function traceGpadl({ trace }: HostPort, relid: number, gpadl: Gpadl): void {
  const pfns = gpadl.ranges.flatMap((range) => Array.from(range.pfns, hexOf));
  const bytes = gpadl.ranges.reduce((sum, range) => sum + range.lengthBytes, 0);
  trace.event({ k: 'gpadl', relid, gpadl: gpadl.id, bytes, pfns });
}

/** `moment`: open, close, rescind, final. */
export function traceControl(port: HostPort, relid: number, moment: string, rings: RingPair): void {
  for (const [direction, { pfns }] of [
    ['guest to host', rings.toHost],
    ['host to guest', rings.toGuest],
  ] as const) {
    const [control, ...data] = pfns;
    port.trace.event({
      k: 'ring_control',
      relid,
      moment,
      direction,
      ctl_gpa: hexOf(control! * HV_HYP_PAGE_SIZE),
      data_pages: data.map(hexOf),
      raw: controlBytes(port, pfns, CONTROL_SHOWN),
    });
  }
}

/** A packet that was copied out; call before its room is given back. */
export function traceReceived(port: HostPort, relid: number, area: RingArea, packet: ReceivedPacket): void {
  const { bytes, dataBytes } = area.ring;
  const raw = new Uint8Array(packet.packetBytes + TRAILER_BYTES);
  // The copy and not the ring, which may say something else by now; nobody has a copy of the trailer.
  raw.set(packet.buffer.bytes.subarray(0, packet.packetBytes));
  for (let i = packet.packetBytes; i < raw.length; i++) raw[i] = bytes[(packet.ringOffset + i) % dataBytes]!;
  traceRing(port, relid, 'g2h', area, packet.ringOffset, raw);
}

/** A packet that was laid into the ring from `start` to `end`; call before it is made visible. */
export function traceSent(port: HostPort, relid: number, area: RingArea, start: number, end: number): void {
  const { bytes } = area.ring;
  if (start < end) return traceRing(port, relid, 'h2g', area, start, bytes.subarray(start, end));
  const raw = new Uint8Array(bytes.length - start + end);
  raw.set(bytes.subarray(start));
  raw.set(bytes.subarray(0, end), bytes.length - start);
  traceRing(port, relid, 'h2g', area, start, raw);
}

function traceRing(
  port: HostPort,
  relid: number,
  direction: 'g2h' | 'h2g',
  { pfns }: RingArea,
  offset: number,
  raw: Uint8Array,
): void {
  const ctl = controlBytes(port, pfns, CONTROL_HEAD);
  port.trace.event({ k: 'ring', direction, relid, offset, ctl, raw: bytesToHex(raw) });
}

function controlBytes({ memory }: HostPort, pfns: Float64Array, length: number): string {
  const bytes = new Uint8Array(length);
  memory.read(pfns[0]! * HV_HYP_PAGE_SIZE, bytes);
  return bytesToHex(bytes);
}

function hexOf(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
