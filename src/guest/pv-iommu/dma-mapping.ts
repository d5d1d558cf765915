import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import type { RunQueue, Timer } from '../../ports/run-queue.js';
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

/** DMA mappings of a device whose driver does not care for IOVAs: it gives guest memory and gets what the device shall use. */
export class DmaMapping {
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
    let start = this.space.take(bytes);
    if (start === undefined && this.waiting.length > 0) {
      this.flush();
      start = this.space.take(bytes);
    }
    if (start === undefined) return failure('ENOSPC');
    const mapped = this.domain.map(start, gpa - offset, bytes, write);
    if (mapped.ok) return success(start + BigInt(offset));
    this.space.give(start);
    return mapped;
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
}
