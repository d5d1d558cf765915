import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { viewOf } from '../../../src/bytes/span.js';
import type {
  ChannelOffer,
  CompletionHandler,
  Requests,
  VmbusChannel,
} from '../../../src/guest/vmbus/vmbus-channel.js';
import type { InterruptBus } from '../../../src/guest/vpci-interrupts/interrupt-bus.js';
import type { MessageIrq } from '../../../src/guest/vpci-interrupts/message-irq.js';
import { DONE, failure, type Outcome, success } from '../../../src/ports/outcome.js';
import { ReceivedPacket } from '../../../src/ring/ring-packet.js';
import type { Routine } from '../../../src/sched/routine.js';
import type { FakeGuest } from '../pci/fake-guest.js';

/** Ids from 1 up, the lowest free one, 64 of them. */
class FakeRequests implements Requests {
  private readonly handlers = new Map<bigint, CompletionHandler>();

  get outstanding(): number {
    return this.handlers.size;
  }

  add(handler: CompletionHandler): bigint | undefined {
    for (let id = 1n; id <= 64n; id++) {
      if (this.handlers.has(id)) continue;
      this.handlers.set(id, handler);
      return id;
    }
    return undefined;
  }

  take(id: bigint): CompletionHandler | undefined {
    const handler = this.handlers.get(id);
    this.handlers.delete(id);
    return handler;
  }

  remove(id: bigint, handler: CompletionHandler): boolean {
    return this.handlers.get(id) === handler && this.handlers.delete(id);
  }
}

/** A channel whose host answers by `answer`: payload of the completion in hex, or nothing. */
export class FakeChannel implements VmbusChannel {
  readonly offer = {} as ChannelOffer;
  rescinded = false;
  isOpen = true;
  hasCallback = true;
  readonly requests = new FakeRequests();
  /** Payloads that were sent, in hex. */
  readonly sent: string[] = [];
  answer: (payload: string) => string | undefined = () => undefined;
  answerAfterUs = 0;
  disabled = 0;
  /** Completions that nobody waited for. */
  unknown = 0;
  /** Packets taken from the ring while the callback was disabled. */
  polled = 0;
  private readonly ring: { id: bigint; payload: Uint8Array }[] = [];
  private readonly guest: FakeGuest;

  constructor(guest: FakeGuest) {
    this.guest = guest;
  }

  // biome-ignore lint/correctness/useYield: nothing to wait for
  *open(): Routine<Outcome> {
    return DONE;
  }

  // biome-ignore lint/correctness/useYield: nothing to wait for
  *close(): Routine<Outcome> {
    return DONE;
  }

  // biome-ignore lint/correctness/useYield: nothing to wait for
  *moveTo(): Routine<Outcome> {
    return DONE;
  }

  send(payload: Uint8Array, onCompletion?: CompletionHandler): Outcome<bigint> {
    if (this.rescinded) return failure('ENODEV');
    const id = onCompletion === undefined ? 0n : this.requests.add(onCompletion);
    if (id === undefined) return failure('EAGAIN');
    const hex = bytesToHex(payload);
    this.sent.push(hex);
    const answer = this.answer(hex);
    if (answer !== undefined)
      this.guest.queue.after(this.answerAfterUs, () => {
        this.ring.push({ id, payload: hexToBytes(answer) });
        if (this.disabled === 0) this.drain();
      });
    return success(id);
  }

  receive(): { kind: 'empty' } & never {
    throw new Error('the fake is drained');
  }

  disableCallback(): void {
    this.disabled++;
  }

  enableCallback(): void {
    this.disabled--;
    if (this.disabled === 0) this.drain();
  }

  /** Takes what is in the ring, as a channel callback does. */
  drain(): void {
    for (let one = this.ring.shift(); one; one = this.ring.shift()) {
      if (this.disabled > 0) this.polled++;
      const packet = packetOf(one.id, one.payload);
      const handler = this.requests.take(one.id);
      if (handler === undefined) this.unknown++;
      else handler(packet);
    }
  }
}

function packetOf(id: bigint, payload: Uint8Array): ReceivedPacket {
  const packet = new ReceivedPacket(16 + payload.length);
  const view = viewOf(packet.buffer.bytes);
  // Completion, 2 qwords of descriptor.
  view.setUint16(0, 11, true);
  view.setUint16(2, 2, true);
  view.setUint16(4, (16 + payload.length) / 8, true);
  view.setBigUint64(8, id, true);
  packet.buffer.bytes.set(payload, 16);
  return packet;
}

/** A bus of one channel on which some functions are; slots are dev | func << 5. */
export class FakeBus implements InterruptBus {
  readonly channel: FakeChannel;
  version = 0x10004;
  removing = false;
  /** Reads of a vendor id. */
  looks = 0;
  vendor = 0x1414;
  readonly functions = new Set<number>([0]);
  prefix = 0x37a94e00n;

  constructor(guest: FakeGuest) {
    this.channel = new FakeChannel(guest);
  }

  slotOf(devfn: number): number | undefined {
    return this.functions.has(devfn) ? (devfn >> 3) | ((devfn & 7) << 5) : undefined;
  }

  vendorOf(): number {
    this.looks++;
    return this.vendor;
  }

  drainChannel(): void {
    this.channel.drain();
  }

  deviceIdOf(devfn: number): bigint {
    return this.prefix | BigInt(devfn & 7);
  }
}

/**
 * Answers creates as the host of the captures does: address 0xfee01000, data counted up from 0x20, the vector count that was
 * asked for.
 */
export function capturedHost(first = 0x20): (payload: string) => string | undefined {
  let data = first;
  return (payload) => {
    const view = viewOf(hexToBytes(payload));
    const type = view.getUint32(0, true);
    if (type === 0x42490015) return undefined;
    // vector_count: behind the vector and delivery mode of the descriptor at 8, whose first member is u32 in the third form.
    const count = view.getUint16(type === 0x4249001b ? 14 : 10, true);
    const answer = viewOf(new Uint8Array(24));
    answer.setUint16(10, count, true);
    answer.setUint32(12, data, true);
    answer.setUint32(16, 0xfee01000, true);
    data += count;
    return bytesToHex(new Uint8Array(answer.buffer));
  };
}

/** A block of interrupts as the MSI core makes it. */
export function makeBlock(
  bus: FakeBus,
  kind: 'msi' | 'msix',
  count: number,
  parts: Partial<Pick<MessageIrq, 'devfn' | 'affinity' | 'managed' | 'effective'>> = {},
): MessageIrq[] {
  const block: MessageIrq[] = [];
  for (let index = 0; index < count; index++)
    block.push({
      bus,
      devfn: 0,
      kind,
      block,
      index,
      affinity: [0],
      managed: false,
      effective: [0],
      vector: undefined,
      descriptor: undefined,
      handler: undefined,
      ...parts,
    });
  return block;
}
