import { hypercall } from '../../layout/hypercall.js';
import { HVGDK_MINI } from '../origin.js';
import { hv_input_notify_port_ring_empty } from '../synic/event.js';
import { hv_input_post_message } from '../synic/message.js';
import {
  PostMessageDirect,
  SignalEvent,
  SignalEventDirect,
  SignalEventDirectOutput,
} from '../synic/openvmm-signals.js';
import {
  hv_input_connect_port,
  hv_input_create_port,
  hv_input_delete_port,
  hv_input_disconnect_port,
} from '../synic/port.js';

// Messages, events, ports and connections.

export const HVCALL_DELETE_PORT = hypercall('HVCALL_DELETE_PORT', 0x0058, HVGDK_MINI, {
  input: hv_input_delete_port,
  fast: 16,
  alias: ['HvCallDeletePort'],
});

export const HVCALL_DISCONNECT_PORT = hypercall('HVCALL_DISCONNECT_PORT', 0x005b, HVGDK_MINI, {
  input: hv_input_disconnect_port,
  fast: 16,
  alias: ['HvCallDisconnectPort'],
});

export const HVCALL_POST_MESSAGE = hypercall('HVCALL_POST_MESSAGE', 0x005c, HVGDK_MINI, {
  input: hv_input_post_message,
  alias: ['HvCallPostMessage', 'HvPostMessage'],
});

export const HVCALL_SIGNAL_EVENT = hypercall('HVCALL_SIGNAL_EVENT', 0x005d, HVGDK_MINI, {
  input: SignalEvent,
  fast: 8,
  alias: ['HvCallSignalEvent', 'HvSignalEvent'],
  note: 'The register carries the connection id and the flag number.',
});

export const HVCALL_NOTIFY_PORT_RING_EMPTY = hypercall('HVCALL_NOTIFY_PORT_RING_EMPTY', 0x008b, HVGDK_MINI, {
  input: hv_input_notify_port_ring_empty,
  fast: 8,
  alias: ['HvCallNotifyPortRingEmpty'],
});

export const HVCALL_CREATE_PORT = hypercall('HVCALL_CREATE_PORT', 0x0095, HVGDK_MINI, {
  input: hv_input_create_port,
  alias: ['HvCallCreatePort'],
});

export const HVCALL_CONNECT_PORT = hypercall('HVCALL_CONNECT_PORT', 0x0096, HVGDK_MINI, {
  input: hv_input_connect_port,
  alias: ['HvCallConnectPort'],
});

export const HVCALL_SIGNAL_EVENT_DIRECT = hypercall('HVCALL_SIGNAL_EVENT_DIRECT', 0x00c0, HVGDK_MINI, {
  input: SignalEventDirect,
  output: SignalEventDirectOutput,
  alias: ['HvCallSignalEventDirect', 'HvSignalEventDirect'],
});

export const HVCALL_POST_MESSAGE_DIRECT = hypercall('HVCALL_POST_MESSAGE_DIRECT', 0x00c1, HVGDK_MINI, {
  input: PostMessageDirect,
  alias: ['HvCallPostMessageDirect', 'HvPostMessageDirect'],
});
