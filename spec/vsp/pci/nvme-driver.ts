import { bytesToHex } from '../../../src/bytes/hex.js';
import { NvmeDevice, type NvmeDeviceOptions } from '../../../src/vsp/pci/nvme-device.js';
import { HostRig } from '../vpci/host-rig.js';

export const BAR = 0xfe000000;
export const ADMIN_SQ = 0x1000;
export const ADMIN_CQ = 0x2000;
export const DATA = 0x10000;
const ENTRIES = 16;

export interface CommandWords {
  readonly nsid?: number;
  readonly prp1?: number | bigint;
  readonly prp2?: number | bigint;
  readonly flags?: number;
  /** Command words 10 to 15. */
  readonly words?: readonly number[];
}

export interface Completion {
  readonly result: number;
  readonly queueHead: number;
  readonly queueId: number;
  readonly commandId: number;
  /** Without the phase bit. */
  readonly status: number;
}

interface Queue {
  readonly sq: number;
  readonly cq: number;
  readonly entries: number;
  tail: number;
  head: number;
  phase: number;
}

/** A driver as small as can be, over a device without a bus. */
export class NvmeDriver {
  readonly rig: HostRig;
  readonly device: NvmeDevice;
  readonly queues = new Map<number, Queue>();
  #id = 0;

  constructor(options: Partial<NvmeDeviceOptions> = {}, rig = new HostRig()) {
    this.rig = rig;
    this.device = new NvmeDevice({ port: rig, sectors: 4096, ...options });
    this.device.writeConfig(0x10, 4, BAR);
    this.device.writeConfig(4, 2, 6);
  }

  /** A driver whose controller is ready, interrupting by message 0 of MSI-X. */
  static ready(options: Partial<NvmeDeviceOptions> = {}, rig = new HostRig()): NvmeDriver {
    const driver = new NvmeDriver(options, rig);
    for (let vector = 0; vector < 8; vector++) {
      driver.write(0x2000 + vector * 16, 0xfee01000);
      driver.write(0x2008 + vector * 16, 0x20 + vector);
      driver.write(0x200c + vector * 16, 0);
    }
    driver.device.writeConfig(0x42, 2, 0x8000);
    driver.enable();
    return driver;
  }

  get raised(): number[] {
    return this.rig.interrupts.raised.map(({ data }) => data);
  }

  read(offset: number): number {
    return Number(this.rig.mmioRead(BAR + offset, 4));
  }

  write(offset: number, value: number): void {
    this.rig.mmioWrite(BAR + offset, 4, BigInt(value >>> 0));
  }

  enable(cc = 0x460001): number {
    return this.enableAt(BigInt(ADMIN_SQ), BigInt(ADMIN_CQ), cc);
  }

  /** Enables the controller with its admin queues where the device has them. */
  enableAt(submissions: bigint, completions: bigint, cc = 0x460001): number {
    this.write(0x24, ((ENTRIES - 1) << 16) | (ENTRIES - 1));
    this.rig.mmioWrite(BAR + 0x28, 8, submissions);
    this.rig.mmioWrite(BAR + 0x30, 8, completions);
    this.write(0x14, cc);
    this.queues.set(0, { sq: ADMIN_SQ, cq: ADMIN_CQ, entries: ENTRIES, tail: 0, head: 0, phase: 1 });
    return this.read(0x1c);
  }

  /** Adds a command; it is not looked at before `ring`. Its id. */
  add(
    queueId: number,
    opcode: number,
    { nsid = 0, prp1 = DATA, prp2 = 0, flags = 0, words = [] }: CommandWords = {},
  ): number {
    const queue = this.queues.get(queueId)!;
    const at = queue.sq + queue.tail * 64;
    const { memory } = this.rig;
    memory.clear(at, 64);
    const id = ++this.#id & 0xffff;
    memory.writeU32(at, opcode | (flags << 8) | (id << 16));
    memory.writeU32(at + 4, nsid);
    memory.writeU64(at + 24, BigInt(prp1));
    memory.writeU64(at + 32, BigInt(prp2));
    for (const [i, word] of words.entries()) memory.writeU32(at + 40 + i * 4, word >>> 0);
    queue.tail = (queue.tail + 1) % queue.entries;
    return id;
  }

  ring(queueId: number): void {
    this.write(0x1000 + queueId * 8, this.queues.get(queueId)!.tail);
    this.rig.queue.drain();
  }

  /** Completions that have come, given back to the device. */
  reap(queueId: number): Completion[] {
    const queue = this.queues.get(queueId)!;
    const { memory } = this.rig;
    const found: Completion[] = [];
    for (;;) {
      const at = queue.cq + queue.head * 16;
      const last = memory.readU32(at + 12);
      if (((last >>> 16) & 1) !== queue.phase) break;
      found.push({
        result: memory.readU32(at),
        queueHead: memory.readU16(at + 8),
        queueId: memory.readU16(at + 10),
        commandId: last & 0xffff,
        status: last >>> 17,
      });
      queue.head = (queue.head + 1) % queue.entries;
      if (queue.head === 0) queue.phase ^= 1;
    }
    if (found.length > 0) this.write(0x1004 + queueId * 8, queue.head);
    return found;
  }

  /** One command from start to end. */
  run(queueId: number, opcode: number, fields: CommandWords = {}): Completion {
    const id = this.add(queueId, opcode, fields);
    this.ring(queueId);
    const found = this.reap(queueId);
    if (found.length !== 1 || found[0]!.commandId !== id) throw new Error(`${found.length} completions`);
    return found[0]!;
  }

  /** An I/O queue pair of its own vector; statuses of the two commands. */
  createPair(id: number, { sq = 0x4000 + id * 0x2000, entries = 8, vector = id } = {}): number[] {
    const cq = sq + 0x1000;
    const first = this.run(0, 5, { prp1: cq, words: [id | ((entries - 1) << 16), 3 | (vector << 16)] });
    const second = this.run(0, 1, { prp1: sq, words: [id | ((entries - 1) << 16), 1 | (id << 16)] });
    this.queues.set(id, { sq, cq, entries, tail: 0, head: 0, phase: 1 });
    return [first.status, second.status];
  }

  bytes(gpa: number, length: number): Uint8Array {
    const into = new Uint8Array(length);
    this.rig.memory.read(gpa, into);
    return into;
  }

  hex(gpa: number, length: number): string {
    return bytesToHex(this.bytes(gpa, length));
  }
}
