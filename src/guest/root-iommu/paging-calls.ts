import { hv_map_gpa_flags } from '../../abi/hv/memory.js';
import { HVCALL_MAP_DEVICE_GPA_PAGES, HVCALL_UNMAP_DEVICE_GPA_PAGES } from '../../abi/hypercalls/device-domains.js';
import { batchLimit } from '../../hypercall/batch.js';
import { withDeposits } from '../../hypercall/deposit.js';
import { type FrameFiller, MapBatch, UnmapBatch } from '../../hypercall/map-batch.js';
import { callReps, type RepOutcome } from '../../hypercall/rep-loop.js';
import { errnoOf } from '../../hypercall/status.js';
import type { Hypercall } from '../../layout/hypercall.js';
import type { Errno } from '../../ports/outcome.js';
import type { CallPort } from './call-port.js';
import { stageTwoDomain } from './stage-two-domain.js';

/** Pages given when a map asks for memory (DEP-02). */
const MAP_DEPOSIT = 256;
const MAP_BATCH = batchLimit(HVCALL_MAP_DEVICE_GPA_PAGES).maxReps;
const UNMAP_BATCH = batchLimit(HVCALL_UNMAP_DEVICE_GPA_PAGES).maxReps;
const MAP_HEADER = 40;
const UNMAP_HEADER = 32;

/** HV_MAP_GPA flags of a mapping: readable always, writable where the caller says so (IOMMU-42). */
export function mapFlags(writable: boolean): number {
  const { HV_MAP_GPA_READABLE, HV_MAP_GPA_WRITABLE } = hv_map_gpa_flags;
  return writable ? HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE : HV_MAP_GPA_READABLE;
}

/** How far a run over 4 KiB pages came; `errno` is absent when it came to its end. */
export interface RunResult {
  readonly done: number;
  readonly errno?: Errno;
  readonly status?: number;
}

/** Maps and unmaps of one domain, in calls of as many pages as one can carry. */
export class PagingCalls {
  private readonly port: CallPort;
  private readonly id: number;
  private readonly readOnly: MapBatch;
  private readonly readWrite: MapBatch;
  private readonly unmaps: UnmapBatch;

  /** `filler` writes page lists faster where there is one for the memory of the input pages. */
  constructor(port: CallPort, id: number, filler?: FrameFiller) {
    this.port = port;
    this.id = id;
    const target = { device_domain: stageTwoDomain(id), target_vtl: { target_vtl: 0, use_target_vtl: false } };
    this.readOnly = new MapBatch({ ...target, map_flags: mapFlags(false) }, filler);
    this.readWrite = new MapBatch({ ...target, map_flags: mapFlags(true) }, filler);
    this.unmaps = new UnmapBatch({ device_domain: target.device_domain });
  }

  /** One input page: 1 to 507 pages. Made again by itself where the hypervisor stopped early with success. */
  mapBatchHypercall(iovaPage: number, frame: number, count: number, writable: boolean): RepOutcome {
    const batch = writable ? this.readWrite : this.readOnly;
    const { cpu, gate } = this.port.running;
    return this.port.pages.withInputPage(
      cpu,
      MAP_HEADER + 8 * count,
      0,
      (area) => {
        batch.write(area, iovaPage, frame, count);
        return callReps(gate, HVCALL_MAP_DEVICE_GPA_PAGES.code, count, area.inputGpa, 0);
      },
      MAP_HEADER,
    );
  }

  /** One input page: 1 to 4095 pages, as there is no list. */
  unmapBatchHypercall(iovaPage: number, count: number): RepOutcome {
    const { cpu, gate } = this.port.running;
    return this.port.pages.withInputPage(cpu, UNMAP_HEADER, 0, (area) => {
      this.unmaps.write(area, iovaPage, count);
      return callReps(gate, HVCALL_UNMAP_DEVICE_GPA_PAGES.code, count, area.inputGpa, 0);
    });
  }

  /**
   * Maps a run. Memory that the hypervisor asks for is given and the run goes on from the page it stopped at (IOMMU-47);
   * pages that were mapped when it failed stay mapped, `done` of them.
   */
  mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    let done = 0;
    let last: RepOutcome | undefined;
    const outcome = withDeposits(this.port, this.port.ownPartition, MAP_DEPOSIT, () => {
      // A hypervisor may ask for memory behind the last page: then nothing is left to ask again for.
      last = undefined;
      while (done < pages && !(last !== undefined && failed(last))) {
        const count = Math.min(pages - done, MAP_BATCH);
        last = this.mapBatchHypercall(iovaPage + done, frame + done, count, writable);
        done += last.done;
      }
      return { resultLo: last?.resultLo ?? 0, resultHi: last?.resultHi ?? 0, progress: done };
    });
    if (outcome.ok && (last === undefined || !failed(last))) return { done };
    const { errno, status } = outcome.ok ? reasonOf(last) : outcome;
    this.report(HVCALL_MAP_DEVICE_GPA_PAGES, status, iovaPage, done, pages, last);
    return { done, errno, ...(status === undefined ? {} : { status }) };
  }

  /** Unmaps a run. A request for memory is a failure here (IOMMU-61). */
  unmapRun(iovaPage: number, pages: number): RunResult {
    let done = 0;
    while (done < pages) {
      const count = Math.min(pages - done, UNMAP_BATCH);
      const outcome = this.unmapBatchHypercall(iovaPage + done, count);
      done += outcome.done;
      if (failed(outcome)) {
        const { errno, status } = reasonOf(outcome);
        this.report(HVCALL_UNMAP_DEVICE_GPA_PAGES, status, iovaPage, done, pages, outcome);
        return { done, errno, ...(status === undefined ? {} : { status }) };
      }
    }
    return { done };
  }

  private report(
    call: Hypercall,
    status: number | undefined,
    page: number,
    done: number,
    pages: number,
    last: RepOutcome | undefined,
  ): void {
    const iova = BigInt(page) << 12n;
    this.port.report(call, status, { domain: this.id, iova, done, pages, stuck: last?.stuck ?? false });
  }
}

function failed(outcome: RepOutcome): boolean {
  return outcome.stuck || (outcome.resultLo & 0xffff) !== 0;
}

function reasonOf(outcome: RepOutcome | undefined): { readonly errno: Errno; readonly status?: number } {
  if (outcome === undefined) return { errno: 'EIO' };
  if (outcome.stuck) return { errno: 'EIO' };
  return { errno: errnoOf(outcome.resultLo, outcome.resultHi) ?? 'EIO', status: outcome.resultLo & 0xffff };
}
