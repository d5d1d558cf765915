import { decode, encode } from '../../layout/codec.js';
import type { InterruptSink } from '../../ports/interrupt-sink.js';
import { INTERRUPTS } from '../vp/mailbox.js';
import { answer, setupReply } from './answer.js';
import { type Frame, FrameReader } from './frame-reader.js';
import type { MonitorTarget } from './monitor-target.js';
import { FrameType, frameBytes, monitor_hello, monitor_intid, monitor_msi, PROTOCOL_VERSION, Role } from './wire.js';

/** One end of a stream, as the session sees it. */
export interface Stream {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** What a stream brought. */
export interface StreamEvents {
  received(bytes: Uint8Array): void;
  /** The other side is gone. */
  ended(): void;
}

export interface SessionOptions {
  /**
   * The machine for so many processors, asked for by the HELLO of a control connection until there is one. Undefined refuses, and
   * so does what it throws, a fault of its code.
   */
  readonly machine: (vcpus: number) => MonitorTarget | undefined;
  /** A connection whose role was known is gone: the guest is. Called once. */
  readonly over: () => void;
  /** Something on the wire that no monitor should send. */
  readonly complain: (why: string) => void;
  /** What the machine threw: a fault of its code. */
  readonly failed: (error: unknown) => void;
}

/** A local APIC's registers: a store of a vector at its page is an interrupt of that processor. */
const APIC_BASE = 0xfee00000n;
const APIC_PAGE_SHIFT = 12n;
/** More processors than a monitor's APIC ids can name, and than a VMBus guest can have. */
const MOST_VCPUS = 4096;

/**
 * One monitor: its control connection, which asks, and its event connection, which is only written to. Whatever comes in, a
 * request is answered or its connection is closed.
 */
export class MonitorSession {
  private readonly options: SessionOptions;
  private target: MonitorTarget | undefined;
  private readonly roles = new Map<Stream, number>();
  private events: Stream | undefined;
  /** Interrupts that wait for the event connection: one for each input of a processor, as its APIC or GIC keeps them. */
  private readonly early = new Map<string, readonly [vcpu: number, vector: number]>();
  private eventSeq = 0;
  private ended = false;

  constructor(options: SessionOptions) {
    this.options = options;
  }

  /** Takes a new connection; its HELLO says what it is for. */
  connect(stream: Stream): StreamEvents {
    const reader = new FrameReader();
    let open = true;
    return {
      received: (bytes) => {
        if (!open) return;
        for (const frame of reader.push(bytes)) {
          open = this.take(stream, frame);
          if (!open) return;
        }
        if (reader.broken !== undefined) open = this.refuse(stream, reader.broken);
      },
      ended: () => this.gone(stream),
    };
  }

  /** Interrupts of the processors, numbered as the monitor does. What comes before the event connection waits for it, once each. */
  readonly interrupts: InterruptSink = {
    interrupt: (vcpu, vector) => {
      if (this.target === undefined) return;
      if (this.events !== undefined) this.send(this.events, this.target, vcpu, vector);
      else if (vector < INTERRUPTS) this.early.set(`${vcpu} ${vector}`, [vcpu, vector]);
    },
  };

  private send(events: Stream, { arch }: MonitorTarget, vcpu: number, vector: number): void {
    const payload =
      arch === 'x64'
        ? encode(monitor_msi, { address: APIC_BASE + (BigInt(vcpu) << APIC_PAGE_SHIFT), data: vector })
        : encode(monitor_intid, { vcpu, intid: vector });
    const type = arch === 'x64' ? FrameType.MSI : FrameType.INTID;
    events.send(frameBytes(type, vcpu, this.eventSeq++ >>> 0, payload));
  }

  /** False when the connection takes no more. */
  private take(stream: Stream, frame: Frame): boolean {
    const role = this.roles.get(stream);
    if (role === undefined) return this.greet(stream, frame);
    if (role === Role.EVENTS) {
      this.options.complain(`a frame of type ${frame.type} on the event connection, which only the host writes to`);
      return true;
    }
    if (frame.type === FrameType.HELLO) return this.refuse(stream, 'a second HELLO');
    stream.send(frameBytes(frame.type, frame.vcpu, frame.seq, this.answerTo(frame)));
    return true;
  }

  /** A fault of the machine is told, and the monitor, which waits, gets its registers back as they were. */
  private answerTo(frame: Frame): Uint8Array {
    try {
      return answer(frame, this.target!, this.options.complain);
    } catch (error) {
      this.options.failed(error);
      return frame.type === FrameType.HVC ? frame.payload : new Uint8Array(0);
    }
  }

  private greet(stream: Stream, frame: Frame): boolean {
    if (frame.type !== FrameType.HELLO || frame.payload.length < monitor_hello.size)
      return this.refuse(stream, `a connection begins with HELLO, not with type ${frame.type}`);
    const { version, role, vcpus } = decode(monitor_hello, frame.payload, { trailing: 'ignore' });
    if (version !== PROTOCOL_VERSION)
      return this.refuse(stream, `protocol version ${version}, not ${PROTOCOL_VERSION}`);
    if (role === Role.EVENTS) {
      if (this.events !== undefined) return this.refuse(stream, 'a second event connection');
      this.welcome(stream, role, frame, new Uint8Array(0));
      this.events = stream;
      for (const [vcpu, vector] of this.early.values()) this.interrupts.interrupt(vcpu, vector);
      this.early.clear();
      return true;
    }
    if (role !== Role.CONTROL) return this.refuse(stream, `role ${role}, which is none`);
    if (this.target !== undefined) return this.refuse(stream, 'a second control connection');
    if (vcpus < 1 || vcpus > MOST_VCPUS) return this.refuse(stream, `${vcpus} processors`);
    let setup: Uint8Array;
    try {
      const made = this.options.machine(vcpus);
      if (made === undefined) return this.refuse(stream, `no machine with ${vcpus} processors`);
      setup = setupReply(made);
      this.target = made;
    } catch (error) {
      this.options.failed(error);
      return this.refuse(stream, 'the machine cannot be made');
    }
    this.welcome(stream, role, frame, setup);
    return true;
  }

  private welcome(stream: Stream, role: number, frame: Frame, payload: Uint8Array): void {
    this.roles.set(stream, role);
    stream.send(frameBytes(frame.type, frame.vcpu, frame.seq, payload));
  }

  private refuse(stream: Stream, why: string): false {
    this.options.complain(`${why}: connection closed`);
    stream.close();
    this.gone(stream);
    return false;
  }

  private gone(stream: Stream): void {
    // A client that never said what it wants takes no guest away.
    if (!this.roles.delete(stream) || this.ended) return;
    this.ended = true;
    this.options.over();
  }
}
