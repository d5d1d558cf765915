import { vmbus_channel_message_type as TYPE } from '../../abi/vmbus/channel.js';
import { vmbus_channel_initiate_contact, vmbus_channel_version_response } from '../../abi/vmbus/contact.js';
import { ConnectionState, VersionResponse2, VersionResponse3 } from '../../abi/vmbus/openvmm-messages.js';
import { TargetInfo } from '../../abi/vmbus/openvmm-offers.js';
import { vmbusVersions } from '../../abi/vmbus/protocol.js';
import { vmbus_feature_flags as FEATURE, vmbus_version as VERSION, vmbus_connection } from '../../abi/vmbus/version.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { decodeAt } from '../../layout/codec.js';
import type { ValueOf } from '../../layout/types.js';
import type { Arrival } from './inbox.js';
import { disconnect } from './offers.js';
import type { Connection, MonitorPair, ServerBus } from './server-bus.js';

const Contact = vmbus_channel_initiate_contact.of['linux-7.3'];
type Target = ValueOf<typeof Contact>['target'];
const SINT = vmbus_connection.VMBUS_MESSAGE_SINT;

/** What a request for a connection asks for, each field as far as its version has it. */
interface Request {
  readonly version: number;
  readonly features: number;
  readonly vp: number;
  readonly sint: number;
  readonly vtl: number;
  readonly interruptPage: bigint;
  readonly monitorPages: readonly [bigint, bigint];
}

/** Answers a request for a connection. `hasClientId`: it is the long form (OpenVMM channels.rs, handle_initiate_contact). */
export function initiateContact(bus: ServerBus, { connectionId }: Arrival, view: DataView, hasClientId: boolean): void {
  const request = readRequest(view, connectionId === vmbus_connection.VMBUS_MESSAGE_CONNECTION_ID_4);
  if ((request.features & FEATURE.client_id) !== 0 && !hasClientId)
    return bus.drop(TYPE.CHANNELMSG_INITIATE_CONTACT, 'client-id');
  // Another VTL's server answers it, and there is none here.
  if (request.vtl !== 0) return bus.drop(TYPE.CHANNELMSG_INITIATE_CONTACT, 'vtl', { vtl: request.vtl });
  if (request.sint !== SINT) return answerUnsupported(bus, request);
  disconnect(bus);
  if (!vmbusVersions.some(({ version }) => version === request.version) || request.version > bus.rules.maxVersion)
    return answerUnsupported(bus, request);
  const connection = connectionOf(bus, request);
  if (connection === undefined && request.version < VERSION.VERSION_WIN8) return answerUnsupported(bus, request);
  bus.connection = connection;
  bus.outbox.vp = request.vp;
  bus.monitors.setPage(connection?.monitor?.childToParent);
  answer(bus, request, connection);
}

function readRequest(view: DataView, multiclient: boolean): Request {
  const contact = decodeAt(Contact, view, 0);
  const version = contact.vmbus_version_requested;
  const target = targetOf(contact.target);
  return {
    version,
    features: version >= VERSION.VERSION_WIN10_V6_0 ? target.feature_flags : 0,
    vp: version >= VERSION.VERSION_WIN8_1 ? contact.target_vcpu : 0,
    sint: multiclient && version >= VERSION.VERSION_WIN10_V5 ? target.sint : SINT,
    vtl: multiclient && version >= VERSION.VERSION_WIN10_V5_1 ? target.vtl : 0,
    interruptPage: version < VERSION.VERSION_WIN8 ? target.page : 0n,
    monitorPages: [contact.monitor_page1, contact.monitor_page2],
  };
}

/** The word that is a page before 5.0 and a target from then on, read both ways: a version nobody knows has a target too. */
function targetOf(target: Target): { page: bigint; sint: number; vtl: number; feature_flags: number } {
  if ('signal' in target) {
    const { msg_sint: sint, msg_vtl: vtl, feature_flags } = target.signal;
    return { page: 0n, sint, vtl, feature_flags };
  }
  const page = 'interrupt_page' in target ? target.interrupt_page : 0n;
  const word = new DataView(new ArrayBuffer(8));
  word.setBigUint64(0, page, true);
  return { page, ...decodeAt(TargetInfo, word) };
}

/** Undefined where the pages that the guest named cannot be. */
function connectionOf(bus: ServerBus, request: Request): Connection | undefined {
  const features = request.features & bus.rules.features;
  const interruptPage = request.interruptPage === 0n ? undefined : pageOf(bus, request.interruptPage);
  if (interruptPage === undefined && request.interruptPage !== 0n) return undefined;
  const own = (features & FEATURE.server_specified_monitor_pages) === 0 ? undefined : bus.rules.serverMonitorPages;
  const monitor = own ?? monitorPair(bus, request.monitorPages);
  if (monitor === 'bad') return undefined;
  return { version: request.version, features, vp: request.vp, interruptPage, monitor, offersRequested: false };
}

/**
 * The monitor pages that the guest gives, where they are served; `bad` for one alone, and for what is no memory when they
 * are served.
 */
export function monitorPair(
  bus: ServerBus,
  [first, second]: readonly [bigint, bigint],
): MonitorPair | undefined | 'bad' {
  if ((first === 0n) !== (second === 0n)) return 'bad';
  if (first === 0n || bus.rules.monitorPages === 'refuse') return undefined;
  const parentToChild = pageOf(bus, first);
  const childToParent = pageOf(bus, second);
  return parentToChild === undefined || childToParent === undefined ? 'bad' : { parentToChild, childToParent };
}

function pageOf({ port }: ServerBus, gpa: bigint): number | undefined {
  const at = Number(gpa);
  return at % HV_HYP_PAGE_SIZE === 0 && port.memory.has(at, HV_HYP_PAGE_SIZE) ? at : undefined;
}

function answerUnsupported(bus: ServerBus, { vp, sint }: Request): void {
  bus.outbox.sendTo(vp, sint, vmbus_channel_version_response, {
    header: { msgtype: TYPE.CHANNELMSG_VERSION_RESPONSE },
    version_supported: 0,
    connection_state: 0,
    msg_conn_id: 0,
  });
}

/** `connection` undefined: the version is there, and the connection failed. */
function answer(bus: ServerBus, request: Request, connection: Connection | undefined): void {
  const { rules, outbox } = bus;
  const { version, vp, sint } = request;
  const version_response = {
    header: { msgtype: TYPE.CHANNELMSG_VERSION_RESPONSE },
    version_supported: 1,
    connection_state: connection === undefined ? ConnectionState.FAILED_UNKNOWN_FAILURE : ConnectionState.SUCCESSFUL,
    // Before 5.0 the field says which version was taken.
    msg_conn_id: version >= VERSION.VERSION_WIN10_V5 ? rules.messageConnection : version,
  };
  if (version < VERSION.VERSION_WIN10_V6_0)
    return outbox.sendTo(vp, sint, vmbus_channel_version_response, version_response);
  const version_response2 = { version_response, supported_features: connection?.features ?? 0 };
  const own = rules.serverMonitorPages;
  if (own === undefined || connection?.monitor !== own)
    return outbox.sendTo(vp, sint, VersionResponse2, version_response2);
  outbox.sendTo(vp, sint, VersionResponse3, {
    version_response2,
    parent_to_child_monitor_page_gpa: BigInt(own.parentToChild),
    child_to_parent_monitor_page_gpa: BigInt(own.childToParent),
  });
}
