import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { GuestMemory } from '../../ports/guest-memory.js';

/**
 * A page of the hypervisor's that lies over one of the guest's: what is below comes back when it goes away (TLFS, overlay
 * pages). Its own contents move with it, and wait in private while it is nowhere.
 */
export class OverlayPage {
  /** GPA where the page lies; undefined when it is nowhere. */
  gpa: number | undefined;
  private readonly memory: GuestMemory;
  private readonly own = new Uint8Array(HV_HYP_PAGE_SIZE);
  private readonly below = new Uint8Array(HV_HYP_PAGE_SIZE);

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Lays the page over the one at `gpa`; takes it away for undefined. False, and nowhere, when there is no memory at `gpa`. */
  place(gpa: number | undefined): boolean {
    if (gpa === this.gpa) return true;
    this.lift();
    if (gpa === undefined) return true;
    if (!this.memory.has(gpa, HV_HYP_PAGE_SIZE)) return false;
    this.memory.read(gpa, this.below);
    this.memory.write(gpa, this.own);
    this.gpa = gpa;
    return true;
  }

  /** Replaces the contents. */
  fill(contents: Uint8Array): void {
    this.own.fill(0);
    this.own.set(contents.subarray(0, HV_HYP_PAGE_SIZE));
    if (this.gpa !== undefined) this.memory.write(this.gpa, this.own);
  }

  private lift(): void {
    if (this.gpa === undefined) return;
    this.memory.read(this.gpa, this.own);
    this.memory.write(this.gpa, this.below);
    this.gpa = undefined;
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
