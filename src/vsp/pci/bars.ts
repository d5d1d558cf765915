import { PCI_BASE_ADDRESS_MEM_64, PCI_BASE_ADDRESS_MEM_PREFETCH } from '../../hardware/pci-config.js';
import type { MmioDevice, MmioWindow } from '../../ports/host-port.js';
import type { DevicePort, LabelledMmio } from './pci-device.js';

/** Bits of a memory BAR that are no address: PCI Local Bus 3.0, 6.2.5.1. */
const FLAGS = 0xf;
const GPA_END = 2n ** 52n;
const SPACE = 2n ** 64n;

/** A memory BAR and what answers behind it. */
export interface BarSpec {
  /** 0..5; a 64-bit BAR takes the next one, too. */
  readonly index: number;
  /** A power of two, 4096 or more. */
  readonly size: number;
  readonly wide?: boolean;
  readonly prefetch?: boolean;
  readonly device: MmioDevice;
}

/** The six words as they read after all ones were written. Throws RangeError for BARs that cannot be. */
export function barMasks(specs: readonly BarSpec[]): number[] {
  const masks = new Array<number>(6).fill(0);
  for (const { index, size, wide = false, prefetch = false } of specs) {
    const last = wide ? index + 1 : index;
    if (!(size >= 4096) || Math.log2(size) % 1 !== 0 || (!wide && size > 2 ** 31))
      throw new RangeError(`a BAR of ${size} bytes`);
    if (!(index >= 0) || last > 5 || masks[index] !== 0 || masks[last] !== 0)
      throw new RangeError(`no room for BAR ${index}`);
    const mask = SPACE - BigInt(size);
    masks[index] =
      (Number(mask & 0xffff_ffffn) |
        (wide ? PCI_BASE_ADDRESS_MEM_64 : 0) |
        (prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0)) >>>
      0;
    if (wide) masks[last] = Number(mask >> 32n);
  }
  return masks;
}

/** Bytes of the BAR at `index` by the words it reads after all ones; 0 where there is none. */
export function barSizeOf(masks: readonly number[], index: number): bigint {
  const low = masks[index] ?? 0;
  if (low === 0) return 0n;
  const high = (low & PCI_BASE_ADDRESS_MEM_64) === 0 ? 0xffff_ffff : (masks[index + 1] ?? 0);
  return SPACE - ((BigInt(high) << 32n) | BigInt((low & ~FLAGS) >>> 0));
}

/** The windows of a function's BARs: mapped where the function decodes memory and the address can be had. */
export class BarWindows {
  readonly #port: Pick<DevicePort, 'mapWindow'>;
  readonly #slots: { readonly spec: BarSpec; at: bigint | undefined; window: MmioWindow | undefined }[];
  readonly #name: (index: number) => string;

  constructor(port: Pick<DevicePort, 'mapWindow'>, specs: readonly BarSpec[], name: (index: number) => string) {
    this.#port = port;
    this.#slots = specs.map((spec) => ({ spec, at: undefined, window: undefined }));
    this.#name = name;
  }

  get mapped(): number {
    return this.#slots.filter(({ window }) => window !== undefined).length;
  }

  /** `words` are the six BARs; nothing is mapped unless `decode`. */
  update(words: readonly number[], decode: boolean): void {
    const moved = this.#slots.filter((slot) => slot.at !== (decode ? addressOf(slot.spec, words) : undefined));
    // All that move leave first: one BAR may come to lie where another was.
    for (const slot of moved) {
      slot.window?.unmap();
      slot.window = undefined;
    }
    for (const slot of moved) {
      slot.at = decode ? addressOf(slot.spec, words) : undefined;
      if (slot.at === undefined) continue;
      slot.window = this.#port.mapWindow(Number(slot.at), slot.spec.size, this.#labelled(slot.spec));
    }
  }

  #labelled({ index, device }: BarSpec): LabelledMmio {
    return {
      read: (offset, size, vp) => device.read(offset, size, vp),
      write: (offset, size, value, vp) => device.write(offset, size, value, vp),
      label: (offset) => `bar${index}+0x${offset.toString(16)} ${this.#name(index)}`,
    };
  }
}

/** Where a BAR points; undefined for what nothing can be mapped at: no address yet, and the all ones of sizing. */
function addressOf({ index, size, wide = false }: BarSpec, words: readonly number[]): bigint | undefined {
  const high = wide ? BigInt(words[index + 1]! >>> 0) << 32n : 0n;
  const address = high | BigInt((words[index]! & ~FLAGS) >>> 0);
  return address === 0n || address + BigInt(size) > GPA_END ? undefined : address;
}
