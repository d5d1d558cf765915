import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type {
  HostPort,
  InterruptMessage,
  InterruptRouter,
  InterruptTarget,
  MmioDevice,
  MmioWindow,
} from '../../../src/ports/host-port.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';

/** Hands out messages as the host of the captures does: one address, data from 0x20 up, blocks aligned to their size. */
export class FakeRouter implements InterruptRouter {
  readonly given = new Map<string, { deviceId: bigint; count: number; target: InterruptTarget }>();
  readonly raised: InterruptMessage[] = [];
  address = 0xfee01000n;
  next = 0x20;
  /** Messages that may still be given. */
  left = Number.POSITIVE_INFINITY;

  create(deviceId: bigint, count: number, target: InterruptTarget): InterruptMessage | undefined {
    if (this.left < count) return undefined;
    this.left -= count;
    const block = 2 ** Math.ceil(Math.log2(count));
    const data = Math.ceil(this.next / block) * block;
    this.next = data + block;
    this.given.set(`${this.address}/${data}`, { deviceId, count, target });
    return { address: this.address, data };
  }

  remove(_deviceId: bigint, { address, data }: InterruptMessage): boolean {
    return this.given.delete(`${address}/${data}`);
  }

  removeAll(deviceId: bigint): number {
    const mine = [...this.given].filter(([, entry]) => entry.deviceId === deviceId);
    for (const [key] of mine) this.given.delete(key);
    return mine.length;
  }

  raise(message: InterruptMessage): boolean {
    this.raised.push(message);
    return true;
  }

  outstanding(deviceId: bigint): number {
    return [...this.given.values()].filter((entry) => entry.deviceId === deviceId).length;
  }
}

interface Mapped {
  readonly gpa: number;
  readonly length: number;
  readonly device: MmioDevice;
}

/** A machine without a hypervisor: memory, device space, time. */
export class HostRig implements HostPort {
  readonly arch: 'x64' | 'arm64';
  readonly memory: SharedGuestMemory;
  readonly queue = new VirtualQueue();
  readonly interrupts = new FakeRouter();
  readonly vps: readonly number[];
  readonly events: (Readonly<Record<string, unknown>> & { readonly k: string })[] = [];
  readonly trace = {
    event: (record: Readonly<Record<string, unknown>> & { readonly k: string }) => this.#keep(record),
  };
  readonly mapped = new Set<Mapped>();
  readonly #memoryBytes: number;

  constructor({
    arch = 'x64',
    vps = [0, 1],
    memoryBytes = 1 << 20,
  }: { arch?: 'x64' | 'arm64'; vps?: number[]; memoryBytes?: number } = {}) {
    this.arch = arch;
    this.vps = vps;
    this.#memoryBytes = memoryBytes;
    this.memory = SharedGuestMemory.create(memoryBytes, { kernel: false });
  }

  postMessage(): boolean {
    return false;
  }

  signalEvent(): void {}

  listenMessages() {
    return { close() {} };
  }

  listenSignals() {
    return { close() {} };
  }

  mapWindow(gpa: number, length: number, device: MmioDevice): MmioWindow | undefined {
    if (gpa < this.#memoryBytes) return undefined;
    for (const other of this.mapped) if (gpa < other.gpa + other.length && other.gpa < gpa + length) return undefined;
    const entry = { gpa, length, device };
    this.mapped.add(entry);
    return { gpa, length, unmap: () => this.mapped.delete(entry) };
  }

  /** What a VP reads; all ones where nothing answers. */
  mmioRead(gpa: number, size: 1 | 2 | 4 | 8): bigint {
    const hit = this.#at(gpa);
    return hit === undefined ? (1n << BigInt(size * 8)) - 1n : hit.device.read(gpa - hit.gpa, size, 0);
  }

  mmioWrite(gpa: number, size: 1 | 2 | 4 | 8, value: bigint): void {
    const hit = this.#at(gpa);
    hit?.device.write(gpa - hit.gpa, size, value, 0);
  }

  #at(gpa: number): Mapped | undefined {
    return [...this.mapped].find((entry) => gpa >= entry.gpa && gpa < entry.gpa + entry.length);
  }

  #keep(record: Readonly<Record<string, unknown>> & { readonly k: string }): void {
    if (this.events.length < 10_000) this.events.push(record);
  }
}
