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

/** `lost`: the hypervisor refused to delete it and may still walk its tables; `freed`: number and tables may be somebody else's. */
export type DomainState = 'live' | 'lost' | 'freed';

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
  private current: DomainState = 'live';
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

  get state(): DomainState {
    return this.current;
  }

  /**
   * Maps `length` bytes from `iova` on to guest memory from `gpa` on, all of them or none. EINVAL outside the aperture, off a
   * page boundary or behind the domain's end, EEXIST where something is mapped, ENOMEM without frames for tables. What has to be
   * flushed is flushed at once, or is for the caller to flush where there is a `gather`, as for `unmap`.
   */
  map(iova: bigint, gpa: number, length: number, write = true, gather?: FlushGather): Outcome {
    if (this.current !== 'live' || !this.isRange(iova, length) || gpa % HV_HYP_PAGE_SIZE !== 0)
      return failure('EINVAL');
    if (!(gpa >= 0 && gpa + length <= GPA_END)) return failure('EINVAL');
    const page = Number(iova >> 12n);
    const replaced = gather ?? new FlushGather();
    const pages = length / HV_HYP_PAGE_SIZE;
    const { mapped, errno } = this.table.map(page, gpa / HV_HYP_PAGE_SIZE, pages, write, replaced);
    // What a device has seen meanwhile of a map that failed half way is flushed like any other.
    if (errno !== undefined) this.table.unmap(page, mapped, replaced);
    if (gather === undefined) this.sync(replaced);
    return errno === undefined ? DONE : failure(errno);
  }

  /**
   * Unmaps and returns how many bytes: it stops at the first hole and at a large page that is not wholly in the range, and does
   * nothing behind the domain's end. With a `gather` the flush is for the caller to make (`sync`, or `flushAll` for many unmaps at
   * once), without it is made at once.
   */
  unmap(iova: bigint, length: number, gather?: FlushGather): number {
    if (this.current !== 'live' || !this.isRange(iova, length)) return 0;
    const into = gather ?? new FlushGather();
    const gone = this.table.unmap(Number(iova >> 12n), length / HV_HYP_PAGE_SIZE, into) * HV_HYP_PAGE_SIZE;
    if (gather === undefined) this.sync(into);
    return gone;
  }

  /**
   * Flushes what was gathered and then, not before, gives its tables back. Nothing gathered, no call (PVI-30). False when the
   * hypervisor refused: devices may reach what was there for as long as the domain lives, so that its IOVAs must not be used again.
   */
  sync(gather: FlushGather): boolean {
    if (gather.isEmpty) return true;
    if (this.current !== 'live') return this.finish(gather, this.current === 'freed');
    const entries = flushEntries(gather.start, gather.end, this.source.strategy);
    const flushed = entries !== undefined && this.source.calls.flushList(this.id, entries).ok;
    return this.finish(gather, flushed || this.source.calls.flush(this.id).ok);
  }

  /** Flushes the whole domain, and gives the tables of all that was gathered back; false as `sync`. */
  flushAll(...gathers: readonly FlushGather[]): boolean {
    // With a domain that is freed the hypervisor has dropped all that it remembered of it.
    const flushed = this.current === 'live' ? this.source.calls.flush(this.id).ok : this.current === 'freed';
    for (const gather of gathers) this.finish(gather, flushed);
    return flushed;
  }

  /** Where an IOVA leads; undefined where it is not mapped, and in a freed domain. */
  find(iova: bigint): Translation | undefined {
    if (this.current === 'freed' || iova < 0n || iova > this.apertureEnd) return undefined;
    const found = this.table.find(Number(iova >> 12n));
    return found && { ...found, gpa: found.gpa + Number(iova & 0xfffn) };
  }

  /**
   * Ends the domain: at the hypervisor first, then its id and tables (PVI-22). EBUSY while a device is in it; where the
   * hypervisor refuses, id and tables are lost: it may still walk them. EINVAL for one that is freed or lost.
   */
  free(): Outcome {
    if (this.current !== 'live') return failure('EINVAL');
    if (this.devices.size > 0) return failure('EBUSY');
    const removed = this.source.calls.remove(this.id);
    if (!removed.ok) {
      this.current = 'lost';
      this.source.calls.page.machine.log({
        level: 'error',
        code: 'pviommu-domain-leaked',
        fields: { domain: this.id },
      });
      return removed;
    }
    this.current = 'freed';
    this.source.ids.give(this.id);
    this.table.free();
    return DONE;
  }

  /** Says what became of ranges that were not flushed. */
  reportLeaked(ranges: number, bytes: number): void {
    const fields = { domain: this.id, ranges, bytes };
    this.source.calls.page.machine.log({ level: 'error', code: 'pviommu-iova-leaked', fields });
  }

  private finish(gather: FlushGather, flushed: boolean): boolean {
    const tables = gather.reset();
    if (flushed) {
      if (tables.length > 0) this.source.calls.page.machine.frames.give(tables);
      return true;
    }
    this.leakedTables += tables.length;
    this.source.calls.page.machine.log({
      level: 'error',
      code: 'pviommu-not-flushed',
      fields: { domain: this.id, leakedTables: tables.length },
    });
    return false;
  }

  private isRange(iova: bigint, length: number): boolean {
    const whole = Number.isSafeInteger(length) && length > 0 && length % HV_HYP_PAGE_SIZE === 0;
    return whole && iova >= 0n && (iova & 0xfffn) === 0n && iova + BigInt(length) - 1n <= this.apertureEnd;
  }
}
