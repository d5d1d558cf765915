import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import { apertureEnd, type PvIommuCapabilities } from './capabilities.js';
import type { DomainCalls } from './domain-calls.js';
import type { DomainIds } from './domain-ids.js';
import { type FlushStrategy, flushEntries } from './flush-entries.js';
import { FlushGather } from './flush-gather.js';
import type { PvDevice, PvDomain } from './pv-device.js';
import { StageOneTable, type Translation } from './stage1-table.js';

/** GPAs and what an entry can hold end at 2^52. */
const GPA_END = 2 ** 52;

/** What domains of one IOMMU have in common. */
export interface DomainSource {
  readonly calls: DomainCalls;
  readonly ids: DomainIds;
  readonly capabilities: PvIommuCapabilities;
  readonly strategy: FlushStrategy;
}

/**
 * A domain with tables of the guest's own. Maps and unmaps are memory writes; the hypervisor hears of unmaps by flushes, and of
 * the domain itself when it is made and ends.
 */
export class PagingDomain implements PvDomain {
  readonly kind = 'paging';
  readonly id: number;
  readonly table: StageOneTable;
  readonly devices = new Set<PvDevice>();
  /** Last IOVA, inclusive. */
  readonly apertureEnd: bigint;
  /** Table frames that could not be given back, as the hypervisor may still walk them. */
  leakedTables = 0;
  private readonly source: DomainSource;

  private constructor(source: DomainSource, id: number, table: StageOneTable) {
    this.source = source;
    this.id = id;
    this.table = table;
    this.apertureEnd = apertureEnd(source.capabilities);
  }

  /**
   * Tables, an id, then the domain at the hypervisor, configured (PVI-20); each step that fails takes back those before it.
   * ENOMEM without frames, ENOSPC without ids, else what the hypervisor said.
   */
  static create(source: DomainSource, pageSizes = source.capabilities.pageSizes): Outcome<PagingDomain> {
    const { memory, frames, log } = source.calls.page.machine;
    const { levels } = source.capabilities;
    const table = StageOneTable.create(memory, frames, levels, pageSizes & source.capabilities.pageSizes);
    if (!table.ok) return table;
    const id = source.ids.take();
    const created = id === undefined ? failure('ENOSPC') : source.calls.create(id);
    if (id === undefined || !created.ok) {
      if (id !== undefined) source.ids.give(id);
      table.value.free();
      return created.ok ? failure('ENOSPC') : created;
    }
    const rootFrame = table.value.rootFrame;
    const configured = source.calls.configure(id, { kind: 'paging', rootFrame, levels });
    if (configured.ok) return success(new PagingDomain(source, id, table.value));
    if (source.calls.remove(id).ok) {
      source.ids.give(id);
      table.value.free();
    } else log({ level: 'error', code: 'pviommu-domain-leaked', fields: { domain: id } });
    return configured;
  }

  /**
   * Maps `length` bytes from `iova` on to guest memory from `gpa` on, all of them or none. EINVAL outside the aperture or off a
   * page boundary, EEXIST where something is mapped, ENOMEM without frames for tables.
   */
  map(iova: bigint, gpa: number, length: number, write = true): Outcome {
    if (!this.isRange(iova, length) || gpa % HV_HYP_PAGE_SIZE !== 0) return failure('EINVAL');
    if (!(gpa >= 0 && gpa + length <= GPA_END)) return failure('EINVAL');
    const page = Number(iova >> 12n);
    const replaced = new FlushGather();
    const pages = length / HV_HYP_PAGE_SIZE;
    const { mapped, errno } = this.table.map(page, gpa / HV_HYP_PAGE_SIZE, pages, write, replaced);
    // What a device has seen meanwhile of a map that failed half way is flushed like any other.
    if (errno !== undefined) this.table.unmap(page, mapped, replaced);
    this.sync(replaced);
    return errno === undefined ? DONE : failure(errno);
  }

  /**
   * Unmaps and returns how many bytes: it stops at the first hole and at a large page that is not wholly in the range. With a
   * `gather` the flush is for the caller to make (`sync`, or `flushAll` for many unmaps at once), without it is made at once.
   */
  unmap(iova: bigint, length: number, gather?: FlushGather): number {
    if (!this.isRange(iova, length)) return 0;
    const into = gather ?? new FlushGather();
    const gone = this.table.unmap(Number(iova >> 12n), length / HV_HYP_PAGE_SIZE, into) * HV_HYP_PAGE_SIZE;
    if (gather === undefined) this.sync(into);
    return gone;
  }

  /** Flushes what was gathered and then, not before, gives its tables back. Nothing gathered, no call (PVI-30). */
  sync(gather: FlushGather): void {
    if (gather.isEmpty) return;
    const entries = flushEntries(gather.start, gather.end, this.source.strategy);
    const flushed = entries !== undefined && this.source.calls.flushList(this.id, entries).ok;
    this.finish(gather, flushed || this.source.calls.flush(this.id).ok);
  }

  /** Flushes the whole domain, and gives the tables of all that was gathered back. */
  flushAll(...gathers: readonly FlushGather[]): void {
    const { ok } = this.source.calls.flush(this.id);
    for (const gather of gathers) this.finish(gather, ok);
  }

  /** Where an IOVA leads; undefined where it is not mapped. */
  find(iova: bigint): Translation | undefined {
    if (iova < 0n || iova > this.apertureEnd) return undefined;
    const found = this.table.find(Number(iova >> 12n));
    return found && { ...found, gpa: found.gpa + Number(iova & 0xfffn) };
  }

  /**
   * Ends the domain: at the hypervisor first, then its id and tables (PVI-22). EBUSY while a device is in it; where the
   * hypervisor refuses, id and tables are lost: it may still walk them.
   */
  free(): Outcome {
    if (this.devices.size > 0) return failure('EBUSY');
    const removed = this.source.calls.remove(this.id);
    if (!removed.ok) {
      this.source.calls.page.machine.log({
        level: 'error',
        code: 'pviommu-domain-leaked',
        fields: { domain: this.id },
      });
      return removed;
    }
    this.source.ids.give(this.id);
    this.table.free();
    return DONE;
  }

  private finish(gather: FlushGather, flushed: boolean): void {
    const tables = gather.reset();
    if (flushed) {
      if (tables.length > 0) this.source.calls.page.machine.frames.give(tables);
      return;
    }
    this.leakedTables += tables.length;
    this.source.calls.page.machine.log({
      level: 'error',
      code: 'pviommu-not-flushed',
      fields: { domain: this.id, leakedTables: tables.length },
    });
  }

  private isRange(iova: bigint, length: number): boolean {
    const whole = Number.isSafeInteger(length) && length > 0 && length % HV_HYP_PAGE_SIZE === 0;
    return whole && iova >= 0n && (iova & 0xfffn) === 0n && iova + BigInt(length) - 1n <= this.apertureEnd;
  }
}
