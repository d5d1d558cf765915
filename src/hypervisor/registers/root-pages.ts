import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';

// Pages that the hypervisor has for a root partition: it finds them by reading the registers, where another guest would write
// pages of its own. Where they are is this hypervisor's choice.

/** Kept free of the guest's own use at the end of memory. */
export const ROOT_PAGES_BYTES = 16 << 20;

const TSC_PAGE = 0x1_0000;
const ASSIST = 0x1000;
/** VPs whose assist pages lie in front of the TSC page; those of others lie behind. */
const FIRST_ASSISTS = TSC_PAGE / HV_HYP_PAGE_SIZE - 1;
const MORE_ASSISTS = 0x10_0000;
const MESSAGE_PAGES = 0x40_0000;
const EVENT_PAGES = 0x80_0000;

/** What registers read before they are written, by the first GPA of the area; all zero without one. */
export class RootPages {
  private readonly base: number | undefined;

  constructor(base: number | undefined) {
    this.base = base;
  }

  get hypercall(): bigint {
    return this.at(0);
  }

  get tsc(): bigint {
    return this.at(TSC_PAGE);
  }

  /** Of the VP that is the `position`-th, counted from 0. */
  assist(position: number): bigint {
    const more = position >= FIRST_ASSISTS;
    return this.at((more ? MORE_ASSISTS : ASSIST) + position * HV_HYP_PAGE_SIZE);
  }

  messages(position: number): bigint {
    return this.at(MESSAGE_PAGES + position * HV_HYP_PAGE_SIZE);
  }

  events(position: number): bigint {
    return this.at(EVENT_PAGES + position * HV_HYP_PAGE_SIZE);
  }

  private at(offset: number): bigint {
    return this.base === undefined ? 0n : BigInt(this.base + offset);
  }
}
