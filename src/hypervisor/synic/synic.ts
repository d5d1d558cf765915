import { hv_message_type } from '../../abi/synic/message.js';
import { hv_synic_limits } from '../../abi/synic/register.js';
import { MessageQueue } from './message-queue.js';
import { isEnabled, OverlayPage, pageOf } from './overlay-page.js';
import type { SynicPorts } from './synic-ports.js';

const {
  HV_SYNIC_SINT_COUNT: SINTS,
  HV_EVENT_FLAGS_COUNT: FLAGS,
  HV_SYNIC_FIRST_VALID_VECTOR: FIRST_VECTOR,
} = hv_synic_limits;

// hv_synic_sint (include/hyperv/hvgdk_mini.h), low half: the bits are looked at with every interrupt.
const VECTOR = 0xff;
const MASKED = 1 << 16;
const POLLING = 1 << 18;
const PROXY = 1 << 20;
const RESET_SINT = 1n << 16n;
/** hv_synic_event_flags: 256 bytes for each SINT. */
const FLAG_BYTES = 256;

/** The synthetic interrupt controller of one VP (TLFS, inter-partition communication). */
export class Synic {
  readonly vp: number;
  /** The page that SIMP names. */
  readonly messages: OverlayPage;
  private readonly ports: SynicPorts;
  private readonly sints = new BigUint64Array(SINTS).fill(RESET_SINT);
  private readonly queues: readonly MessageQueue[];
  private readonly events: OverlayPage;
  private control = 0n;
  private simpWord: bigint;
  private siefpWord: bigint;

  /** `simp` and `siefp` are what the registers read before they are written: where a root partition finds its pages. */
  constructor(vp: number, ports: SynicPorts, simp = 0n, siefp = 0n) {
    this.vp = vp;
    this.ports = ports;
    this.simpWord = simp;
    this.siefpWord = siefp;
    this.messages = new OverlayPage(ports.overlays);
    this.events = new OverlayPage(ports.overlays);
    this.queues = Array.from({ length: SINTS }, (_, sint) => new MessageQueue(ports, vp, sint, this));
  }

  get scontrol(): bigint {
    return this.control;
  }

  /** HV_X64_MSR_SCONTROL. */
  set scontrol(value: bigint) {
    this.control = value;
    this.rescan();
  }

  get simp(): bigint {
    return this.simpWord;
  }

  /** HV_X64_MSR_SIMP; false when the page is enabled where no memory is. */
  writeSimp(value: bigint): boolean {
    if (!this.messages.place(isEnabled(value) ? pageOf(value) : undefined)) return false;
    this.simpWord = value;
    this.rescan();
    return true;
  }

  get siefp(): bigint {
    return this.siefpWord;
  }

  /** HV_X64_MSR_SIEFP; as writeSimp. */
  writeSiefp(value: bigint): boolean {
    if (!this.events.place(isEnabled(value) ? pageOf(value) : undefined)) return false;
    this.siefpWord = value;
    return true;
  }

  readSint(sint: number): bigint {
    return this.sints[sint] ?? 0n;
  }

  /** HV_X64_MSR_SINTx; false for a vector that no interrupt may have (below 16) unless the SINT is masked. */
  writeSint(sint: number, value: bigint): boolean {
    const low = Number(value & 0xffff_ffffn);
    if ((low & VECTOR) < FIRST_VECTOR && (low & (MASKED | POLLING)) === 0) return false;
    this.sints[sint] = value;
    this.rescan();
    return true;
  }

  /** HV_X64_MSR_EOM: slots may be free now. */
  endOfMessage(): void {
    this.rescan();
  }

  /** Queues a message; false when there is no such SINT. */
  post(sint: number, type: number, payload: Uint8Array): boolean {
    const queue = this.queues[sint];
    if (queue === undefined || type === hv_message_type.HVMSG_NONE) return false;
    queue.post(type, payload);
    return true;
  }

  /** Sets an event flag, and interrupts when it was clear. Nothing happens where nobody listens. */
  signal(sint: number, flag: number): void {
    if (!(sint >= 0 && sint < SINTS && flag >= 0 && flag < FLAGS) || this.events.gpa === undefined) return;
    if (!this.listens(sint)) return;
    const word = sint * FLAG_BYTES + (flag >>> 5) * 4;
    const bit = 1 << (flag & 31);
    if ((this.events.orU32(word, bit) & bit) !== 0) return;
    this.ports.trace?.event({ k: 'synic_event', vp: this.vp, sint, bit: flag });
    this.interrupt(sint);
  }

  /** False when messages cannot be delivered: SIMP or SynIC off, SINT masked or proxied. */
  takesMessages(sint: number): boolean {
    return this.messages.gpa !== undefined && this.listens(sint);
  }

  /** The SINT's interrupt; none for one that is polled. */
  interrupt(sint: number): void {
    const word = Number(this.sints[sint]! & 0xffff_ffffn);
    if ((word & POLLING) === 0) this.ports.interrupt(this.vp, word & VECTOR);
  }

  /** Messages that wait for a slot. */
  get waiting(): number {
    return this.queues.reduce((sum, queue) => sum + queue.length, 0);
  }

  private listens(sint: number): boolean {
    return isEnabled(this.control) && (Number(this.sints[sint]! & 0xffff_ffffn) & (MASKED | PROXY)) === 0;
  }

  private rescan(): void {
    for (const queue of this.queues) queue.deliver();
  }
}
