import { FramePool } from './call-frame.js';
import type { Synic } from './synic/synic.js';

/** One VP: what is its own. */
export class VirtualProcessor {
  readonly index: number;
  readonly synic: Synic;
  readonly frames: FramePool;
  /** HV_X64_MSR_VP_ASSIST_PAGE as written. */
  assistPage: bigint;

  constructor(index: number, synic: Synic, assistPage: bigint) {
    this.index = index;
    this.synic = synic;
    this.frames = new FramePool(index);
    this.assistPage = assistPage;
  }
}
