import { hv_features_ebx } from '../../src/abi/hv/cpuid.js';
import { Partition } from '../../src/hypervisor/partition.js';
import type { PartitionOptions } from '../../src/hypervisor/partition-options.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import type { MmioDevice } from '../../src/ports/host-port.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';

/** Two pieces of RAM with a hole between them; each lies between guards in the buffer. */
export const RAM = [
  { gpa: 0, length: 0x10000 },
  { gpa: 0x20000, length: 0x10000 },
] as const;
export const WINDOW = 0xf8000000;
export const WINDOW_BYTES = 0x2000;
export const GICD = 0xffff0000;
export const MESSAGES = 1;
export const SIGNALS = 2;
export const SINT = 2;
export const VPS = [0, 1, 66];
const GUARD = 4096;
const CANARY = 0x5a;
const KINDS: readonly (readonly [string, Partial<PartitionOptions>])[] = [
  ['guest', { iommu: { devices: () => true }, bits: { privileges: hv_features_ebx.HV_ENABLE_EXTENDED_HYPERCALLS } }],
  [
    'root',
    {
      isRoot: true,
      rootPages: 1,
      systemProperties: new Map([[15, 4n]]),
      iommu: { devices: () => true, guestPartitions: [0x42n], poolPages: 3, pagesPerMapping: 1 },
    },
  ],
  ['confidential', { isConfidential: true, sliceReps: 1, continuation: 'partial' }],
  [
    'lenient',
    {
      lenient: true,
      sliceReps: 3,
      extendedCapabilities: 0x55n,
      iommu: { devices: () => true, isL1vh: true, guestPartitions: [0x42n] },
    },
  ],
  ['arm64', { arch: 'arm64', gicdGpa: GICD }],
];

/** One partition with its host, and what may not happen to them. */
export class FuzzedPartition {
  readonly name: string;
  readonly partition: Partition;
  readonly memory: SharedGuestMemory;
  readonly queue = new VirtualQueue();
  /** What VPs got, by VP. */
  readonly interrupts = new Map<number, number>();
  /** The guest's handler. */
  interrupted: (vp: number) => void = () => undefined;
  /** Messages that the host took of each VP since it was last looked at. */
  readonly posted = new Map<number, number>();
  readonly message: { address: bigint; data: number };
  private readonly bytes: Uint8Array;

  constructor(name: string, options: Partial<PartitionOptions>, traced: boolean) {
    this.name = name;
    const pieces = RAM.map(({ gpa, length }, i) => ({ gpa, length, offset: GUARD + i * (length + GUARD) }));
    const buffer = new SharedArrayBuffer(GUARD + RAM.reduce((sum, { length }) => sum + length + GUARD, 0));
    this.bytes = new Uint8Array(buffer);
    this.bytes.fill(CANARY);
    this.memory = new SharedGuestMemory(buffer, pieces);
    for (const { gpa, length } of RAM) this.memory.clear(gpa, length);
    this.partition = new Partition({
      arch: 'x64',
      memory: this.memory,
      queue: this.queue,
      vps: VPS,
      sink: { interrupt: (vp, vector) => this.take(vp, vector) },
      ...(traced ? { trace: { event: () => undefined } } : {}),
      ...options,
    });
    this.partition.listenMessages(MESSAGES, ({ vp, payload }) => {
      this.posted.set(vp, (this.posted.get(vp) ?? 0) + 1);
      this.partition.postMessage(vp, SINT, 1, payload);
      return 0;
    });
    this.partition.listenSignals(SIGNALS, (flag, vp) => this.partition.signalEvent(vp, SINT, flag));
    this.partition.mapWindow(WINDOW, WINDOW_BYTES, checkedDevice(WINDOW_BYTES));
    this.message = this.partition.interrupts.create(8n, 4, { vector: 0x40, vps: [0, 66], lowestPriority: false })!;
  }

  /** Throws when a byte beside the guest's memory has changed. */
  checkGuards(): void {
    let at = 0;
    for (const length of [...RAM.map((piece) => piece.length), 0]) {
      for (let i = 0; i < GUARD; i++)
        if (this.bytes[at + i] !== CANARY) throw new Error(`${this.name}: a write beside guest memory at ${at + i}`);
      at += GUARD + length;
    }
  }

  private take(vp: number, vector: number): void {
    const most = this.partition.arch === 'x64' ? 255 : 1019;
    if (!VPS.includes(vp) || !(Number.isInteger(vector) && vector >= 0 && vector <= most))
      throw new Error(`${this.name}: interrupt ${vector} at VP ${vp}`);
    this.interrupts.set(vp, (this.interrupts.get(vp) ?? 0) + 1);
    this.interrupted(vp);
  }
}

/** One of each kind: guest, root, confidential, lenient and in slices, arm64; every second one records. */
export function makePartitions(): FuzzedPartition[] {
  return KINDS.map(([name, options], i) => new FuzzedPartition(name, options, i % 2 === 1));
}

/** A device that no access may reach outside of its window. */
function checkedDevice(length: number): MmioDevice {
  const check = (offset: number, size: number): void => {
    if (!(Number.isInteger(offset) && offset >= 0 && offset + size <= length && [1, 2, 4, 8].includes(size)))
      throw new Error(`a device access of ${size} bytes at ${offset}`);
  };
  return {
    read: (offset, size) => {
      check(offset, size);
      return -1n;
    },
    write: (offset, size, value) => {
      check(offset, size);
      if (value >> BigInt(8 * size) !== 0n) throw new Error(`${value} in ${size} bytes`);
    },
  };
}
