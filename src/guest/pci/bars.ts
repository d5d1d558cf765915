import {
  PCI_BASE_ADDRESS_0,
  PCI_BASE_ADDRESS_MEM_64,
  PCI_BASE_ADDRESS_MEM_TYPE,
  PCI_BASE_ADDRESS_SPACE_IO,
  PCI_COMMAND_DECODE,
  PCI_COMMAND_MEMORY,
} from '../../hardware/pci-config.js';
import type { FunctionConfig } from './function-config.js';

/** A memory range of a function. */
export interface Bar {
  readonly index: number;
  /** Bytes, a power of two. */
  readonly size: bigint;
  readonly is64: boolean;
  /** Low four bits of the register: type and prefetch. */
  readonly flags: number;
  /** 0 until it is assigned. */
  address: bigint;
}

/** Addresses that a bus hands out, last byte included. */
export interface BusWindow {
  readonly start: bigint;
  readonly last: bigint;
}

const BARS = 6;
const ALL_ONES = 0xffffffff;

const registerOf = (index: number): number => PCI_BASE_ADDRESS_0 + index * 4;

/** What a register says of itself when all ones are written to it; it keeps its value. */
function probe(config: FunctionConfig, where: number): { value: number; mask: number } {
  const value = config.read(where, 4) >>> 0;
  config.write(where, 4, ALL_ONES);
  const mask = config.read(where, 4) >>> 0;
  config.write(where, 4, value);
  return { value, mask };
}

/** Sizes the memory BARs of a function, with decoding off meanwhile (__pci_read_base, drivers/pci/probe.c). */
export function sizeBars(config: FunctionConfig): Bar[] {
  const bars: Bar[] = [];
  for (let index = 0; index < BARS; index++) {
    const command = config.command;
    if ((command & PCI_COMMAND_DECODE) !== 0) config.command = command & ~PCI_COMMAND_DECODE;
    const low = probe(config, registerOf(index));
    const is64 =
      (low.mask & PCI_BASE_ADDRESS_SPACE_IO) === 0 &&
      (low.mask & PCI_BASE_ADDRESS_MEM_TYPE) === PCI_BASE_ADDRESS_MEM_64 &&
      index + 1 < BARS;
    const high = is64 ? probe(config, registerOf(index + 1)) : { value: 0, mask: ALL_ONES };
    if ((command & PCI_COMMAND_DECODE) !== 0) config.command = command;
    if (low.mask !== 0 && low.mask !== ALL_ONES && (low.mask & PCI_BASE_ADDRESS_SPACE_IO) === 0) {
      const mask = (BigInt(high.mask) << 32n) | BigInt((low.mask & ~0xf) >>> 0);
      bars.push({
        index,
        // Bits that the register ignores are the size; upper bits that it lacks do not count.
        size: mask & -mask,
        is64,
        flags: low.mask & 0xf,
        address: (BigInt(high.value) << 32n) | BigInt((low.value & ~0xf) >>> 0),
      });
    }
    if (is64) index++;
  }
  return bars;
}

/**
 * Gives BARs addresses in the windows of their bus, the largest alignment first, and writes them (pci_bus_assign_resources).
 * `taken` are BARs of the bus that have theirs. Returns those for which there is no room.
 */
export function assignBars(
  functions: readonly { readonly config: FunctionConfig; readonly bars: readonly Bar[] }[],
  windows: readonly BusWindow[],
  taken: readonly Bar[],
): Bar[] {
  const order = functions.flatMap(({ config, bars }) => bars.map((bar) => ({ config, bar })));
  // A stable sort: equal sizes stay in the order of functions and registers.
  order.sort((a, b) => (a.bar.size === b.bar.size ? 0 : a.bar.size > b.bar.size ? -1 : 1));
  const placed = [...taken];
  const failed: Bar[] = [];
  for (const { config, bar } of order) {
    const address = findRoom(bar, windows, placed);
    if (address === undefined) {
      failed.push(bar);
      continue;
    }
    bar.address = address;
    placed.push(bar);
    writeBar(config, bar);
  }
  return failed;
}

function findRoom(bar: Bar, windows: readonly BusWindow[], placed: readonly Bar[]): bigint | undefined {
  for (const { start, last } of windows) {
    if (!bar.is64 && last > 0xffffffffn) continue;
    const busy = placed
      .filter((other) => other.address <= last && other.address + other.size > start)
      .sort((a, b) => (a.address < b.address ? -1 : 1));
    let at = alignUp(start, bar.size);
    for (const other of busy) {
      if (at + bar.size <= other.address) break;
      if (at < other.address + other.size) at = alignUp(other.address + other.size, bar.size);
    }
    if (at + bar.size - 1n <= last) return at;
  }
  return undefined;
}

function alignUp(value: bigint, size: bigint): bigint {
  return (value + size - 1n) & ~(size - 1n);
}

/** Writes an address with memory decoding off; reads are what Linux checks it by (pci_std_update_resource). */
function writeBar(config: FunctionConfig, bar: Bar): void {
  const command = config.command;
  if (bar.is64) config.command = command & ~PCI_COMMAND_MEMORY;
  const where = registerOf(bar.index);
  config.write(where, 4, Number(bar.address & 0xffffffffn) | bar.flags);
  config.read(where, 4);
  if (!bar.is64) return;
  config.write(where + 4, 4, Number(bar.address >> 32n));
  config.read(where + 4, 4);
  config.command = command;
}
