import type { win_slot_encoding } from '../../abi/vpci/message.js';
import { logicalDeviceId } from '../../hypercall/logical-device-id.js';
import type { ValueOf } from '../../layout/types.js';
import type { PciDevice } from '../pci/pci-device.js';

/** A function on a bus. */
export interface VpciFunction {
  /** 0..31. */
  readonly dev: number;
  /** 0..7. */
  readonly func: number;
  readonly serial: number;
  /** Absent: the relations name no node. */
  readonly numaNode?: number;
  readonly device: PciDevice;
}

/** An address range that the guest gave to a BAR. */
export interface AssignedRange {
  readonly address: bigint;
  readonly lengthBytes: bigint;
}

type SlotWord = ValueOf<typeof win_slot_encoding>;

/** dev | func << 5, as win_slot_encoding has it. */
export function slotOf(dev: number, func: number): number {
  return dev | (func << 5);
}

/** The word of a slot. */
export function slotWord(slot: number): SlotWord {
  return { dev: slot & 31, func: (slot >>> 5) & 7, reserved: slot >>> 8 };
}

/** The number behind the word, reserved bits included: a slot with one of them set is nobody's. */
export function slotNumber({ dev, func, reserved }: SlotWord): number {
  return (dev | (func << 5) | (reserved << 8)) >>> 0;
}

/** A function while it is on the bus, and what the guest has done to it. */
export class BusFunction {
  readonly spec: VpciFunction;
  readonly slot: number;
  readonly deviceId: bigint;
  readonly ranges: (AssignedRange | undefined)[] = new Array<undefined>(6).fill(undefined);
  assigned = false;

  constructor(spec: VpciFunction, prefix: number) {
    if (!(spec.dev >= 0 && spec.dev < 32 && spec.func >= 0 && spec.func < 8))
      throw new RangeError(`no slot has device ${spec.dev}, function ${spec.func}`);
    this.spec = spec;
    this.slot = slotOf(spec.dev, spec.func);
    this.deviceId = logicalDeviceId(prefix, spec.func);
  }

  /** The function is on the bus from now on: its device hears of the slot. */
  attach(): void {
    this.spec.device.attached(this.slot);
  }

  /** As RESOURCES_RELEASED leaves it: powered off, unmapped, BARs clear. */
  release(): void {
    this.spec.device.reset();
    this.ranges.fill(undefined);
    this.assigned = false;
  }
}

/** The functions by slot; none of them is attached. Throws RangeError for two in one slot. */
export function functionsBySlot(functions: readonly VpciFunction[], prefix: number): Map<number, BusFunction> {
  const bySlot = new Map<number, BusFunction>();
  for (const spec of functions) {
    const made = new BusFunction(spec, prefix);
    if (bySlot.has(made.slot)) throw new RangeError(`slot ${made.slot} is taken twice`);
    bySlot.set(made.slot, made);
  }
  return bySlot;
}
