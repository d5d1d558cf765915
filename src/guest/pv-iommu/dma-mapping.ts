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

  /** The IOVA of `length` bytes at any GPA. ENOSPC without IOVAs, else as PagingDomain.map. */
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

  /** Ends a mapping by an IOVA in its first page. EINVAL for one that is not mapped, or not any more. */
  unmap(iova: bigint): Outcome {
    const start = iova & ~0xfffn;
    const length = this.space.lengthAt(start);
    const waits = this.waiting.some((one) => one.start === start);
    if (length === undefined || waits) return failure('EINVAL');
    if (this.mode === 'strict') {
      this.domain.unmap(start, length);
      this.space.give(start);
      return DONE;
    }
    const gather = new FlushGather();
    this.domain.unmap(start, length, gather);
    this.waiting.push({ start, gather });
    if (this.waiting.length >= QUEUE_LENGTH) this.flush();
    else this.timer ??= this.queue.after(FLUSH_AFTER_US, () => this.flush());
    return DONE;
  }

  /** Flushes what waits, now. The IOVAs can be used again then. */
  flush(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    const done = this.waiting;
    this.waiting = [];
    this.domain.flushAll(...done.map(({ gather }) => gather));
    for (const { start } of done) this.space.give(start);
  }

  private mapPieces(pieces: readonly Piece[], bytes: number, write: boolean): Outcome<bigint> {
    let start = this.space.take(bytes);
    if (start === undefined && this.waiting.length > 0) {
      this.flush();
      start = this.space.take(bytes);
    }
    if (start === undefined) return failure('ENOSPC');
    let done = 0;
    for (const piece of pieces) {
      const mapped = this.domain.map(start + BigInt(done), piece.gpa, piece.bytes, write);
      if (mapped.ok) {
        done += piece.bytes;
        continue;
      }
      if (done > 0) this.domain.unmap(start, done);
      this.space.give(start);
      return mapped;
    }
    return success(start);
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
