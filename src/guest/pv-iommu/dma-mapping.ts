import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import type { RunQueue, Timer } from '../../ports/run-queue.js';
import type { DmaOperations } from '../pci/dma-operations.js';
import { FlushGather } from './flush-gather.js';
import { IovaSpace } from './iova-space.js';
import type { PagingDomain } from './paging-domain.js';

/** `strict` flushes each unmap; `lazy` many at once, and until then their IOVAs are not used again. */
export type DmaMode = 'strict' | 'lazy';

/** Linux's flush queue: so many unmaps, or so long (drivers/iommu/dma-iommu.c). */
const QUEUE_LENGTH = 256;
const FLUSH_AFTER_US = 10_000;

interface Waiting {
  readonly start: bigint;
  readonly gather: FlushGather;
}

/** Guest memory in one piece, in whole pages. */
interface Piece {
  readonly gpa: number;
  readonly bytes: number;
}

/** DMA mappings of a device whose driver does not care for IOVAs: it gives guest memory and gets what the device shall use. */
export class DmaMapping implements DmaOperations {
  readonly domain: PagingDomain;
  readonly mode: DmaMode;
  private readonly space: IovaSpace;
  private readonly queue: RunQueue;
  private waiting: Waiting[] = [];
  private timer: Timer | undefined;
  private isEnded = false;

  constructor(domain: PagingDomain, queue: RunQueue, mode: DmaMode = 'lazy') {
    this.domain = domain;
    this.queue = queue;
    this.mode = mode;
    this.space = new IovaSpace(domain.apertureEnd);
  }

  /** Ranges that the device may not get: those in use and those that wait for a flush. */
  get inUse(): number {
    return this.space.inUse;
  }

  /** Ranges whose flush failed: a device may still reach what was there, so that nobody gets their IOVAs while the domain lives. */
  get leakedRanges(): number {
    return this.space.lost;
  }

  /** The IOVA of `length` bytes at any GPA. ENODEV behind `end`, ENOSPC without IOVAs, else as PagingDomain.map. */
  map(gpa: number, length: number, write = true): Outcome<bigint> {
    if (!(gpa >= 0 && length > 0 && Number.isSafeInteger(gpa + length))) return failure('EINVAL');
    const offset = gpa % HV_HYP_PAGE_SIZE;
    const bytes = Math.ceil((offset + length) / HV_HYP_PAGE_SIZE) * HV_HYP_PAGE_SIZE;
    const start = this.mapPieces([{ gpa: gpa - offset, bytes }], bytes, write);
    return start.ok ? success(start.value + BigInt(offset)) : start;
  }

  /** One range of IOVAs for page frames wherever they are (iommu_dma_map_sg). EINVAL for none, else as `map`. */
  mapPages(frames: readonly number[], writable: boolean): Outcome<readonly bigint[]> {
    if (frames.length === 0) return failure('EINVAL');
    const start = this.mapPieces(piecesOf(frames), frames.length * HV_HYP_PAGE_SIZE, writable);
    return start.ok ? success(frames.map((_, i) => start.value + BigInt(i * HV_HYP_PAGE_SIZE))) : start;
  }

  /** Ends what one mapPages began. */
  unmapPages(addresses: readonly bigint[]): void {
    if (addresses.length > 0) this.unmap(addresses[0]!);
  }

  /**
   * Ends a mapping by an IOVA in its first page, also when the flush fails: nobody could map it back. EINVAL for one that is not
   * mapped, or not any more.
   */
  unmap(iova: bigint): Outcome {
    const start = iova & ~0xfffn;
    const length = this.space.lengthAt(start);
    const waits = this.waiting.some((one) => one.start === start);
    if (this.isEnded || length === undefined || waits) return failure('EINVAL');
    const gather = new FlushGather();
    this.domain.unmap(start, length, gather);
    if (this.mode === 'strict') {
      this.giveBack([start], this.domain.sync(gather));
      return DONE;
    }
    this.waiting.push({ start, gather });
    if (this.waiting.length >= QUEUE_LENGTH) this.flush();
    else this.timer ??= this.queue.after(FLUSH_AFTER_US, () => this.flush());
    return DONE;
  }

  /** Flushes what waits, now. The IOVAs can be used again then, unless the flush fails. */
  flush(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    const done = this.waiting;
    this.waiting = [];
    const flushed = this.domain.flushAll(...done.map(({ gather }) => gather));
    this.giveBack(
      done.map(({ start }) => start),
      flushed,
    );
  }

  /**
   * Flushes what waits and takes the domain away from the driver: its tables may go then. Returns the ranges that are mapped all
   * the same.
   */
  end(): number {
    this.flush();
    this.isEnded = true;
    return this.inUse;
  }

  private mapPieces(pieces: readonly Piece[], bytes: number, write: boolean): Outcome<bigint> {
    if (this.isEnded) return failure('ENODEV');
    let start = this.space.take(bytes);
    if (start === undefined && this.waiting.length > 0) {
      this.flush();
      start = this.space.take(bytes);
    }
    if (start === undefined) return failure('ENOSPC');
    const gather = new FlushGather();
    let done = 0;
    for (const piece of pieces) {
      const mapped = this.domain.map(start + BigInt(done), piece.gpa, piece.bytes, write, gather);
      if (mapped.ok) {
        done += piece.bytes;
        continue;
      }
      if (done > 0) this.domain.unmap(start, done, gather);
      this.giveBack([start], this.domain.sync(gather));
      return mapped;
    }
    // A large page may have taken the place of an empty table.
    this.domain.sync(gather);
    return success(start);
  }

  /** Ends ranges; those that were not flushed lead devices to where they led before, and stay out of use. */
  private giveBack(starts: readonly bigint[], flushed: boolean): void {
    let bytes = 0;
    for (const start of starts) {
      if (flushed) this.space.give(start);
      else {
        bytes += this.space.lengthAt(start) ?? 0;
        this.space.lose(start);
      }
    }
    if (!flushed) this.domain.reportLeaked(starts.length, bytes);
  }
}

/** Frames that follow one another are one piece: large pages may come of it. */
function piecesOf(frames: readonly number[]): Piece[] {
  const pieces: { gpa: number; bytes: number }[] = [];
  for (const frame of frames) {
    const gpa = frame * HV_HYP_PAGE_SIZE;
    const last = pieces.at(-1);
    if (last !== undefined && last.gpa + last.bytes === gpa) last.bytes += HV_HYP_PAGE_SIZE;
    else pieces.push({ gpa, bytes: HV_HYP_PAGE_SIZE });
  }
  return pieces;
}
