import { vpci_limits } from '../../abi/vpci/resource.js';
import {
  type AccessSize,
  PCI_CAPABILITY_LIST,
  PCI_CLASS_REVISION,
  PCI_COMMAND,
  PCI_ROM_ADDRESS,
  PCI_SUBSYSTEM,
} from '../../hardware/pci-config.js';
import type { ConfigAccess } from '../pci/function-config.js';
import type { Child } from './child.js';
import type { VirtualBus } from './virtual-bus.js';

const PCI_CACHE_LINE_SIZE = 0x0c;
const PCI_INTERRUPT_LINE = 0x3c;
const PCI_INTERRUPT_PIN = 0x3d;

const allOnes = (size: AccessSize): number => 2 ** (size * 8) - 1;

/**
 * Configuration space of a bus as the PCI core reaches it (hv_pcifront_read_config and its write). Functions that the host does
 * not report are not there, whatever the window would say.
 */
export class BusConfig implements ConfigAccess {
  private readonly bus: VirtualBus;

  constructor(bus: VirtualBus) {
    this.bus = bus;
  }

  read(devfn: number, where: number, size: AccessSize): number {
    const child = this.bus.childOf(devfn);
    return child === undefined ? allOnes(size) : readConfig(this.bus, child, where, size);
  }

  write(devfn: number, where: number, size: AccessSize, value: number): void {
    const child = this.bus.childOf(devfn);
    if (child !== undefined) writeConfig(this.bus, child, where, size, value);
  }
}

/** Reads what the description says from the description, the rest through the window (VPCI-40). All ones past the end. */
export function readConfig(bus: VirtualBus, child: Child, where: number, size: AccessSize): number {
  const end = where + size;
  if (end <= PCI_COMMAND) return described(child, where, 0, size);
  if (where >= PCI_CLASS_REVISION && end <= PCI_CACHE_LINE_SIZE)
    return described(child, where, PCI_CLASS_REVISION, size);
  if (where >= PCI_SUBSYSTEM && end <= PCI_ROM_ADDRESS) return described(child, where, PCI_SUBSYSTEM, size);
  if (where >= PCI_ROM_ADDRESS && end <= PCI_CAPABILITY_LIST) return 0;
  if ((where === PCI_INTERRUPT_LINE || where === PCI_INTERRUPT_PIN) && size === 1) return 0;
  if (end <= vpci_limits.CFG_PAGE_SIZE) return bus.config?.read(child.slot, where, size) ?? allOnes(size);
  bus.log('error', 'vpci-config-past-end', { slot: child.slot, where, size });
  return allOnes(size);
}

/** Subsystem and ROM cannot be written, and nothing says so (VPCI-42). */
export function writeConfig(bus: VirtualBus, child: Child, where: number, size: AccessSize, value: number): void {
  const end = where + size;
  if (where >= PCI_SUBSYSTEM && end <= PCI_CAPABILITY_LIST) return;
  if (where >= PCI_COMMAND && end <= vpci_limits.CFG_PAGE_SIZE) bus.config?.write(child.slot, where, size, value);
  else bus.log('error', 'vpci-config-write-refused', { slot: child.slot, where, size });
}

/** Bytes of the description as the register `base` and those behind it show them. */
function described(child: Child, where: number, base: number, size: AccessSize): number {
  const { v_id, d_id, rev, prog_intf, subclass, base_class, subsystem_id } = child.description;
  const words: Readonly<Record<number, number>> = {
    0: v_id | (d_id << 16),
    [PCI_CLASS_REVISION]: rev | (prog_intf << 8) | (subclass << 16) | (base_class << 24),
    [PCI_SUBSYSTEM]: subsystem_id,
  };
  const word = (words[base]! >>> ((where - base) * 8)) >>> 0;
  return size === 4 ? word : word & allOnes(size);
}
