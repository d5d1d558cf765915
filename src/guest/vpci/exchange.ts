import { pci_response } from '../../abi/vpci/message.js';
import { viewOf } from '../../bytes/span.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { ReceivedPacket } from '../../ring/ring-packet.js';
import type { Routine } from '../../sched/routine.js';
import { Completion } from '../../sched/sync.js';
import type { VirtualBus } from './virtual-bus.js';

/** Time between two looks at whether the channel is still there (VPCI-16). */
export const WAIT_POLL_US = 100_000;
/** Where a completion's status is, behind the packet's descriptor. */
const STATUS_AT = pci_response.size - 4;

/** The host's answer. */
export interface Answer {
  /** NTSTATUS, signed: negative is a refusal (VPCI-06). */
  readonly status: number;
  /** The packet from its descriptor on. */
  readonly packet: Uint8Array;
}

/** Waits for something that the host does; false when the channel is gone before it did. */
export function* waitForHost(bus: VirtualBus, completion: Completion): Routine<boolean> {
  const { queue } = bus.settings.machine;
  do {
    if (bus.channel.rescinded || !bus.channel.isOpen) return false;
  } while (!(yield* completion.wait(queue, WAIT_POLL_US)));
  return true;
}

/**
 * Sends a request and waits for its completion: ENODEV when the channel went meanwhile, ETIMEDOUT behind `limitUs`, EAGAIN when
 * the ring or the request ids are full. Whoever gives up takes the id out first, so that a late completion finds nobody.
 */
export function* ask(
  bus: VirtualBus,
  payload: Uint8Array,
  limitUs = Number.POSITIVE_INFINITY,
): Routine<Outcome<Answer>> {
  const { channel } = bus;
  const { queue } = bus.settings.machine;
  const completion = new Completion();
  let answer: Answer | undefined;
  const take = (packet: ReceivedPacket): void => {
    answer = readAnswer(packet);
    completion.complete();
  };
  const sent = channel.send(payload, take);
  if (!sent.ok) return sent;
  // A channel that is opened again has ids of its own.
  const { requests } = channel;
  const end = queue.now() + limitUs;
  for (;;) {
    const left = end - queue.now();
    const gone = channel.rescinded || !channel.isOpen;
    if (gone || left <= 0) {
      requests.remove(sent.value, take);
      return failure(gone ? 'ENODEV' : 'ETIMEDOUT');
    }
    yield* completion.wait(queue, Math.min(left, WAIT_POLL_US));
    if (answer !== undefined) return success(answer);
  }
}

/** As `ask`, for requests that are answered by a status alone: EPROTO with the status when it is negative. */
export function* askStatus(bus: VirtualBus, payload: Uint8Array, limitUs?: number): Routine<Outcome> {
  const answer = yield* ask(bus, payload, limitUs);
  if (!answer.ok) return answer;
  const { status } = answer.value;
  return status < 0 ? failure('EPROTO', status >>> 0) : { ok: true, value: undefined };
}

function readAnswer(packet: ReceivedPacket): Answer {
  const bytes = packet.buffer.bytes.slice(0, packet.packetBytes);
  return { status: viewOf(bytes).getInt32(STATUS_AT, true), packet: bytes };
}
