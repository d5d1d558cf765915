import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { isEnabled, OverlayPage, type Overlays, pageOf } from '../synic/overlay-page.js';

/** endbr64, vmcall, ret; the rest of the page is int3. */
const CODE = [0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x01, 0xc1, 0xc3];
const INT3 = 0xcc;
/** HV_X64_MSR_HYPERCALL bit 1: the register cannot be changed any more (TLFS). */
const LOCKED = 2n;

/** Guest OS id and the page of code that makes hypercalls, which belong together: no page without an id (TLFS). */
export class HypercallPage {
  private readonly overlay: OverlayPage;
  private id = 0n;
  private word: bigint;

  /** `word` is what HV_X64_MSR_HYPERCALL reads before it is written. */
  constructor(overlays: Overlays, word: bigint) {
    this.word = word;
    this.overlay = new OverlayPage(overlays);
    const code = new Uint8Array(HV_HYP_PAGE_SIZE).fill(INT3);
    code.set(CODE);
    this.overlay.fill(code);
  }

  get guestOsId(): bigint {
    return this.id;
  }

  /** HV_X64_MSR_GUEST_OS_ID; 0 takes the page away. */
  set guestOsId(value: bigint) {
    this.id = value;
    if (value !== 0n || !isEnabled(this.word)) return;
    this.overlay.place(undefined);
    this.word &= ~1n;
  }

  get page(): bigint {
    return this.word;
  }

  /** HV_X64_MSR_HYPERCALL; false when it is locked, or enabled where no memory is. Without a guest OS id it stays disabled. */
  writePage(value: bigint): boolean {
    if ((this.word & LOCKED) !== 0n) return false;
    const word = this.id === 0n ? value & ~1n : value;
    if (!this.overlay.place(isEnabled(word) ? pageOf(word) : undefined)) return false;
    this.word = word;
    return true;
  }
}
