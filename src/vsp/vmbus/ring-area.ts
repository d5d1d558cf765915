import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import { ringInGuest } from '../../ring/guest-ring.js';
import { RingError } from '../../ring/ring-error.js';
import type { RingMemory } from '../../ring/ring-memory.js';
import type { Gpadl } from './gpadl-table.js';

/** One ring of a channel and the pages that it lies in, the control page first. */
export interface RingArea {
  readonly pfns: Float64Array;
  readonly ring: RingMemory;
}

export interface RingPair {
  readonly toHost: RingArea;
  readonly toGuest: RingArea;
}

/**
 * The two rings of a GPADL: one range of whole pages from the start of a page, the guest's half first, the host's from page
 * `downstreamPage` on. Undefined where they cannot be, or lie outside of guest memory.
 */
export function ringsOf(memory: GuestMemory, gpadl: Gpadl, downstreamPage: number): RingPair | undefined {
  const [range] = gpadl.ranges;
  if (range === undefined || gpadl.ranges.length !== 1) return undefined;
  if (range.offsetBytes !== 0 || range.lengthBytes % HV_HYP_PAGE_SIZE !== 0) return undefined;
  if (downstreamPage === 0 || downstreamPage >= range.pfns.length) return undefined;
  // What a number cannot hold is no page of any memory.
  const pfns = Float64Array.from(range.pfns, Number);
  const toHost = areaOf(memory, pfns.subarray(0, downstreamPage));
  const toGuest = areaOf(memory, pfns.subarray(downstreamPage));
  return toHost === undefined || toGuest === undefined ? undefined : { toHost, toGuest };
}

function areaOf(memory: GuestMemory, pfns: Float64Array): RingArea | undefined {
  try {
    return { pfns, ring: ringInGuest(memory, pfns) };
  } catch (error) {
    if (error instanceof RingError) return undefined;
    throw error;
  }
}
