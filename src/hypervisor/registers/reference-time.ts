import { ms_hyperv_tsc_page } from '../../abi/hv/msr-value.js';
import { encode } from '../../layout/codec.js';
import type { Clock } from '../../ports/run-queue.js';
import { isEnabled, OverlayPage, type Overlays, pageOf } from '../synic/overlay-page.js';

/** Reference time counts units of 100 ns (TLFS, partition reference time). */
const UNITS_PER_US = 10;
const UNITS_PER_SECOND = 10_000_000n;
/** 0 would say that the page is of no use. */
const SEQUENCE = 1;

/** The partition's reference time: its counter, and the page from which a guest computes it without leaving. */
export class ReferenceTime {
  private readonly clock: Clock;
  private readonly overlay: OverlayPage;
  private word: bigint;

  /** `word` is what HV_X64_MSR_REFERENCE_TSC reads before it is written. */
  constructor(clock: Clock, overlays: Overlays, tscHz: number, word: bigint) {
    this.clock = clock;
    this.word = word;
    this.overlay = new OverlayPage(overlays);
    this.overlay.fill(
      encode(ms_hyperv_tsc_page, {
        tsc_sequence: SEQUENCE,
        // ((tsc * scale) >> 64) + offset
        tsc_scale: (UNITS_PER_SECOND << 64n) / BigInt(tscHz),
        tsc_offset: 0n,
      }),
    );
  }

  /** HV_X64_MSR_TIME_REF_COUNT. */
  get count(): bigint {
    return BigInt(Math.floor(this.clock.now() * UNITS_PER_US));
  }

  get page(): bigint {
    return this.word;
  }

  /** HV_X64_MSR_REFERENCE_TSC; false when it is enabled where no memory is. */
  writePage(value: bigint): boolean {
    if (!this.overlay.place(isEnabled(value) ? pageOf(value) : undefined)) return false;
    this.word = value;
    return true;
  }
}
