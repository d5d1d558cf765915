import type { GuestMachine } from '../../../src/guest/machine/guest-machine.js';
import { CallPort } from '../../../src/guest/root-iommu/call-port.js';
import type { PagingDomain } from '../../../src/guest/root-iommu/iommu-domain.js';
import { mapFlags, PagingCalls, type RunResult } from '../../../src/guest/root-iommu/paging-calls.js';
import { stageTwoDomain } from '../../../src/guest/root-iommu/stage-two-domain.js';
import { MapBatch, UnmapBatch } from '../../../src/hypercall/map-batch.js';

/**
 * How the recorded drivers map and unmap where something fails or is too long. They are doubles, and no options of our driver,
 * because each sends what a hypervisor must refuse or forgets what it still has: nobody should be able to switch that on.
 * `newest`: a map that fails is taken back by an unmap of all its pages, mapped or not. `v3`: an unmap is one call however many
 * pages it has, and counts as done whatever was answered; taking back no page is a call as well. `unlimited`: as v3, and a map is
 * one call too, whose list runs over the end of its page.
 */
export type SeriesHabits = 'newest' | 'v3' | 'unlimited';

/** What a page holds behind the header of a map. */
const LIST_MAX = 507;

/** Maps and unmaps of a domain with the habits of a recorded driver. */
class SeriesCalls extends PagingCalls {
  private readonly to: CallPort;
  private readonly domain: number;
  private readonly habits: SeriesHabits;

  constructor(port: CallPort, domain: number, habits: SeriesHabits) {
    super(port, domain);
    this.to = port;
    this.domain = domain;
    this.habits = habits;
  }

  override mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    const run =
      this.habits === 'unlimited'
        ? this.mapAtOnce(iovaPage, frame, pages, writable)
        : super.mapRun(iovaPage, frame, pages, writable);
    if (run.errno === undefined) return run;
    if (this.habits !== 'newest') this.unmapAtOnce(iovaPage, run.done);
    else if (run.done > 0) this.unmapRun(iovaPage, pages);
    // Whoever asked has nothing left to take back.
    return { ...run, done: 0 };
  }

  override unmapRun(iovaPage: number, pages: number): RunResult {
    if (this.habits === 'newest') return super.unmapRun(iovaPage, pages);
    this.unmapAtOnce(iovaPage, pages);
    return { done: pages };
  }

  private mapAtOnce(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    const target = { device_domain: stageTwoDomain(this.domain), map_flags: mapFlags(writable) };
    const batch = new MapBatch({ ...target, target_vtl: { target_vtl: 0, use_target_vtl: false } });
    const status = this.once(40 + 8 * Math.min(pages, LIST_MAX), 0xb3, pages, (area) =>
      // The rest of the list goes where it does not belong: no guest's memory is at stake here.
      batch.write(area, iovaPage, frame, Math.min(pages, LIST_MAX)),
    );
    return status === 0 ? { done: pages } : { done: this.to.gate.resultHi & 0xfff, errno: 'EINVAL', status };
  }

  private unmapAtOnce(iovaPage: number, pages: number): void {
    const batch = new UnmapBatch({ device_domain: stageTwoDomain(this.domain) });
    this.once(32, 0xb4, pages, (area) => batch.write(area, iovaPage, 1));
  }

  /** The count is cut to 16 bits, of which the control word has room for 12; a call is made for none, too. */
  private once(
    bytes: number,
    code: number,
    pages: number,
    write: (area: Parameters<MapBatch['write']>[0]) => void,
  ): number {
    const reps = pages & 0xffff;
    return this.to.pages.withInputPage(this.to.cpu, bytes, 0, (area) => {
      write(area);
      const { gate } = this.to;
      let done = 0;
      do {
        gate.hypercall(code, (reps | (done << 16)) >>> 0, area.inputGpa, 0);
        if ((gate.resultLo & 0xffff) !== 0) break;
        done = gate.resultHi & 0xfff;
      } while (done > 0 && done < reps);
      return gate.resultLo & 0xffff;
    });
  }
}

/** Gives a domain of our driver those habits. */
export function takeHabits(domain: PagingDomain, machine: GuestMachine, habits: SeriesHabits, ownPartition = 1n): void {
  const port = new CallPort(machine, { isRoot: true, ownPartition });
  Object.defineProperty(domain, 'calls', { value: new SeriesCalls(port, domain.id, habits) });
}
