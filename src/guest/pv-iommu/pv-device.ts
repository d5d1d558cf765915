import type { DmaOperations } from '../pci/dma-operations.js';
import type { AtsSwitch } from './ats.js';

/** A PCI function as an IOMMU sees it: `domain` is its PCI domain number, `devfn` device << 3 | function. */
export interface IommuFunction {
  readonly domain: number;
  readonly devfn: number;
  /** How its driver maps memory, where there is one that asks. */
  dma?: DmaOperations;
}

/** What devices are attached to. */
export interface PvDomain {
  readonly kind: 'identity' | 'blocked' | 'paging';
  readonly id: number;
  readonly devices: Set<PvDevice>;
}

/** A function that the IOMMU stands in front of. */
export class PvDevice {
  readonly fn: IommuFunction;
  readonly ats: AtsSwitch | undefined;
  /** Where it is; undefined in front of the first attach, and after a move that failed half way. */
  attached: PvDomain | undefined = undefined;

  constructor(fn: IommuFunction, ats: AtsSwitch | undefined) {
    this.fn = fn;
    this.ats = ats;
  }
}

/** A domain without tables, of which there is one of each kind. */
export class StaticDomain implements PvDomain {
  readonly kind: 'identity' | 'blocked';
  readonly id: number;
  readonly devices = new Set<PvDevice>();

  constructor(kind: 'identity' | 'blocked', id: number) {
    this.kind = kind;
    this.id = id;
  }
}
