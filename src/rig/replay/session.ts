import { hv_message_header, hv_message_type } from '../../abi/synic/message.js';
import { vmbus_channel_message_type } from '../../abi/vmbus/channel.js';
import { bytesToHex } from '../../bytes/hex.js';
import type { Event } from '../../capture/event.js';
import { type RecordedCall, recordedCall } from './recorded-call.js';

/** Kind of the events that have the host's state. */
export const STATE = 'device_domains';
const ACCESSES: readonly unknown[] = ['dma', 'iommu_fault'];

/** Type and payload of such a message, in front of whatever the slot has else. */
const RESCIND = new RegExp(
  `^${hexOf(hv_message_type.VMBUS_MESSAGE_TYPE)}.{${2 * (hv_message_header.size - 4)}}${hexOf(vmbus_channel_message_type.CHANNELMSG_RESCIND_CHANNELOFFER)}`,
  'i',
);

function hexOf(word: number): string {
  return bytesToHex(new Uint8Array(Uint32Array.of(word).buffer));
}

export interface SessionEvent {
  readonly event: Event;
  readonly n: number;
  readonly call: RecordedCall | undefined;
}

/** One recorded machine: the events from its `setup` on that a replay looks at. */
export interface Session {
  readonly setup: Event | undefined;
  readonly events: SessionEvent[];
  /** Hypercalls of all kinds. */
  hypercalls: number;
  /** The `end` event. */
  end: { readonly event: Event; readonly n: number } | undefined;
  /** The host took devices away, of which no call tells. */
  hasRescinds: boolean;
}

/** The machines of a recording that made calls of device domains. Throws DecodeError E_RECORD. */
export function sessionsOf(events: Iterable<Event>): Session[] {
  const sessions: Session[] = [];
  let position = 0;
  for (const event of events) {
    const n = typeof event.n === 'number' ? event.n : position;
    position++;
    if (event.k === 'setup' || sessions.length === 0)
      sessions.push({
        setup: event.k === 'setup' ? event : undefined,
        events: [],
        hypercalls: 0,
        end: undefined,
        hasRescinds: false,
      });
    const session = sessions.at(-1)!;
    if (event.k === 'hypercall') session.hypercalls++;
    if (event.k === 'end') session.end = { event, n };
    session.hasRescinds ||= isRescind(event);
    const call = recordedCall(event, n);
    if (call !== undefined || ACCESSES.includes(event.k) || event.k === STATE) session.events.push({ event, n, call });
  }
  return sessions.filter((session) => session.events.length > 0);
}

/** A SynIC message by which a channel, and the device behind it, goes. */
function isRescind({ k, raw }: Event): boolean {
  return k === 'synic_message' && typeof raw === 'string' && RESCIND.test(raw);
}

export function callsOf({ events }: Session): RecordedCall[] {
  return events.flatMap(({ call }) => (call === undefined ? [] : [call]));
}
