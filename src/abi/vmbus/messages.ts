import { messages } from '../../layout/messages.js';
import {
  vmbus_channel_close_channel,
  vmbus_channel_message_header,
  vmbus_channel_modifychannel,
  vmbus_channel_modifychannel_response,
  vmbus_channel_open_channel,
  vmbus_channel_open_result,
  vmbus_channel_relid_released,
  vmbus_channel_tl_connect_request,
} from './channel.js';
import { vmbus_channel_initiate_contact, vmbus_channel_version_response } from './contact.js';
import {
  vmbus_channel_gpadl_body,
  vmbus_channel_gpadl_created,
  vmbus_channel_gpadl_header,
  vmbus_channel_gpadl_teardown,
  vmbus_channel_gpadl_torndown,
} from './gpadl.js';
import { vmbus_channel_offer_channel, vmbus_channel_rescind_offer } from './offer.js';
import {
  CloseReservedChannel,
  CloseReservedChannelResponse,
  InitiateContact2,
  ModifyConnection,
  ModifyConnectionResponse,
  OpenChannel2,
  OpenReservedChannel,
  TlConnectRequest2,
  TlConnectResult,
  VersionResponse2,
  VersionResponse3,
} from './openvmm-messages.js';
import { OfferChannel, Version } from './openvmm-offers.js';

// Channel messages by type. Every body starts with the 8-byte vmbus_channel_message_header.
// Within a message the Linux form stands behind the OpenVMM form of the same size: it is taken when no source is asked for.
// Forms without `since` exist before a version is agreed; `since` of a Linux form is the gate in its sender.

const MODIFY_CONNECTION = 0x04;
const PAUSE_RESUME = 0x20;
// Either of guest signal parameters (0x1) and interrupt redirection (0x2) makes an open request longer.
const LONG_OPEN = 0x03;

