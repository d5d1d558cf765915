import { hexNumber } from '../../bytes/hex.js';
import type { InterruptMessage, InterruptRouter, InterruptTarget } from '../../ports/host-port.js';
import type { TraceSink } from '../../ports/trace-sink.js';

/** What the devices of the recorded guests were given: one address for all, and data counted up from here. */
const MESSAGE_ADDRESS = 0xfee01000n;
const FIRST_DATA = 0x20;
/** The message data register of plain MSI has 16 bits, where MSI-X has 32 (PCI local bus 3.0, 6.8.1.6). */
const LAST_DATA = 0xffff;
/** Messages of all devices at a time. */
const MOST_MESSAGES = LAST_DATA - FIRST_DATA + 1;

/** Messages of one `create`; targets are each message's own once it is retargeted. */
interface Block {
  readonly deviceId: bigint;
  readonly data: number;
  readonly targets: InterruptTarget[];
}

export interface InterruptTablePorts {
  readonly trace: TraceSink;
  readonly isTraced: boolean;
  interrupt(vp: number, vector: number): void;
  hasVp(vp: number): boolean;
}

/**
 * The table from a device's write to a vector at VPs. On arm64 the vector is an INTID (an SPI), and where there is a
 * distributor that decides which VP gets it.
 */
export class InterruptTable implements InterruptRouter {
  /** VPs that an SPI goes to instead of those that it was created for: none where it is off. Undefined leaves them. */
  spiRoute: ((intid: number) => readonly number[] | undefined) | undefined;
  private readonly ports: InterruptTablePorts;
  private readonly blocks = new Map<number, Block>();
  /** Block of each message, by its data. */
  private readonly messages = new Map<number, Block>();
  private nextData = FIRST_DATA;

  constructor(ports: InterruptTablePorts) {
    this.ports = ports;
  }

  create(deviceId: bigint, count: number, target: InterruptTarget): InterruptMessage | undefined {
    if (!(Number.isInteger(count) && count > 0) || this.messages.size + count > MOST_MESSAGES) return undefined;
    const data = this.takeData(count);
    if (data === undefined) return undefined;
    const targets = Array.from({ length: count }, (_, i) => ({ ...target, vector: (target.vector + i) >>> 0 }));
    const block = { deviceId, data, targets };
    this.blocks.set(data, block);
    for (let i = 0; i < count; i++) this.messages.set(data + i, block);
    return { address: MESSAGE_ADDRESS, data };
  }

  remove(deviceId: bigint, { address, data }: InterruptMessage): boolean {
    const block = this.blocks.get(data);
    if (block === undefined || block.deviceId !== deviceId || address !== MESSAGE_ADDRESS) return false;
    this.drop(block);
    return true;
  }

  removeAll(deviceId: bigint): number {
    let count = 0;
    for (const block of [...this.blocks.values()]) {
      if (block.deviceId !== deviceId) continue;
      count += block.targets.length;
      this.drop(block);
    }
    return count;
  }

  raise({ address, data }: InterruptMessage): boolean {
    const target = address === MESSAGE_ADDRESS ? this.targetOf(data) : undefined;
    const { ports } = this;
    if (ports.isTraced)
      ports.trace.event({
        k: 'device_msi',
        address: hexNumber(address),
        data: hexNumber(data),
        target: target === undefined ? null : { vector: target.vector, vps: target.vps },
      });
    if (target === undefined) return false;
    for (const vp of target.vps) ports.interrupt(vp, target.vector);
    return target.vps.length > 0;
  }

  outstanding(deviceId: bigint): number {
    let count = 0;
    for (const block of this.blocks.values()) if (block.deviceId === deviceId) count += block.targets.length;
    return count;
  }

  /** True when a device has messages. */
  knows(deviceId: bigint): boolean {
    for (const block of this.blocks.values()) if (block.deviceId === deviceId) return true;
    return false;
  }

  /** Aims one message elsewhere (HVCALL_RETARGET_INTERRUPT); false when it is none of the device's. */
  retarget(deviceId: bigint, { address, data }: InterruptMessage, target: InterruptTarget): boolean {
    const block = this.messages.get(data);
    if (block === undefined || block.deviceId !== deviceId || address !== MESSAGE_ADDRESS) return false;
    block.targets[data - block.data] = target;
    return true;
  }

  /** Where a message goes now, with the VPs that get it; undefined when it is nobody's. */
  private targetOf(data: number): { vector: number; vps: readonly number[] } | undefined {
    const block = this.messages.get(data);
    if (block === undefined) return undefined;
    const { vector, vps, lowestPriority } = block.targets[data - block.data]!;
    const routed = this.spiRoute?.(vector);
    if (routed !== undefined) return { vector, vps: routed };
    const there = vps.filter((vp) => this.ports.hasVp(vp));
    return { vector, vps: lowestPriority ? there.slice(0, 1) : there };
  }

  /**
   * Data that was not given lately: a device that writes a message after it was taken back reaches nobody else, until the numbers
   * have gone round. Several messages of plain MSI differ in low bits that the device sets itself, so their first number is
   * aligned (PCI local bus 3.0, 6.8.1.6). Undefined when there is no such room.
   */
  private takeData(count: number): number | undefined {
    const first = this.findRoom(this.nextData, count) ?? this.findRoom(FIRST_DATA, count);
    if (first !== undefined) this.nextData = first + count;
    return first;
  }

  /** First aligned room at or above `from`. */
  private findRoom(from: number, count: number): number | undefined {
    const alignment = 2 ** Math.ceil(Math.log2(count));
    let first = Math.ceil(from / alignment) * alignment;
    while (first + count - 1 <= LAST_DATA) {
      const taken = this.blockIn(first, count);
      if (taken === undefined) return first;
      first = Math.ceil((taken.data + taken.targets.length) / alignment) * alignment;
    }
    return undefined;
  }

  private blockIn(first: number, count: number): Block | undefined {
    for (let i = 0; i < count; i++) {
      const block = this.messages.get(first + i);
      if (block !== undefined) return block;
    }
    return undefined;
  }

  private drop(block: Block): void {
    this.blocks.delete(block.data);
    for (let i = 0; i < block.targets.length; i++) this.messages.delete(block.data + i);
  }
}
