import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import {
  PCI_BASE_ADDRESS_0,
  PCI_BASE_ADDRESS_MEM_64,
  PCI_BASE_ADDRESS_MEM_TYPE,
  PCI_BASE_ADDRESS_SPACE_IO,
  PCI_COMMAND,
  PCI_COMMAND_MEMORY,
} from '../../hardware/pci-config.js';
import { BARS, type Child } from './child.js';
import { readConfig, writeConfig } from './config-access.js';
import type { VirtualBus } from './virtual-bus.js';

const PAGE = BigInt(HV_HYP_PAGE_SIZE);

/** A memory BAR as the host describes it. */
export interface ProbedBar {
  readonly index: number;
  /** Bytes, whole pages. */
  readonly size: bigint;
  readonly is64: boolean;
}

/** Bytes behind a BAR, from the 64 bits that it reads as after all ones (VPCI-31); 0 where no bit of it can be set. */
export function barSize(mask: bigint): bigint {
  const size = BigInt.asUintN(64, 1n + ~(mask & ~0xfn));
  return (size + PAGE - 1n) & ~(PAGE - 1n);
}

/** The memory BARs of six probed registers (VPCI-30). `noteIo` hears of each I/O BAR, which nobody can use. */
export function probedBars(
  registers: readonly number[],
  noteIo: (index: number) => void = () => undefined,
): ProbedBar[] {
  const bars: ProbedBar[] = [];
  for (let index = 0; index < BARS; index++) {
    const low = registers[index] ?? 0;
    if (low === 0) continue;
    if ((low & PCI_BASE_ADDRESS_SPACE_IO) !== 0) {
      noteIo(index);
      continue;
    }
    const is64 = (low & PCI_BASE_ADDRESS_MEM_TYPE) === PCI_BASE_ADDRESS_MEM_64;
    // The last register has no upper half behind it; the host says what cannot be.
    const high = is64 ? (registers[index + 1] ?? 0) : 0xffffffff;
    const size = barSize((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
    if (size > 0n) bars.push({ index, size, is64 });
    if (is64) index++;
  }
  return bars;
}

/** The largest power of two that is not above a number of bytes; 0 for none. */
export function highestPower(bytes: bigint): bigint {
  return bytes <= 0n ? 0n : 1n << BigInt(bytes.toString(2).length - 1);
}

/** Room for the BARs of one kind. */
export interface BarRoom {
  readonly start: bigint;
  readonly size: bigint;
}

/** An address for a BAR. */
export interface PlacedBar {
  readonly child: Child;
  readonly bar: ProbedBar;
  readonly address: bigint;
}

/**
 * Places BARs, the largest first, so that each is aligned to its size without a gap; children and registers in their order
 * (VPCI-33). Nothing is placed past the end of its room (VPCI-34).
 */
export function placeBars(children: readonly Child[], low?: BarRoom, high?: BarRoom): PlacedBar[] {
  const all = children.flatMap((child) => probedBars(child.probedBars).map((bar) => ({ child, bar })));
  const placed: PlacedBar[] = [];
  const used = { low: 0n, high: 0n };
  const sizes = [low, high].map((room) => highestPower(room?.size ?? 0n));
  for (let size = sizes[0]! > sizes[1]! ? sizes[0]! : sizes[1]!; size >= PAGE; size >>= 1n)
    for (const { child, bar } of all) {
      const where = bar.is64 ? 'high' : 'low';
      const room = bar.is64 ? high : low;
      if (bar.size !== size || room === undefined || used[where] + size > room.size) continue;
      placed.push({ child, bar, address: room.start + used[where] });
      used[where] += size;
    }
  return placed;
}

/** Gives the BARs of all functions addresses, with memory decoding off, and leaves it off (prepopulate_bars). */
export function prepopulateBars(bus: VirtualBus): void {
  for (const child of bus.children) {
    const command = readConfig(bus, child, PCI_COMMAND, 2);
    writeConfig(bus, child, PCI_COMMAND, 2, command & ~PCI_COMMAND_MEMORY);
  }
  const roomOf = (where: 'low' | 'high'): BarRoom | undefined => {
    const window = bus.windows.find((one) => one.where === where);
    return window && { start: BigInt(window.gpa), size: window.bytes };
  };
  for (const { child, bar, address } of placeBars(bus.children, roomOf('low'), roomOf('high'))) {
    const register = PCI_BASE_ADDRESS_0 + bar.index * 4;
    writeConfig(bus, child, register, 4, Number(address & 0xffffff00n));
    if (bar.is64) writeConfig(bus, child, register + 4, 4, Number(address >> 32n));
  }
}
