import {
  vmbus_channel_message_type as TYPE,
  vmbus_channel_message_header,
  vmbus_channel_tl_connect_request,
} from '../../abi/vmbus/channel.js';
import {
  ConnectionState,
  ModifyConnection,
  ModifyConnectionResponse,
  TlConnectResult,
} from '../../abi/vmbus/openvmm-messages.js';
import { vmbus_version as VERSION } from '../../abi/vmbus/version.js';
import { decodeAt } from '../../layout/codec.js';
import { monitorPair } from './contact.js';
import { BUS_STATUS } from './nt-status.js';
import { disconnect } from './offers.js';
import type { Connection, ServerBus } from './server-bus.js';

/** Closes everything and says so last. Guests of 0.13 wait for no answer. */
export function takeUnload(bus: ServerBus, connection: Connection): void {
  bus.outbox.resume();
  disconnect(bus);
  if (connection.version >= VERSION.VERSION_WIN7)
    bus.outbox.send(vmbus_channel_message_header, { msgtype: TYPE.CHANNELMSG_UNLOAD_RESPONSE });
}

export function takePause(bus: ServerBus): void {
  bus.outbox.send(vmbus_channel_message_header, { msgtype: TYPE.PAUSE_RESPONSE });
  bus.outbox.pause();
}

/** New monitor pages, or none any longer. */
export function takeModifyConnection(bus: ServerBus, connection: Connection, view: DataView): void {
  const modify = decodeAt(ModifyConnection, view, 0);
  const own = connection.monitor !== undefined && connection.monitor === bus.rules.serverMonitorPages;
  const pair = own
    ? 'bad'
    : monitorPair(bus, [modify.parent_to_child_monitor_page_gpa, modify.child_to_parent_monitor_page_gpa]);
  if (pair !== 'bad') {
    connection.monitor = pair;
    bus.monitors.setPage(pair?.childToParent);
  }
  bus.outbox.send(ModifyConnectionResponse, {
    header: { msgtype: TYPE.MODIFY_CONNECTION_RESPONSE },
    connection_state: pair === 'bad' ? ConnectionState.FAILED_UNKNOWN_FAILURE : ConnectionState.SUCCESSFUL,
  });
}

/** Nobody listens for sockets; guests before 4.1 are not told. */
export function takeSocketRequest(bus: ServerBus, connection: Connection, view: DataView): void {
  const { guest_endpoint_id, host_service_id } = decodeAt(vmbus_channel_tl_connect_request, view, 0);
  if (connection.version < VERSION.VERSION_WIN10_V4_1) return;
  bus.outbox.send(TlConnectResult, {
    header: { msgtype: TYPE.CHANNELMSG_TL_CONNECT_RESULT },
    endpoint_id: guest_endpoint_id,
    service_id: host_service_id,
    status: BUS_STATUS.CONNECTION_REFUSED | 0,
  });
}
