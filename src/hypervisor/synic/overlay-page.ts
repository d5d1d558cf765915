import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { viewOf } from '../../bytes/span.js';
import type { GuestMemory } from '../../ports/guest-memory.js';

/** What lies on one page of the guest's, the last laid on top, and the guest's own bytes below all of it. */
interface Stack {
  readonly below: Uint8Array;
  readonly pages: OverlayPage[];
}

/**
 * Where the overlay pages of one partition lie. Of several on one page the guest sees one, and another when that goes away; the
 * order is the hypervisor's to choose (TLFS, GPA overlay pages): here the last laid is seen, so that a guest which writes a
 * register anew sees that register's page.
 */
export class Overlays {
  readonly memory: GuestMemory;
  private readonly stacks = new Map<number, Stack>();

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Covers the page of memory at `gpa`, with whatever lies on it. */
  lay(page: OverlayPage, gpa: number): void {
    const stack = this.stacks.get(gpa) ?? { below: new Uint8Array(HV_HYP_PAGE_SIZE), pages: [] };
    this.stacks.set(gpa, stack);
    const covered = stack.pages.at(-1);
    this.memory.read(gpa, covered?.own ?? stack.below);
    if (covered !== undefined) covered.isSeen = false;
    stack.pages.push(page);
    this.memory.write(gpa, page.own);
    page.isSeen = true;
  }

  /** Takes a page away from where it was laid; its contents are with it again. */
  lift(page: OverlayPage, gpa: number): void {
    const stack = this.stacks.get(gpa);
    if (stack === undefined) return;
    const { pages, below } = stack;
    pages.splice(pages.indexOf(page), 1);
    if (pages.length === 0) this.stacks.delete(gpa);
    if (!page.isSeen) return;
    this.memory.read(gpa, page.own);
    page.isSeen = false;
    const uncovered = pages.at(-1);
    this.memory.write(gpa, uncovered?.own ?? below);
    if (uncovered !== undefined) uncovered.isSeen = true;
  }
}

/**
 * A page of the hypervisor's that lies over one of the guest's: what is below comes back when it goes away (TLFS, GPA overlay
 * pages). Its own contents move with it, and wait in private while it is nowhere or below another.
 */
export class OverlayPage {
  /** GPA where the page lies; undefined when it is nowhere. */
  gpa: number | undefined;
  /** True where the guest sees the page: its contents are in memory then, else in `own`. */
  isSeen = false;
  readonly own = new Uint8Array(HV_HYP_PAGE_SIZE);
  private readonly ownView = viewOf(this.own);
  private readonly overlays: Overlays;

  constructor(overlays: Overlays) {
    this.overlays = overlays;
  }

  /**
   * Lays the page over the one at `gpa`, on top of what lies there; takes it away for undefined. False, and no change, when there
   * is no memory at `gpa`.
   */
  place(gpa: number | undefined): boolean {
    if (gpa === this.gpa && (gpa === undefined || this.isSeen)) return true;
    if (gpa !== undefined && !this.overlays.memory.has(gpa, HV_HYP_PAGE_SIZE)) return false;
    if (this.gpa !== undefined) this.overlays.lift(this, this.gpa);
    this.gpa = gpa;
    if (gpa !== undefined) this.overlays.lay(this, gpa);
    return true;
  }

  /** Replaces the contents. */
  fill(contents: Uint8Array): void {
    this.own.fill(0);
    this.own.set(contents.subarray(0, HV_HYP_PAGE_SIZE));
    if (this.isSeen) this.overlays.memory.write(this.gpa!, this.own);
  }

  /** The contents at a multiple of 4; atomic where the guest sees them, as are the two below. */
  loadU32(offset: number): number {
    return this.isSeen ? this.overlays.memory.loadU32(this.gpa! + offset) : this.ownView.getUint32(offset, true);
  }

  storeU32(offset: number, value: number): void {
    if (this.isSeen) this.overlays.memory.storeU32(this.gpa! + offset, value);
    else this.ownView.setUint32(offset, value, true);
  }

  /** Sets bits, returns the old value. */
  orU32(offset: number, bits: number): number {
    if (this.isSeen) return this.overlays.memory.orU32(this.gpa! + offset, bits);
    const old = this.ownView.getUint32(offset, true);
    this.ownView.setUint32(offset, old | bits, true);
    return old;
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.isSeen) this.overlays.memory.write(this.gpa! + offset, bytes);
    else this.own.set(bytes, offset);
  }
}

const ENABLE = 1n;
const PAGE_MASK = 0xffff_ffff_ffff_f000n;

/** Bit 0 of a register that names a page. */
export function isEnabled(register: bigint): boolean {
  return (register & ENABLE) !== 0n;
}

/** GPA of the page that a register names, bits 63-12; a number below 2^53 or one that no memory has. */
export function pageOf(register: bigint): number {
  return Number(register & PAGE_MASK);
}
