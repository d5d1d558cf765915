import { hv_msr } from '../../../src/abi/hv/msr-number.js';
import { hv_input_post_message, hv_message } from '../../../src/abi/synic/message.js';
import { SignalEvent } from '../../../src/abi/synic/openvmm-signals.js';
import { bytesOf } from '../../../src/bytes/span.js';
import { type BootedGuest, bootGuest } from '../../../src/guest/machine/boot.js';
import { type ClientOptions, VmbusClient } from '../../../src/guest/vmbus/vmbus-client.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { HypercallPages } from '../../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { type Routine, start } from '../../../src/sched/routine.js';
import { seededChoice, VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { ChannelServer } from '../../../src/vsp/vmbus/channel-server.js';
import type { ServerOptions } from '../../../src/vsp/vmbus/server-options.js';
import { FakeHostPort } from '../../support/fake-host-port.js';

const PAGE = 4096;
const SINT = 2;
const VECTOR = 0xf3;

/** Exits of one VP to a FakeHostPort: MSRs are kept, posts and signals go to who listens. */
class FakeGate implements CpuGate {
  resultLo = 0;
  resultHi = 0;
  readonly msrs = new Map<number, bigint>();
  readonly written: [number, bigint][] = [];
  constructor(
    readonly vp: number,
    private readonly pair: PairedHost,
  ) {
    this.msrs.set(hv_msr.HV_MSR_VP_INDEX, BigInt(vp));
  }

  hypercall(_lo: number, _hi: number, inputGpa: number): void {
    const bytes = new Uint8Array(hv_input_post_message.size);
    this.pair.port.memory.read(inputGpa, bytes);
    const { connectionid, payload_size, payload } = decode(hv_input_post_message, bytes);
    const all = new Uint8Array(BigUint64Array.from(payload).buffer);
    this.resultLo = this.pair.posted(connectionid.id, all.slice(0, payload_size), this.vp);
  }

  hypercallFast(_lo: number, _hi: number, registers: BigUint64Array): void {
    const { connection_id, flag_number } = decode(SignalEvent, new Uint8Array(registers.buffer));
    this.resultLo = this.pair.port.signal(connection_id, flag_number, this.vp);
  }

  rdmsr(msr: number): bigint | undefined {
    return this.msrs.get(msr) ?? 0n;
  }

  wrmsr(msr: number, value: bigint): boolean {
    this.written.push([msr, value]);
    this.msrs.set(msr, value);
    if (msr === hv_msr.HV_MSR_EOM) this.pair.deliver();
    return true;
  }

  mmioRead(gpa: number, size: 1 | 2 | 4 | 8): bigint {
    return this.pair.port.readMmio(gpa, size, this.vp);
  }

  mmioWrite(gpa: number, size: 1 | 2 | 4 | 8, value: bigint): void {
    this.pair.port.writeMmio(gpa, size, value, this.vp);
  }

  pageOf(msr: number): number | undefined {
    const value = this.msrs.get(msr) ?? 0n;
    return (value & 1n) === 0n ? undefined : Number(value & ~0xfffn);
  }
}

export interface PairOptions {
  readonly server?: ServerOptions;
  readonly client?: ClientOptions;
  readonly vps?: readonly number[];
  readonly seed?: number;
}

/** A guest with its VMBus client against the real server, over the least hypervisor that can be. */
export class PairedHost {
  readonly queue: VirtualQueue;
  readonly port: FakeHostPort;
  readonly server: ChannelServer;
  readonly gates: FakeGate[];
  readonly guest: BootedGuest;
  readonly client: VmbusClient;
  readonly frames: PageFrameAllocator;
  readonly log: LogLine[] = [];
  /** Messages that the guest posted, with their connection. */
  readonly sent: { connection: number; bytes: Uint8Array }[] = [];
  /** Answers of the next posts instead of the server's. */
  readonly refusals: number[] = [];

  constructor(options: PairOptions = {}) {
    this.queue = new VirtualQueue(options.seed === undefined ? undefined : seededChoice(options.seed));
    const vps = options.vps ?? [0, 5];
    this.port = new FakeHostPort({ memoryBytes: 4 << 20, vps, queue: this.queue });
    this.server = new ChannelServer(this.port, { messageConnection: 0x4001, ...options.server });
    this.frames = PageFrameAllocator.create(16, 1000);
    const pages = HypercallPages.create(this.port.memory, this.frames, { cpus: vps.length });
    for (let cpu = 0; cpu < vps.length; cpu++) pages.online(cpu);
    this.gates = vps.map((vp) => new FakeGate(vp, this));
    const { memory } = this.port;
    const log = (line: LogLine): void => void this.log.push(line);
    const boot = {
      arch: 'x64',
      memory,
      frames: this.frames,
      pages,
      queue: this.queue,
      log,
      gates: this.gates,
    } as const;
    this.guest = bootGuest(boot);
    this.client = new VmbusClient(this.guest, options.client);
    const { postMessage, signalEvent } = this.port;
    this.port.postMessage = (...message) => {
      const taken = postMessage.apply(this.port, message);
      this.queue.post(() => this.deliver());
      return taken;
    };
    this.port.signalEvent = (...event) => {
      signalEvent.apply(this.port, event);
      this.flag();
    };
  }

  posted(connection: number, bytes: Uint8Array, vp: number): number {
    this.sent.push({ connection, bytes });
    return this.refusals.shift() ?? this.port.post(connection, bytes, vp);
  }

  /** Writes a message to a slot as the host's hypervisor would; bytes of a hostile host too. */
  inject(payload: Uint8Array, vp = 0): void {
    this.port.messages.push({ vp, sint: SINT, type: 1, payload });
    this.deliver();
  }

  /** Moves waiting messages into free slots. */
  deliver(): void {
    for (const { vp } of this.gates) {
      const at = this.port.messages.findIndex((message) => message.vp === vp);
      const page = this.gate(vp).pageOf(hv_msr.HV_MSR_SIMP);
      if (at < 0 || page === undefined) continue;
      const slot = page + SINT * hv_message.size;
      const more = this.port.messages.filter((message) => message.vp === vp).length > 1;
      if (this.port.memory.readU32(slot) !== 0) {
        this.port.memory.writeU8(slot + 5, 1);
        continue;
      }
      const [message] = this.port.messages.splice(at, 1);
      const words = new Uint8Array(240);
      words.set(message!.payload);
      const header = {
        message_type: message!.type,
        payload_size: message!.payload.length,
        message_flags: { msg_pending: more },
        origin: { sender: 0n },
      };
      this.port.memory.write(
        slot,
        encode(hv_message, { header, u: { payload: [...new BigUint64Array(words.buffer)] } }),
      );
      this.guest.interrupt(vp, VECTOR);
    }
  }

  run<T>(routine: Routine<T>): T {
    const running = start(this.queue, routine);
    this.queue.drain(100_000_000);
    return running.value;
  }

  /** Types of the channel messages that the guest has posted. */
  get types(): number[] {
    return this.sent.map(({ bytes }) => bytesOf(new DataView(bytes.buffer, bytes.byteOffset, 4))[0]!);
  }

  private gate(vp: number): FakeGate {
    return this.gates.find((gate) => gate.vp === vp)!;
  }

  private flag(): void {
    for (const { vp, flag } of this.port.events.splice(0)) {
      const page = this.gate(vp).pageOf(hv_msr.HV_MSR_SIEFP);
      if (page === undefined) continue;
      const before = this.port.memory.orU32(page + SINT * 256 + (flag >>> 5) * 4, 1 << (flag & 31));
      if ((before & (1 << (flag & 31))) === 0) this.guest.interrupt(vp, VECTOR);
    }
  }
}

export { PAGE };
