import { vmbus_channel_message_type as TYPE } from '../../abi/vmbus/channel.js';
import { vmbus_channel_initiate_contact, vmbus_channel_version_response } from '../../abi/vmbus/contact.js';
import { vmbus_version as VERSION, vmbus_connection, vmbus_limits } from '../../abi/vmbus/version.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { decode, encode } from '../../layout/codec.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import type { HostReplies } from './host-replies.js';
import { postMessage } from './message-post.js';

/** Pages that the guest shares with the host for the connection. */
export interface ContactPages {
  readonly interruptPfn: number;
  /** Host to guest, guest to host. */
  readonly monitorPfns: readonly [number, number];
}

export interface Agreement {
  readonly version: number;
  /** Connection that all further messages go to. */
  readonly messageConnection: number;
}

const Contact = vmbus_channel_initiate_contact.of['linux-7.3'];
const gpa = (pfn: number): bigint => BigInt(pfn) * BigInt(HV_HYP_PAGE_SIZE);

/** Asks for one version after the other until the host takes one; EPROTO when it takes none (vmbus_connect). */
export function* negotiate(
  machine: GuestMachine,
  replies: HostReplies,
  pages: ContactPages,
  versions: readonly number[],
): Routine<Outcome<Agreement>> {
  for (const version of versions) {
    const isMulticlient = version >= VERSION.VERSION_WIN10_V5;
    replies.expect('version');
    const posted = yield* postMessage(
      machine,
      isMulticlient ? vmbus_connection.VMBUS_MESSAGE_CONNECTION_ID_4 : vmbus_connection.VMBUS_MESSAGE_CONNECTION_ID,
      contact(machine, version, pages),
    );
    const reply = posted.ok ? yield* replies.wait('version') : undefined;
    replies.forget('version');
    if (reply === undefined) continue;
    const response = decode(vmbus_channel_version_response, reply, { trailing: 'ignore' });
    if (response.version_supported === 0 || response.connection_state !== 0) continue;
    const messageConnection = isMulticlient ? response.msg_conn_id : vmbus_connection.VMBUS_MESSAGE_CONNECTION_ID;
    return success({ version, messageConnection });
  }
  return failure('EPROTO');
}

function contact(machine: GuestMachine, version: number, pages: ContactPages): Uint8Array {
  const [hostToGuest, guestToHost] = pages.monitorPfns;
  return encode(Contact, {
    header: { msgtype: TYPE.CHANNELMSG_INITIATE_CONTACT },
    vmbus_version_requested: version,
    target_vcpu: machine.cpus[vmbus_limits.VMBUS_CONNECT_CPU]!.gate.vp,
    target:
      version >= VERSION.VERSION_WIN10_V5
        ? { signal: { msg_sint: vmbus_connection.VMBUS_MESSAGE_SINT, msg_vtl: 0, feature_flags: 0 } }
        : { interrupt_page: gpa(pages.interruptPfn) },
    monitor_page1: gpa(hostToGuest),
    monitor_page2: gpa(guestToHost),
  });
}
