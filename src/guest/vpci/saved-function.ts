import { PCI_BASE_ADDRESS_0, PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX } from '../../hardware/pci-config.js';
import type { PciFunction } from '../pci/pci-function.js';

/** Offset of the control word in both message capabilities. */
const MESSAGE_CONTROL = 2;
const MESSAGE_CAPABILITIES = [PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX];

/** Registers of a function that its device forgets in hibernation. */
export interface SavedFunction {
  readonly fn: PciFunction;
  readonly command: number;
  /** Control words of its message capabilities, by their offset. */
  readonly controls: readonly { readonly at: number; readonly value: number }[];
}

/** Reads what `restoreFunction` writes. */
export function saveFunction(fn: PciFunction): SavedFunction {
  const controls = MESSAGE_CAPABILITIES.flatMap((id) => {
    const at = fn.config.findCapability(id);
    return at === undefined ? [] : [{ at: at + MESSAGE_CONTROL, value: fn.config.read(at + MESSAGE_CONTROL, 2) }];
  });
  return { fn, command: fn.config.command, controls };
}

/** What the PCI core does of its own in Linux (pci_restore_state), and the messages, which the host knows no more. */
export function restoreFunction({ fn, command, controls }: SavedFunction): void {
  for (const bar of fn.bars) {
    const where = PCI_BASE_ADDRESS_0 + bar.index * 4;
    fn.config.write(where, 4, Number(bar.address & 0xffffffffn) | bar.flags);
    if (bar.is64) fn.config.write(where + 4, 4, Number(bar.address >> 32n));
  }
  fn.config.command = command;
  for (const { at, value } of controls) fn.config.write(at, 2, value);
  fn.interrupts.restore();
}
