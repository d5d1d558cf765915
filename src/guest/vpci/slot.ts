import type { win_slot_encoding } from '../../abi/vpci/message.js';
import type { ValueOf } from '../../layout/types.js';

// The host numbers functions dev | func << 5, PCI dev << 3 | func (wslot_to_devfn, drivers/pci/controller/pci-hyperv.c; VPCI-05).

type SlotWord = ValueOf<typeof win_slot_encoding>;

/** Slots that a function can have on a bus. */
export const SLOTS = 256;

export function slotOfDevfn(devfn: number): number {
  return ((devfn >>> 3) & 31) | ((devfn & 7) << 5);
}

export function devfnOfSlot(slot: number): number {
  return ((slot & 31) << 3) | ((slot >>> 5) & 7);
}

/** The word of a slot in a message; its reserved bits are those of the number. */
export function slotWord(slot: number): SlotWord {
  return { dev: slot & 31, func: (slot >>> 5) & 7, reserved: slot >>> 8 };
}

/** The number in a message's slot word, reserved bits included: with one of them set it is no function's. */
export function slotNumber({ dev, func, reserved }: SlotWord): number {
  return (dev | (func << 5) | (reserved << 8)) >>> 0;
}
