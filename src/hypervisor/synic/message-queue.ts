import { hv_message, hv_message_type } from '../../abi/synic/message.js';
import { hexNumber } from '../../bytes/hex.js';
import { codecOf } from '../../layout/codec.js';
import type { Timer } from '../../ports/run-queue.js';
import type { OverlayPage } from './overlay-page.js';
import type { SynicPorts } from './synic-ports.js';

const message = codecOf(hv_message);
const SLOT_BYTES = 256;
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
  /** Slots of all SINTs. */
  readonly messages: OverlayPage;
  /** False while nothing can be delivered. */
  takesMessages(sint: number): boolean;
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
  private readonly slotAt: number;
  private readonly slot = new Uint8Array(SLOT_BYTES);
  private readonly slotView = new DataView(this.slot.buffer);

  constructor(ports: SynicPorts, vp: number, sint: number, target: MessageTarget) {
    this.ports = ports;
    this.vp = vp;
    this.sint = sint;
    this.target = target;
    this.slotAt = sint * SLOT_BYTES;
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
    try {
      while (this.waiting.length > 0 && this.deliverHead());
    } finally {
      this.delivering = false;
      // An interrupt sink that threw left messages behind, of which the slot does not say that they wait.
      if (this.waiting.length > 0) this.startTimer();
    }
  }

  private deliverHead(): boolean {
    const { slotAt, target } = this;
    const { messages } = target;
    if (!target.takesMessages(this.sint)) {
      this.ports.backlog.count -= this.waiting.length;
      this.waiting.length = 0;
      this.stopTimer();
      return false;
    }
    if (messages.loadU32(slotAt) !== hv_message_type.HVMSG_NONE) {
      if ((messages.orU32(slotAt + FLAGS_AT, PENDING) & PENDING) === 0)
        this.ports.trace?.event({ k: 'synic_pending', vp: this.vp, sint: this.sint, slot_gpa: this.slotGpa });
      // The guest may have emptied the slot before it could see the flag.
      if (messages.loadU32(slotAt) !== hv_message_type.HVMSG_NONE) {
        this.startTimer();
        return false;
      }
    }
    this.stopTimer();
    this.ports.backlog.count--;
    this.write(this.waiting.shift()!);
    target.interrupt(this.sint);
    return true;
  }

  private write({ type, payload }: Waiting): void {
    const { slot, slotView, slotAt } = this;
    const { messages } = this.target;
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
    messages.write(slotAt + 4, slot.subarray(4));
    messages.storeU32(slotAt, type);
    this.ports.trace?.event({
      k: 'synic_message',
      vp: this.vp,
      sint: this.sint,
      slot_gpa: this.slotGpa,
      raw: slot.slice(),
    });
  }

  /** As traces have it; only where the page lies somewhere. */
  private get slotGpa(): string {
    return hexNumber(this.target.messages.gpa! + this.slotAt);
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
