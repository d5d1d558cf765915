import { vmbus_channel_message_type as TYPE } from '../../abi/vmbus/channel.js';
import { InitiateContact2, OpenChannel2 } from '../../abi/vmbus/openvmm-messages.js';
import { parseVmbusMessage } from '../../capture/vmbus-parse.js';
import type { MessageForm } from '../../layout/messages.js';
import { takeClose, takeModify, takeOpen, takeRelease } from './channel-requests.js';
import { takeModifyConnection, takePause, takeSocketRequest, takeUnload } from './connection-requests.js';
import { initiateContact } from './contact.js';
import { takeGpadlBody, takeGpadlHeader, takeGpadlTeardown } from './gpadl-requests.js';
import type { Arrival } from './inbox.js';
import { requestOffers } from './offers.js';
import { MESSAGE_TYPE } from './outbox.js';
import { takeCloseReserved, takeOpenReserved } from './reserved-requests.js';
import type { Connection, ServerBus } from './server-bus.js';

/** What a guest may say that has paused its connection. */
const WHILE_PAUSED: ReadonlySet<number> = new Set([
  TYPE.RESUME,
  TYPE.CHANNELMSG_UNLOAD,
  TYPE.CHANNELMSG_INITIATE_CONTACT,
]);

/** Acts on one message of the guest. What is malformed, comes the wrong way or at the wrong time is logged and dropped. */
export function takeMessage(bus: ServerBus, arrival: Arrival): void {
  const { type: messageType, payload } = arrival.message;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const { connection } = bus;
  const parsed = parseVmbusMessage(view, 0, view.byteLength, {
    version: connection?.version ?? 0,
    features: connection?.features ?? 0,
    direction: 'guest->host',
    source: 'openvmm',
  });
  if (messageType !== MESSAGE_TYPE) return bus.drop(messageType, 'message-type');
  if (!parsed.ok) return bus.drop(view.byteLength < 4 ? 0 : view.getUint32(0, true), parsed.error);
  const { code } = parsed.message;
  if (code === TYPE.CHANNELMSG_INITIATE_CONTACT)
    return initiateContact(bus, arrival, view, parsed.form.body === InitiateContact2);
  if (code === TYPE.CHANNELMSG_19 && !bus.outbox.paused) return takeCloseReserved(bus, view);
  if (connection === undefined) return bus.drop(code, 'not-connected');
  if (bus.outbox.paused && !WHILE_PAUSED.has(code)) return bus.drop(code, 'paused');
  takeConnected(bus, connection, code, view, parsed.form);
}

function takeConnected(bus: ServerBus, connection: Connection, code: number, view: DataView, form: MessageForm): void {
  switch (code) {
    case TYPE.CHANNELMSG_REQUESTOFFERS:
      if (!requestOffers(bus, connection)) bus.drop(code, 'offered-already');
      return;
    case TYPE.CHANNELMSG_OPENCHANNEL:
      return takeOpen(bus, connection, view, form.body === OpenChannel2);
    case TYPE.CHANNELMSG_CLOSECHANNEL:
      return takeClose(bus, view);
    case TYPE.CHANNELMSG_GPADL_HEADER:
      return takeGpadlHeader(bus, view);
    case TYPE.CHANNELMSG_GPADL_BODY:
      return takeGpadlBody(bus, view);
    case TYPE.CHANNELMSG_GPADL_TEARDOWN:
      return takeGpadlTeardown(bus, view);
    case TYPE.CHANNELMSG_RELID_RELEASED:
      return takeRelease(bus, view);
    case TYPE.CHANNELMSG_UNLOAD:
      return takeUnload(bus, connection);
    case TYPE.CHANNELMSG_18:
      return takeOpenReserved(bus, view);
    case TYPE.CHANNELMSG_TL_CONNECT_REQUEST:
      return takeSocketRequest(bus, connection, view);
    case TYPE.CHANNELMSG_MODIFYCHANNEL:
      return takeModify(bus, connection, view);
    case TYPE.MODIFY_CONNECTION:
      return takeModifyConnection(bus, connection, view);
    case TYPE.PAUSE:
      return takePause(bus);
    case TYPE.RESUME:
      return bus.outbox.resume();
    default:
      return bus.drop(code, 'unhandled');
  }
}