export const vmbus = messages('vmbus_channel_message_type', {
  CHANNELMSG_OFFERCHANNEL: {
    code: 1,
    direction: 'host->guest',
    alias: ['OFFER_CHANNEL'],
    is: [
      { source: 'openvmm', since: Version.V1, body: OfferChannel },
      { source: 'linux', body: vmbus_channel_offer_channel },
    ],
  },
  CHANNELMSG_RESCIND_CHANNELOFFER: {
    code: 2,
    direction: 'host->guest',
    alias: ['RESCIND_CHANNEL_OFFER'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_rescind_offer },
      { source: 'linux', body: vmbus_channel_rescind_offer },
    ],
  },
  CHANNELMSG_REQUESTOFFERS: {
    code: 3,
    direction: 'guest->host',
    alias: ['REQUEST_OFFERS'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_message_header },
      { source: 'linux', body: vmbus_channel_message_header },
    ],
  },
  CHANNELMSG_ALLOFFERS_DELIVERED: {
    code: 4,
    direction: 'host->guest',
    alias: ['ALL_OFFERS_DELIVERED'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_message_header },
      { source: 'linux', body: vmbus_channel_message_header },
    ],
  },
  CHANNELMSG_OPENCHANNEL: {
    code: 5,
    direction: 'guest->host',
    alias: ['OPEN_CHANNEL'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_open_channel },
      { source: 'linux', body: vmbus_channel_open_channel },
      { source: 'openvmm', since: Version.Copper, features: LONG_OPEN, body: OpenChannel2 },
      // Where the features are not known, the length decides.
      { source: 'openvmm', since: Version.Copper, features: LONG_OPEN, minSize: 156, body: OpenChannel2 },
    ],
  },
  CHANNELMSG_OPENCHANNEL_RESULT: {
    code: 6,
    direction: 'host->guest',
    alias: ['OPEN_CHANNEL_RESULT'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_open_result },
      { source: 'linux', body: vmbus_channel_open_result },
    ],
  },
  CHANNELMSG_CLOSECHANNEL: {
    code: 7,
    direction: 'guest->host',
    alias: ['CLOSE_CHANNEL'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_close_channel },
      { source: 'linux', body: vmbus_channel_close_channel },
    ],
  },
  CHANNELMSG_GPADL_HEADER: {
    code: 8,
    direction: 'guest->host',
    alias: ['GPADL_HEADER'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_gpadl_header },
      { source: 'linux', body: vmbus_channel_gpadl_header },
    ],
  },
  CHANNELMSG_GPADL_BODY: {
    code: 9,
    direction: 'guest->host',
    alias: ['GPADL_BODY'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_gpadl_body },
      { source: 'linux', body: vmbus_channel_gpadl_body },
    ],
  },
  CHANNELMSG_GPADL_CREATED: {
    code: 10,
    direction: 'host->guest',
    alias: ['GPADL_CREATED'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_gpadl_created },
      { source: 'linux', body: vmbus_channel_gpadl_created },
    ],
  },
  CHANNELMSG_GPADL_TEARDOWN: {
    code: 11,
    direction: 'guest->host',
    alias: ['GPADL_TEARDOWN'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_gpadl_teardown },
      { source: 'linux', body: vmbus_channel_gpadl_teardown },
    ],
  },
  CHANNELMSG_GPADL_TORNDOWN: {
    code: 12,
    direction: 'host->guest',
    alias: ['GPADL_TORNDOWN'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_gpadl_torndown },
      { source: 'linux', body: vmbus_channel_gpadl_torndown },
    ],
  },
  CHANNELMSG_RELID_RELEASED: {
    code: 13,
    direction: 'guest->host',
    alias: ['REL_ID_RELEASED'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_relid_released },
      { source: 'linux', body: vmbus_channel_relid_released },
    ],
  },
  CHANNELMSG_INITIATE_CONTACT: {
    code: 14,
    direction: 'guest->host',
    alias: ['INITIATE_CONTACT'],
    is: [
      { source: 'openvmm', body: vmbus_channel_initiate_contact },
      { source: 'linux', body: vmbus_channel_initiate_contact },
      { source: 'openvmm', minSize: 56, body: InitiateContact2 },
    ],
  },
  CHANNELMSG_VERSION_RESPONSE: {
    code: 15,
    direction: 'host->guest',
    alias: ['VERSION_RESPONSE'],
    is: [
      { source: 'openvmm', body: vmbus_channel_version_response },
      { source: 'linux', body: vmbus_channel_version_response },
      { source: 'openvmm', minSize: 20, body: VersionResponse2 },
      { source: 'openvmm', minSize: 40, body: VersionResponse3 },
    ],
  },
  CHANNELMSG_UNLOAD: {
    code: 16,
    direction: 'guest->host',
    alias: ['UNLOAD'],
    is: [
      { source: 'openvmm', since: Version.V1, body: vmbus_channel_message_header },
      { source: 'linux', since: Version.Win8_1, body: vmbus_channel_message_header },
    ],
  },
  CHANNELMSG_UNLOAD_RESPONSE: {
    code: 17,
    direction: 'host->guest',
    alias: ['UNLOAD_COMPLETE'],
    is: [
      { source: 'openvmm', since: Version.Win7, body: vmbus_channel_message_header },
      { source: 'linux', body: vmbus_channel_message_header },
    ],
  },
  OPEN_RESERVED_CHANNEL: {
    code: 18,
    direction: 'guest->host',
    alias: ['CHANNELMSG_18'],
    is: [{ source: 'openvmm', since: Version.Win10, body: OpenReservedChannel }],
  },
  CLOSE_RESERVED_CHANNEL: {
    code: 19,
    direction: 'guest->host',
    alias: ['CHANNELMSG_19'],
    is: [{ source: 'openvmm', body: CloseReservedChannel }],
    note: 'Taken without a connection too: reserved channels outlive an unload.',
  },
  CLOSE_RESERVED_RESPONSE: {
    code: 20,
    direction: 'host->guest',
    alias: ['CHANNELMSG_20'],
    is: [{ source: 'openvmm', since: Version.Win10, body: CloseReservedChannelResponse }],
  },
  CHANNELMSG_TL_CONNECT_REQUEST: {
    code: 21,
    direction: 'guest->host',
    alias: ['TL_CONNECT_REQUEST'],
    is: [
      { source: 'openvmm', since: Version.Win10, body: vmbus_channel_tl_connect_request },
      { source: 'linux', since: Version.Win10, body: vmbus_channel_tl_connect_request },
      { source: 'openvmm', since: Version.Win10Rs5, minSize: 56, body: TlConnectRequest2 },
    ],
  },
  CHANNELMSG_MODIFYCHANNEL: {
    code: 22,
    direction: 'guest->host',
    alias: ['MODIFY_CHANNEL'],
    is: [
      { source: 'openvmm', since: Version.Win10Rs3_0, body: vmbus_channel_modifychannel },
      { source: 'linux', since: Version.Win10Rs3_0, body: vmbus_channel_modifychannel },
    ],
  },
  CHANNELMSG_TL_CONNECT_RESULT: {
    code: 23,
    direction: 'host->guest',
    alias: ['TL_CONNECT_REQUEST_RESULT'],
    is: [{ source: 'linux' }, { source: 'openvmm', since: Version.Win10Rs3_0, body: TlConnectResult }],
  },
  CHANNELMSG_MODIFYCHANNEL_RESPONSE: {
    code: 24,
    direction: 'host->guest',
    alias: ['MODIFY_CHANNEL_RESPONSE'],
    is: [
      { source: 'openvmm', since: Version.Iron, body: vmbus_channel_modifychannel_response },
      { source: 'linux', since: Version.Iron, body: vmbus_channel_modifychannel_response },
    ],
  },
  MODIFY_CONNECTION: {
    code: 25,
    direction: 'guest->host',
    is: [
      { source: 'openvmm', since: Version.Copper, features: MODIFY_CONNECTION, minSize: 24, body: ModifyConnection },
    ],
  },
  MODIFY_CONNECTION_RESPONSE: {
    code: 26,
    direction: 'host->guest',
    is: [
      {
        source: 'openvmm',
        since: Version.Copper,
        features: MODIFY_CONNECTION,
        minSize: 9,
        body: ModifyConnectionResponse,
      },
    ],
  },
  PAUSE: {
    code: 27,
    direction: 'guest->host',
    is: [
      {
        source: 'openvmm',
        since: Version.Copper,
        features: PAUSE_RESUME,
        minSize: 8,
        body: vmbus_channel_message_header,
      },
    ],
  },
  PAUSE_RESPONSE: {
    code: 28,
    direction: 'host->guest',
    is: [
      {
        source: 'openvmm',
        since: Version.Copper,
        features: PAUSE_RESUME,
        minSize: 8,
        body: vmbus_channel_message_header,
      },
    ],
  },
  RESUME: {
    code: 29,
    direction: 'guest->host',
    is: [
      {
        source: 'openvmm',
        since: Version.Copper,
        features: PAUSE_RESUME,
        minSize: 8,
        body: vmbus_channel_message_header,
      },
    ],
  },
});
