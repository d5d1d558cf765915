import type { CallPort } from '../../src/guest/root-iommu/call-port.js';
import { CallPort as Port } from '../../src/guest/root-iommu/call-port.js';
import type { PagingDomain } from '../../src/guest/root-iommu/iommu-domain.js';
import { PagingCalls } from '../../src/guest/root-iommu/paging-calls.js';
import { RootIommu, type RootIommuOptions } from '../../src/guest/root-iommu/root-iommu.js';
import { type SeriesHabits, SeriesIommu } from '../../src/rig/compare/series-habits.js';
import { bareRig, gained, QUIET_CORE, type Rig } from '../guest/root-iommu/rig.js';

export type Driver = new (...args: ConstructorParameters<typeof RootIommu>) => RootIommu;

/** As rig(), with another driver. */
export function driven(Kind: Driver = RootIommu, options: Partial<RootIommuOptions> = {}): Rig {
  const bare = bareRig();
  const iommu = new Kind(bare.machine, { flavour: 'root', ...options });
  iommu.init(QUIET_CORE);
  bare.hv.made.length = 0;
  bare.log.length = 0;
  return { ...bare, iommu };
}

/** Our driver with the habits of a recorded one. */
export function withHabits(habits: SeriesHabits): Driver {
  return class extends SeriesIommu {
    constructor(...[machine, options]: ConstructorParameters<typeof RootIommu>) {
      super(machine, options, habits);
    }
  };
}

/** Makes the calls of a domain; `port` is where they leave the guest. */
export type MakeCalls = (port: CallPort, domain: number) => PagingCalls;

export const OUR_CALLS: MakeCalls = (port, domain) => new PagingCalls(port, domain);

/** A driver with a domain whose maps and unmaps go through calls of another making. */
export function calling(make: MakeCalls): Rig & { readonly domain: PagingDomain } {
  const r = driven();
  const domain = gained(r.iommu.allocPaging());
  r.hv.made.length = 0;
  Object.defineProperty(domain, 'calls', { value: make(new Port(r.machine, { isRoot: true }), domain.id) });
  return { ...r, domain };
}

/** Calls with access to where they leave the guest. */
export class OtherCalls extends PagingCalls {
  protected readonly to: CallPort;

  constructor(port: CallPort, domain: number) {
    super(port, domain);
    this.to = port;
  }
}
