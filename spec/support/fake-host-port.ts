import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import type {
  HostPort,
  InterruptMessage,
  InterruptRouter,
  InterruptTarget,
  Listener,
  MmioDevice,
  MmioWindow,
  PostedMessage,
} from '../../src/ports/host-port.js';
import type { TraceSink } from '../../src/ports/trace-sink.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';

const INVALID_CONNECTION = 0x12;

export interface SentMessage {
  readonly vp: number;
  readonly sint: number;
  readonly type: number;
  readonly payload: Uint8Array;
}

export interface SentEvent {
  readonly vp: number;
  readonly sint: number;
  readonly flag: number;
}

type TraceEvent = Parameters<TraceSink['event']>[0];

/** A hypervisor that keeps what a device host does to it, and lets a spec play the guest. */
export class FakeHostPort implements HostPort {
  readonly arch = 'x64';
  readonly memory: SharedGuestMemory;
  readonly queue: VirtualQueue;
  readonly vps: readonly number[];
  readonly interrupts = new FakeRouter();
  readonly messages: SentMessage[] = [];
  readonly events: SentEvent[] = [];
  readonly traced: TraceEvent[] = [];
  /** False keeps no trace: for runs of millions. */
  keepsTrace = true;
  readonly trace: TraceSink = {
    event: (record) => {
      if (this.keepsTrace) this.traced.push(record);
    },
  };
  private readonly takers = new Map<number, (message: PostedMessage) => number>();
  private readonly bells = new Map<number, (flag: number, vp: number) => void>();
  private readonly windows: { gpa: number; length: number; device: MmioDevice }[] = [];

  constructor(
    options: {
      memoryBytes?: number;
      memory?: SharedGuestMemory;
      vps?: readonly number[];
      queue?: VirtualQueue;
    } = {},
  ) {
    this.memory = options.memory ?? SharedGuestMemory.create(options.memoryBytes ?? 1 << 20, { kernel: false });
    this.vps = options.vps ?? [0, 1];
    this.queue = options.queue ?? new VirtualQueue();
  }

  postMessage(vp: number, sint: number, type: number, payload: Uint8Array): boolean {
    if (!this.vps.includes(vp) || !(sint >= 0 && sint < 16)) return false;
    this.messages.push({ vp, sint, type, payload: payload.slice() });
    return true;
  }

  signalEvent(vp: number, sint: number, flag: number): void {
    if (this.vps.includes(vp) && sint >= 0 && sint < 16 && flag < 2048) this.events.push({ vp, sint, flag });
  }

  listenMessages(connectionId: number, take: (message: PostedMessage) => number): Listener {
    return listen(this.takers, connectionId, take);
  }

  listenSignals(connectionId: number, take: (flag: number, vp: number) => void): Listener {
    return listen(this.bells, connectionId, take);
  }

  mapWindow(gpa: number, length: number, device: MmioDevice): MmioWindow | undefined {
    const overlaps = this.windows.some((one) => gpa < one.gpa + one.length && one.gpa < gpa + length);
    if (overlaps || gpa < this.memory.size) return undefined;
    const window = { gpa, length, device };
    this.windows.push(window);
    return { gpa, length, unmap: () => void this.windows.splice(this.windows.indexOf(window), 1) };
  }

  /** The guest posts a message; HV_STATUS of the call. */
  post(connectionId: number, payload: Uint8Array, vp = 0, type = 1): number {
    return this.takers.get(connectionId)?.({ vp, type, payload: payload.slice() }) ?? INVALID_CONNECTION;
  }

  /** The guest signals; HV_STATUS of the call. */
  signal(connectionId: number, flag = 0, vp = 0): number {
    const take = this.bells.get(connectionId);
    take?.(flag, vp);
    return take === undefined ? INVALID_CONNECTION : 0;
  }

  /** Event connections that are served. */
  get signalConnections(): number[] {
    return [...this.bells.keys()];
  }

  /** The guest reads device space; all ones where there is none. */
  readMmio(gpa: number, size: 1 | 2 | 4 | 8, vp = 0): bigint {
    const window = this.windowAt(gpa);
    return window?.device.read(gpa - window.gpa, size, vp) ?? (1n << BigInt(size * 8)) - 1n;
  }

  writeMmio(gpa: number, size: 1 | 2 | 4 | 8, value: bigint, vp = 0): void {
    const window = this.windowAt(gpa);
    window?.device.write(gpa - window.gpa, size, value, vp);
  }

  private windowAt(gpa: number) {
    return this.windows.find((one) => gpa >= one.gpa && gpa < one.gpa + one.length);
  }
}

/** Gives addresses as OpenVMM's table does, 0xfee00000 | index << 2, and keeps what devices raise. */
class FakeRouter implements InterruptRouter {
  readonly raised: { message: InterruptMessage; target: InterruptTarget }[] = [];
  private readonly routes: { deviceId: bigint; message: InterruptMessage; count: number; target: InterruptTarget }[] =
    [];
  private next = 0;

  create(deviceId: bigint, count: number, target: InterruptTarget): InterruptMessage {
    const message = { address: 0xfee00000n | BigInt(this.next++ << 2), data: 0 };
    this.routes.push({ deviceId, message, count, target });
    return message;
  }

  remove(deviceId: bigint, { address, data }: InterruptMessage): boolean {
    const at = this.routes.findIndex(
      (route) => route.deviceId === deviceId && route.message.address === address && route.message.data === data,
    );
    if (at >= 0) this.routes.splice(at, 1);
    return at >= 0;
  }

  removeAll(deviceId: bigint): number {
    const mine = this.routes.filter((route) => route.deviceId === deviceId);
    for (const route of mine) this.routes.splice(this.routes.indexOf(route), 1);
    return mine.length;
  }

  raise(message: InterruptMessage): boolean {
    const route = this.routes.find(
      (one) =>
        one.message.address === message.address &&
        message.data >= one.message.data &&
        message.data < one.message.data + one.count,
    );
    if (route === undefined || route.target.vps.length === 0) return false;
    const vector = route.target.vector + message.data - route.message.data;
    this.raised.push({ message, target: { ...route.target, vector } });
    return true;
  }

  outstanding(deviceId: bigint): number {
    return this.routes.filter((route) => route.deviceId === deviceId).reduce((sum, { count }) => sum + count, 0);
  }
}

function listen<T>(served: Map<number, T>, connectionId: number, take: T): Listener {
  if (served.has(connectionId)) throw new Error(`connection ${connectionId} is served already`);
  served.set(connectionId, take);
  return { close: () => void served.delete(connectionId) };
}
