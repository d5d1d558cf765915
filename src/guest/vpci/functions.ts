import { pci_device_description_flags } from '../../abi/vpci/bus.js';
import type { Routine } from '../../sched/routine.js';
import type { PciFunction } from '../pci/pci-function.js';
import type { Child } from './child.js';
import { devfnOfSlot, SLOTS } from './slot.js';
import type { NumaNodes, VirtualBus } from './virtual-bus.js';

// What the PCI core has of the functions of a bus: slots, NUMA nodes, functions that go.

/** Names the slots of functions that have none yet by their serial number (VPCI-24). */
export function nameSlots(bus: VirtualBus): void {
  if (bus.root === undefined) return;
  for (const child of bus.children) {
    if (child.hasSlotName || child.slot >= SLOTS) continue;
    child.hasSlotName = true;
    const number = numberOf(child);
    // A slot is one object for all functions of a device: the first one names it.
    if (!bus.root.slots.has(number)) bus.root.slots.set(number, String(child.description.ser));
  }
}

/** Takes a function out of the bus: its slot object goes with the last one that shares it. */
export function unlinkChild(bus: VirtualBus, child: Child): void {
  const at = bus.children.indexOf(child);
  if (at >= 0) bus.children.splice(at, 1);
  if (!child.hasSlotName) return;
  child.hasSlotName = false;
  const number = numberOf(child);
  const isShared = bus.children.some((other) => other.hasSlotName && numberOf(other) === number);
  if (!isShared) bus.root?.slots.delete(number);
}

function numberOf(child: Child): number {
  return devfnOfSlot(child.slot) >>> 3;
}

/** Node of every function: the host's where it gives a valid one, else 0 (VPCI-114). */
export function assignNumaNodes(bus: VirtualBus): void {
  for (const fn of bus.root?.functions.values() ?? []) {
    const child = bus.childOf(fn.devfn);
    if (child !== undefined) fn.numaNode = numaNodeOf(child, bus.settings.numaNodes);
  }
}

export function numaNodeOf({ description }: Child, { possible, online }: NumaNodes): number {
  const { flags, virtual_numa_node: node } = description;
  const isGiven = (flags & pci_device_description_flags.HV_PCI_DEVICE_FLAG_NUMA_AFFINITY) !== 0;
  // A node 0 that the host gives and one that it does not know look the same: neither is interpreted.
  if (!isGiven || node >= possible) return 0;
  return [...online].sort((a, b) => Math.abs(a - node) - Math.abs(b - node) || a - b)[0] ?? 0;
}

/** Takes functions off the PCI bus that the host does not report any more. The caller has the rescan lock. */
export function* removeMissingFunctions(bus: VirtualBus): Routine {
  const { root, settings } = bus;
  if (root === undefined) return;
  for (const devfn of [...root.functions.keys()])
    if (bus.childOf(devfn) === undefined) yield* settings.pci.remove(root, devfn);
}

/** Looks for functions that the PCI bus does not have yet. The caller has the rescan lock. */
export function scanFunctions(bus: VirtualBus): PciFunction[] {
  const found = bus.settings.pci.scan(bus.root!);
  assignNumaNodes(bus);
  return found;
}
