import { hv_message, hv_message_type } from '../../abi/synic/message.js';
import { hexNumber } from '../../bytes/hex.js';
import { codecOf } from '../../layout/codec.js';
import type { Timer } from '../../ports/run-queue.js';
import type { SynicPorts } from './synic-ports.js';

const message = codecOf(hv_message);
/** hv_message: the type word, and the word of size and flags behind it. */
const FLAGS_AT = 4;
/** hv_message_flags.msg_pending in the word at FLAGS_AT. */
const PENDING = 0x100;
const PAYLOAD_BYTES = 240;
const NO_PAYLOAD = new Array<bigint>(PAYLOAD_BYTES / 8).fill(0n);
/** A guest that emptied the slot without telling is found out after this long. */
const RETRY_US = 5000;

interface Waiting {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Where a SINT's messages go. */
export interface MessageTarget {
  /** GPA of the slot; undefined while nothing can be delivered. */
  slotOf(sint: number): number | undefined;
  interrupt(sint: number): void;
}

/**
 * Messages for one SINT of one VP, in order. The head waits while the slot is taken: the slot then says so, the guest ends the
 * message before (EOM), and if it forgets to the queue looks again by itself. Messages that cannot be delivered at all are
 * dropped, as the poster would be told (HV_STATUS_INVALID_SYNIC_STATE).
 */
export class MessageQueue {
  private readonly ports: SynicPorts;
  private readonly vp: number;
  private readonly sint: number;
  private readonly target: MessageTarget;
  private readonly waiting: Waiting[] = [];
  private timer: Timer | undefined;
  private delivering = false;
  private readonly slot = new Uint8Array(256);
  private readonly slotView = new DataView(this.slot.buffer);

  constructor(ports: SynicPorts, vp: number, sint: number, target: MessageTarget) {
    this.ports = ports;
    this.vp = vp;
    this.sint = sint;
    this.target = target;
  }

  get length(): number {
    return this.waiting.length;
  }

  post(type: number, payload: Uint8Array): void {
    this.waiting.push({ type, payload: payload.slice(0, PAYLOAD_BYTES) });
    this.ports.backlog.count++;
    this.deliver();
  }

  /** Writes what can be written. */
  deliver(): void {
    // An interrupt may make the guest end the message at once: the loop below goes on with the next one.
    if (this.delivering || this.waiting.length === 0) return;
    this.delivering = true;
    while (this.waiting.length > 0 && this.deliverHead());
    this.delivering = false;
  }

  private deliverHead(): boolean {
    const at = this.target.slotOf(this.sint);
    if (at === undefined) {
      this.ports.backlog.count -= this.waiting.length;
      this.waiting.length = 0;
      this.stopTimer();
      return false;
    }
    const { memory } = this.ports;
    if (memory.loadU32(at) !== hv_message_type.HVMSG_NONE) {
      if ((memory.orU32(at + FLAGS_AT, PENDING) & PENDING) === 0)
        this.ports.trace?.event({ k: 'synic_pending', vp: this.vp, sint: this.sint, slot_gpa: hexNumber(at) });
      // The guest may have emptied the slot before it could see the flag.
      if (memory.loadU32(at) !== hv_message_type.HVMSG_NONE) {
        this.startTimer();
        return false;
      }
    }
    this.stopTimer();
    this.ports.backlog.count--;
    this.write(at, this.waiting.shift()!);
    this.target.interrupt(this.sint);
    return true;
  }

  private write(at: number, { type, payload }: Waiting): void {
    const { slot, slotView } = this;
    slot.fill(0);
    message.encodeInto(
      {
        header: {
          message_type: type,
          payload_size: payload.length,
          message_flags: { msg_pending: false },
          origin: { sender: BigInt(this.sint) },
        },
        u: { payload: NO_PAYLOAD },
      },
      slotView,
      0,
    );
    slot.set(payload, slot.length - PAYLOAD_BYTES);
    // The type word says that the slot is taken: it is the last that the guest gets to see.
    this.ports.memory.write(at + 4, slot.subarray(4));
    this.ports.memory.storeU32(at, type);
    this.ports.trace?.event({
      k: 'synic_message',
      vp: this.vp,
      sint: this.sint,
      slot_gpa: hexNumber(at),
      raw: slot.slice(),
    });
  }

  private startTimer(): void {
    this.timer ??= this.ports.queue.after(RETRY_US, () => {
      this.timer = undefined;
      this.deliver();
    });
  }

  private stopTimer(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}
