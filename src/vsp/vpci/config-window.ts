import { vpci_limits } from '../../abi/vpci/resource.js';
import type { HostPort, MmioWindow } from '../../ports/host-port.js';
import type { LabelledMmio } from '../pci/pci-device.js';
import type { BusFunction } from './bus-function.js';

const { PCI_CONFIG_MMIO_LENGTH, CFG_PAGE_OFFSET } = vpci_limits;
/** Header type; its top bit says that the device has other functions, without which nobody looks for them. */
const HEADER_TYPE = 0x0e;
const MULTI_FUNCTION = 0x80;
const DEV_BITS = 0x1f;

/**
 * The two pages through which the guest reaches configuration space: a write-only slot selector and the space of the selected
 * slot. An access that has no meaning reads all ones and writes nothing. Reached by device-space hypercalls as well.
 */
export class ConfigWindow implements LabelledMmio {
  readonly #functions: () => ReadonlyMap<number, BusFunction>;
  #window: MmioWindow | undefined;
  #selected = 0;

  constructor(functions: () => ReadonlyMap<number, BusFunction>) {
    this.#functions = functions;
  }

  get mapped(): boolean {
    return this.#window !== undefined;
  }

  /** False when the range is taken or memory. */
  map(port: Pick<HostPort, 'mapWindow'>, gpa: number): boolean {
    this.unmap();
    this.#window = port.mapWindow(gpa, PCI_CONFIG_MMIO_LENGTH, this);
    return this.#window !== undefined;
  }

  unmap(): void {
    this.#window?.unmap();
    this.#window = undefined;
    this.#selected = 0;
  }

  read(offset: number, size: 1 | 2 | 4 | 8): bigint {
    const device = this.#target(offset, size);
    if (device === undefined || size === 8) return (1n << BigInt(size * 8)) - 1n;
    const at = offset - CFG_PAGE_OFFSET;
    const value = device.readConfig(at, size);
    const into = HEADER_TYPE - at;
    const shared = into >= 0 && into < size && this.#hasSiblings() ? MULTI_FUNCTION << (into * 8) : 0;
    return BigInt((value | shared) >>> 0);
  }

  write(offset: number, size: 1 | 2 | 4 | 8, value: bigint): void {
    const device = this.#target(offset, size);
    if (device !== undefined && size !== 8)
      device.writeConfig(offset - CFG_PAGE_OFFSET, size, Number(BigInt.asUintN(size * 8, value)));
    else if (offset === 0 && size === 4) this.#selected = Number(BigInt.asUintN(32, value));
  }

  label(offset: number): string {
    return `config+0x${offset.toString(16)} slot ${this.#selected}`;
  }

  #hasSiblings(): boolean {
    const slots = [...this.#functions().keys()];
    return slots.filter((slot) => (slot & DEV_BITS) === (this.#selected & DEV_BITS)).length > 1;
  }

  #target(offset: number, size: number) {
    if (this.#window === undefined || size === 8 || offset % size !== 0) return undefined;
    if (offset < CFG_PAGE_OFFSET || offset + size > PCI_CONFIG_MMIO_LENGTH) return undefined;
    return this.#functions().get(this.#selected)?.spec.device;
  }
}
