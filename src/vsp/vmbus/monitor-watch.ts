import type { GuestMemory } from '../../ports/guest-memory.js';
import type { RunQueue, Timer } from '../../ports/run-queue.js';

/** Offset of hv_monitor_page.trigger_group; each of the four begins with the word of its pending bits. */
export const TRIGGER_GROUPS_AT = 8;
export const TRIGGER_GROUP_BYTES = 8;
const MONITORS = 128;

/**
 * The page on which a guest marks channels instead of calling the hypervisor (child to parent). Looks at it every so often
 * while a channel with a monitor id is open.
 */
export class MonitorWatch {
  private readonly queue: RunQueue;
  private readonly memory: GuestMemory;
  private readonly intervalUs: number;
  private readonly taken = new Set<number>();
  private readonly watching = new Map<number, () => void>();
  private page: number | undefined;
  private timer: Timer | undefined;

  constructor(queue: RunQueue, memory: GuestMemory, intervalUs: number) {
    this.queue = queue;
    this.memory = memory;
    this.intervalUs = intervalUs;
  }

  /** The GPA of the page, undefined for none. */
  setPage(gpa: number | undefined): void {
    this.page = gpa;
    this.schedule();
  }

  /** The lowest free id; undefined when all 128 are taken. */
  assign(): number | undefined {
    for (let id = 0; id < MONITORS; id++)
      if (!this.taken.has(id)) {
        this.taken.add(id);
        return id;
      }
    return undefined;
  }

  release(id: number): void {
    this.taken.delete(id);
    this.unwatch(id);
  }

  /** Runs `notify` whenever the guest has marked `id`. */
  watch(id: number, notify: () => void): void {
    this.watching.set(id, notify);
    this.schedule();
  }

  unwatch(id: number): void {
    this.watching.delete(id);
    this.schedule();
  }

  /** Takes the marks that are there now. */
  look(): void {
    const { page } = this;
    if (page === undefined) return;
    for (const [id, notify] of [...this.watching]) {
      const bit = (1 << (id & 31)) >>> 0;
      const was = this.memory.clearU32(page + TRIGGER_GROUPS_AT + (id >>> 5) * TRIGGER_GROUP_BYTES, bit);
      if ((was & bit) !== 0) notify();
    }
  }

  private schedule(): void {
    const wanted = this.page !== undefined && this.watching.size > 0;
    if (!wanted) {
      this.timer?.cancel();
      this.timer = undefined;
    } else
      this.timer ??= this.queue.after(this.intervalUs, () => {
        this.timer = undefined;
        this.look();
        this.schedule();
      });
  }
}
