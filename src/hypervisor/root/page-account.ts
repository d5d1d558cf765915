/** Pages that are in use; the one who has it gives it back once. */
export interface PageHold {
  readonly frames: readonly number[];
  /** Pages of the hypervisor's own among them, which have no number. */
  readonly own: number;
}

/**
 * Memory of one partition that the hypervisor may use: pages that it has anyway, and page frames that were deposited. Frames
 * come back in the order in which they were deposited or became free.
 */
export class PageAccount {
  private own: number;
  /** A queue from `idleFrom` on: an ordered set looks at the places of all that left it to find its first. */
  private idle: number[] = [];
  private idleFrom = 0;
  /** Deposited and not withdrawn. */
  private readonly known: Set<number> = new Set();
  private readonly used: Set<number> = new Set();

  constructor(own: number) {
    this.own = own;
  }

  /** Frames that were deposited and not withdrawn. */
  get deposited(): number {
    return this.known.size;
  }

  /** Pages that can be taken. */
  get free(): number {
    return this.own + this.idle.length - this.idleFrom;
  }

  has(frame: number): boolean {
    return this.known.has(frame);
  }

  /** Those that were deposited and not withdrawn, in no order. */
  get frames(): readonly number[] {
    return [...this.known];
  }

  /** False for a frame that is deposited already. */
  deposit(frame: number): boolean {
    if (this.has(frame)) return false;
    this.known.add(frame);
    this.idle.push(frame);
    return true;
  }

  /** Undefined when there are not enough; then none is taken. */
  take(count: number): PageHold | undefined {
    if (count > this.free) return undefined;
    const own = Math.min(count, this.own);
    this.own -= own;
    const frames = this.firstIdle(count - own);
    for (const frame of frames) this.used.add(frame);
    return { frames, own };
  }

  give({ frames, own }: PageHold): void {
    this.own += own;
    for (const frame of frames) if (this.used.delete(frame)) this.idle.push(frame);
  }

  /** Gives back up to `most` frames that are not in use. */
  withdraw(most: number): readonly number[] {
    const frames = this.firstIdle(most);
    for (const frame of frames) this.known.delete(frame);
    return frames;
  }

  /** Up to `most` of those that are idle longest; they are idle no more. */
  private firstIdle(most: number): number[] {
    const frames = this.idle.slice(this.idleFrom, this.idleFrom + most);
    this.idleFrom += frames.length;
    if (this.idleFrom * 2 >= this.idle.length) {
      this.idle = this.idle.slice(this.idleFrom);
      this.idleFrom = 0;
    }
    return frames;
  }
}

/**
 * The accounts of a root partition and of the partitions that it made. A frame is in one of them at most, as whoever deposits
 * one asks `has` before.
 */
export class PageAccounts {
  private readonly accounts = new Map<bigint, PageAccount>();
  /** Frames of accounts that were closed. */
  private readonly kept = new Set<number>();

  /** Opens an account with `own` pages of the hypervisor's; the one there is when it is open. */
  open(partitionId: bigint, own = 0): PageAccount {
    const account = this.accounts.get(partitionId) ?? new PageAccount(own);
    this.accounts.set(partitionId, account);
    return account;
  }

  of(partitionId: bigint): PageAccount | undefined {
    return this.accounts.get(partitionId);
  }

  /** Ends an account; what was not withdrawn stays the hypervisor's, for good. False when there is none. */
  close(partitionId: bigint): boolean {
    for (const frame of this.accounts.get(partitionId)?.frames ?? []) this.kept.add(frame);
    return this.accounts.delete(partitionId);
  }

  /** True when a frame is deposited to any of them, or was to one that was closed. */
  has(frame: number): boolean {
    if (this.kept.has(frame)) return true;
    for (const account of this.accounts.values()) if (account.has(frame)) return true;
    return false;
  }
}
