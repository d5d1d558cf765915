import { PCI_CAP_ID_EXP, PCI_CAP_ID_PM } from '../../hardware/pci-config.js';
/** An entry of the capability list. */
export interface Capability {
  readonly id: number;
  /** Bytes, id and link included. */
  readonly length: number;
  /** Writes the registers as they are after power-on, and the bits of them that the guest may write; not the first two bytes. */
  lay(view: DataView, writable: DataView): void;
  /** The guest has written to it, or it was reset. */
  written?(view: DataView): void;
}

/** An endpoint of PCI Express with the registers of version 2: PCI Express Base 3.0, 7.8. */
export class ExpressCapability implements Capability {
  readonly id = PCI_CAP_ID_EXP;
  readonly length = 0x3c;

  lay(view: DataView, writable: DataView): void {
    view.setUint16(0x02, 0x0002, true);
    // Role-based error reporting, which version 1.1 made a must.
    view.setUint32(0x04, 0x0000_8000, true);
    view.setUint16(0x08, 0x2810, true);
    writable.setUint16(0x08, 0x7fff, true);
    // One lane at 2.5 GT/s, as far as anybody can tell.
    view.setUint32(0x0c, 0x0000_0011, true);
    view.setUint16(0x12, 0x0011, true);
    writable.setUint16(0x10, 0x00c3, true);
    writable.setUint16(0x28, 0x001f, true);
  }
}

/** D0 and D3hot, nothing lost between them: PCI Power Management 1.2, 3.2. */
export class PowerCapability implements Capability {
  readonly id = PCI_CAP_ID_PM;
  readonly length = 8;
  readonly #changed: (on: boolean) => void;

  constructor(changed: (on: boolean) => void) {
    this.#changed = changed;
  }

  lay(view: DataView, writable: DataView): void {
    view.setUint16(2, 0x0003, true);
    view.setUint16(4, 0x0008, true);
    writable.setUint16(4, 0x0003, true);
  }

  written(view: DataView): void {
    this.#changed((view.getUint16(4, true) & 3) === 0);
  }
}
