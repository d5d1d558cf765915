import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_POST_MESSAGE, HVCALL_SIGNAL_EVENT } from '../../abi/hypercalls/ports.js';
import { hv_input_post_message } from '../../abi/synic/message.js';
import { SignalEvent } from '../../abi/synic/openvmm-signals.js';
import { vmbus_channel_message_type } from '../../abi/vmbus/channel.js';
import { vmbus } from '../../abi/vmbus/messages.js';
import { vmbus_limits } from '../../abi/vmbus/version.js';
import { EncodeError } from '../../bytes/errors.js';
import { viewOf } from '../../bytes/span.js';
import { hiOf, loOf } from '../../bytes/word.js';
import { callOnPage } from '../../hypercall/page-call.js';
import { controlWord } from '../../hypercall/words.js';
import { encode } from '../../layout/codec.js';
import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import { type Routine, sleep } from '../../sched/routine.js';
import type { GuestMachine } from '../machine/guest-machine.js';

/** SynIC message type of everything that VMBus posts. */
const MESSAGE_TYPE = 1;
/** Tries of one message while the host has no room for it (vmbus_post_msg, drivers/hv/connection.c). */
const TRIES = 100;
const LONGEST_DELAY_US = 256_000;
const POST = controlWord({ code: HVCALL_POST_MESSAGE.code });
const SIGNAL = controlWord({ code: HVCALL_SIGNAL_EVENT.code, fast: true });

/**
 * Sends a channel message to the host: `body` begins with its vmbus_channel_message_header. Tries again, for longer and longer,
 * while the host is short of buffers: EAGAIN when it stays so, EINVAL for what it refuses. Throws EncodeError E_DIRECTION for
 * a message that only hosts send, E_LENGTH for one of more than 240 bytes.
 */
export function* postMessage(machine: GuestMachine, connectionId: number, body: Uint8Array): Routine<Outcome> {
  const input = postInput(connectionId, body);
  const isContact = typeOf(body) === vmbus_channel_message_type.CHANNELMSG_INITIATE_CONTACT;
  let delayUs = 1;
  for (let tries = 0; ; tries++) {
    const status = call(machine, input);
    if (status === hv_status.HV_STATUS_SUCCESS) return DONE;
    const again =
      status === hv_status.HV_STATUS_INSUFFICIENT_BUFFERS ||
      status === hv_status.HV_STATUS_INSUFFICIENT_MEMORY ||
      // Older hosts have no connection 4: for the first message that is an answer, later it is a host that is busy.
      (status === hv_status.HV_STATUS_INVALID_CONNECTION_ID && !isContact);
    if (!again) return failure('EINVAL', status);
    if (tries + 1 >= TRIES) return failure('EAGAIN', status);
    yield* sleep(machine.queue, delayUs);
    delayUs = Math.min(delayUs * 2, LONGEST_DELAY_US);
  }
}

/** Rings for the host on a channel's event connection; the HV_STATUS. */
export function signalHost(machine: GuestMachine, cpu: number, connectionId: number): number {
  const { gate } = machine.cpus[cpu]!;
  const registers = new BigUint64Array(1);
  new Uint8Array(registers.buffer).set(encode(SignalEvent, { connection_id: connectionId, flag_number: 0 }));
  gate.hypercallFast(loOf(SIGNAL), hiOf(SIGNAL), registers);
  return gate.resultLo & 0xffff;
}

function postInput(connectionId: number, body: Uint8Array): Uint8Array {
  const message = vmbus.byCode.get(typeOf(body));
  if (message?.direction === 'host->guest')
    throw new EncodeError('E_DIRECTION', `${message.name} is for hosts to send`, {
      struct: 'vmbus_channel_message_header',
      path: 'msgtype',
      offset: 0,
    });
  if (body.length > vmbus_limits.MAX_SIZE_CHANNEL_MESSAGE)
    throw new EncodeError('E_LENGTH', `${body.length} bytes, a message has ${vmbus_limits.MAX_SIZE_CHANNEL_MESSAGE}`, {
      struct: 'hv_input_post_message',
      path: 'payload',
    });
  const payload = new Uint8Array(vmbus_limits.MAX_SIZE_CHANNEL_MESSAGE);
  payload.set(body);
  return encode(hv_input_post_message, {
    connectionid: { id: connectionId },
    message_type: MESSAGE_TYPE,
    payload_size: body.length,
    payload: [...new BigUint64Array(payload.buffer)],
  });
}

function typeOf(body: Uint8Array): number {
  return body.length < 4 ? 0 : viewOf(body).getUint32(0, true);
}

/** From the first CPU that is online: which one is the scheduler's choice. */
function call({ cpus, pages }: GuestMachine, input: Uint8Array): number {
  const poster = cpus.find(({ online }) => online) ?? cpus[0]!;
  callOnPage(pages, poster, POST, input);
  return poster.gate.resultLo & 0xffff;
}
