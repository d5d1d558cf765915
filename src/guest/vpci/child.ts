import type { pci_function_description2 } from '../../abi/vpci/bus.js';
import type { ValueOf } from '../../layout/types.js';
import { slotNumber } from './slot.js';

/** A function as bus relations describe it; the first form has no flags and node. */
export type FunctionDescription = Omit<ValueOf<typeof pci_function_description2>, 'reserved'>;

export const BARS = 6;

/** A function of a bus while the host reports it (struct hv_pci_dev). */
export class Child {
  readonly description: FunctionDescription;
  /** dev | func << 5. */
  readonly slot: number;
  /** BARs as they read after all ones; zeros where the host did not say. */
  readonly probedBars: number[] = new Array<number>(BARS).fill(0);
  /** Not in the newest bus relations. */
  isMissing = false;
  /** The host wants it back. */
  isEjecting = false;
  /** Has a share in the slot object of its device number (VPCI-24). */
  hasSlotName = false;
  /** Told when the host has changed configuration blocks: bit i is block i (VPCI-112). */
  onInvalidate: ((blocks: bigint) => void) | undefined;

  constructor(description: FunctionDescription) {
    this.description = description;
    this.slot = slotNumber(description.win_slot);
  }

  /** True for the same function in the same slot (VPCI-21). */
  matches(other: FunctionDescription): boolean {
    const mine = this.description;
    return (
      this.slot === slotNumber(other.win_slot) &&
      mine.v_id === other.v_id &&
      mine.d_id === other.d_id &&
      mine.ser === other.ser
    );
  }
}
