import type { PageAccount, PageHold } from '../root/page-account.js';

/** Pages that one domain holds: a record of each taking, to be given back. */
export interface PoolHold {
  readonly from: PageAccount;
  readonly pages: PageHold;
}

/** Where the memory of domains and their tables comes from: the hypervisor's own pages first, then the partition's deposits. */
export class TablePool {
  private readonly accounts: readonly PageAccount[];

  constructor(accounts: readonly PageAccount[]) {
    this.accounts = accounts;
  }

  /** Pages that can be taken. */
  get free(): number {
    return this.accounts.reduce((sum, { free }) => sum + free, 0);
  }

  /** False when there are not `count` pages; then none is taken. What was taken is added to `holds`. */
  take(count: number, holds: PoolHold[]): boolean {
    if (count > this.free) return false;
    let left = count;
    for (const from of this.accounts) {
      const part = Math.min(left, from.free);
      if (part === 0) continue;
      const pages = from.take(part);
      if (pages === undefined) continue;
      holds.push({ from, pages });
      left -= part;
    }
    return true;
  }
}

/** Gives back all, and empties the list. */
export function giveBack(holds: PoolHold[]): void {
  for (const { from, pages } of holds) from.give(pages);
  holds.length = 0;
}
