import { hv_input_map_device_gpa_pages, hv_input_unmap_device_gpa_pages } from '../../abi/hv/device-attach.js';
import { HVCALL_MAP_DEVICE_GPA_PAGES, HVCALL_UNMAP_DEVICE_GPA_PAGES } from '../../abi/hypercalls/device-domains.js';
import type { GuestMachine } from '../../guest/machine/guest-machine.js';
import type { CallPort } from '../../guest/root-iommu/call-port.js';
import { mapFlags, PagingCalls, type RunResult } from '../../guest/root-iommu/paging-calls.js';
import { RootIommu, type RootIommuOptions } from '../../guest/root-iommu/root-iommu.js';
import { stageTwoDomain } from '../../guest/root-iommu/stage-two-domain.js';
import { batchLimit } from '../../hypercall/batch.js';
import { type InputArea, MapBatch, UnmapBatch } from '../../hypercall/map-batch.js';

/**
 * How recorded drivers map and unmap where something fails or is too long. They are no options of our driver, because each sends
 * what a hypervisor must refuse or forgets what it still has: nobody should be able to switch that on.
 * `newest`: a map that fails is taken back by an unmap of all its pages, mapped or not. `v3`: an unmap is one call however many
 * pages it has, and counts as done whatever was answered; taking back no page is a call as well. `unlimited`: as v3, and a map is
 * one call too, whose list runs over the end of its page.
 */
export type SeriesHabits = 'newest' | 'v3' | 'unlimited';

/** What a page holds behind the header of a map. */
const LIST_MAX = batchLimit(HVCALL_MAP_DEVICE_GPA_PAGES).maxReps;

/** Our driver with the habits of a recorded one. */
export class SeriesIommu extends RootIommu {
  private readonly habits: SeriesHabits;

  constructor(machine: GuestMachine, options: RootIommuOptions, habits: SeriesHabits) {
    super(machine, options);
    this.habits = habits;
  }

  protected override pagingCalls(id: number): PagingCalls {
    return new SeriesCalls(this.port, id, this.habits);
  }
}

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
    const listed = Math.min(pages, LIST_MAX);
    const bytes = hv_input_map_device_gpa_pages.size + 8 * listed;
    // The rest of the list goes where it does not belong: no guest's memory is at stake here.
    const write = (area: InputArea) => batch.write(area, iovaPage, frame, listed);
    const status = this.once(bytes, HVCALL_MAP_DEVICE_GPA_PAGES.code, pages, write);
    return status === 0 ? { done: pages } : { done: this.to.running.gate.resultHi & 0xfff, errno: 'EINVAL', status };
  }

  private unmapAtOnce(iovaPage: number, pages: number): void {
    const batch = new UnmapBatch({ device_domain: stageTwoDomain(this.domain) });
    const write = (area: InputArea) => batch.write(area, iovaPage, 1);
    this.once(hv_input_unmap_device_gpa_pages.size, HVCALL_UNMAP_DEVICE_GPA_PAGES.code, pages, write);
  }

  /** The count is cut to 16 bits, of which the control word has room for 12; a call is made for none, too. */
  private once(bytes: number, code: number, pages: number, write: (area: InputArea) => void): number {
    const reps = pages & 0xffff;
    const { cpu, gate } = this.to.running;
    return this.to.pages.withInputPage(cpu, bytes, 0, (area) => {
      write(area);
      let done = 0;
      for (;;) {
        gate.hypercall(code, (reps | (done << 16)) >>> 0, area.inputGpa, 0);
        if ((gate.resultLo & 0xffff) !== 0) break;
        const before = done;
        done = gate.resultHi & 0xfff;
        // A recording that says less than before has no end otherwise.
        if (done <= before || done >= reps) break;
      }
      return gate.resultLo & 0xffff;
    });
  }
}
