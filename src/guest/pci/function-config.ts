import {
  type AccessSize,
  PCI_CAPABILITY_LIST,
  PCI_COMMAND,
  PCI_STATUS,
  PCI_STATUS_CAP_LIST,
  PCI_STD_HEADER_SIZEOF,
} from '../../hardware/pci-config.js';

/** Configuration space of the functions of one bus. `devfn` is device << 3 | function. Reads of absent functions are all ones. */
export interface ConfigAccess {
  read(devfn: number, where: number, size: AccessSize): number;
  write(devfn: number, where: number, size: AccessSize, value: number): void;
}

/** Capabilities that a walk looks at: a list that leads in circles ends. */
const MAX_CAPABILITIES = 48;

/** Configuration space of one function. */
export class FunctionConfig {
  readonly devfn: number;
  private readonly access: ConfigAccess;

  constructor(access: ConfigAccess, devfn: number) {
    this.access = access;
    this.devfn = devfn;
  }

  read(where: number, size: AccessSize): number {
    return this.access.read(this.devfn, where, size);
  }

  write(where: number, size: AccessSize, value: number): void {
    this.access.write(this.devfn, where, size, value >>> 0);
  }

  get command(): number {
    return this.read(PCI_COMMAND, 2);
  }

  set command(value: number) {
    this.write(PCI_COMMAND, 2, value);
  }

  /** Sets and clears bits of the command register; writes only what changes. */
  changeCommand(set: number, clear: number): void {
    const old = this.command;
    const next = (old | set) & ~clear;
    if (next !== old) this.command = next;
  }

  /** Where the capability `id` starts; undefined when the function has none (__pci_find_next_cap_ttl, drivers/pci/pci.c). */
  findCapability(id: number): number | undefined {
    if ((this.read(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST) === 0) return undefined;
    let at = this.read(PCI_CAPABILITY_LIST, 1);
    for (let left = MAX_CAPABILITIES; left > 0 && at >= PCI_STD_HEADER_SIZEOF; left--) {
      at &= ~3;
      const header = this.read(at, 2);
      if ((header & 0xff) === 0xff) return undefined;
      if ((header & 0xff) === id) return at;
      at = header >>> 8;
    }
    return undefined;
  }
}
