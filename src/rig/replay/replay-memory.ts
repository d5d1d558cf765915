import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { Region } from '../../memory/regions.js';
import { SharedGuestMemory } from '../../memory/shared-memory.js';
import { frameOf, type RecordedCall } from './recorded-call.js';

/** Addresses of a guest have 52 bits. */
const BEYOND = 2 ** 52;

/** The pages that calls have their input and output in. Frames of deposits are there too, but empty of bytes. */
export class ReplayMemory extends SharedGuestMemory {
  /** A frame that is no memory for now, and how often it was asked for. */
  refused: number | undefined;
  refusals = 0;
  private readonly deposited: ReadonlySet<number>;

  private constructor(regions: readonly Region[], deposited: ReadonlySet<number>) {
    super(new SharedArrayBuffer(regions.length * HV_HYP_PAGE_SIZE), regions);
    this.deposited = deposited;
  }

  static of(calls: readonly RecordedCall[]): ReplayMemory {
    const pages = new Set<number>([0]);
    for (const { inputGpa, outputGpa } of calls)
      for (const gpa of [inputGpa, outputGpa]) if (gpa < BEYOND) pages.add(Math.floor(gpa / HV_HYP_PAGE_SIZE));
    const regions = [...pages].map((page, i) => ({
      gpa: page * HV_HYP_PAGE_SIZE,
      length: HV_HYP_PAGE_SIZE,
      offset: i * HV_HYP_PAGE_SIZE,
    }));
    return new ReplayMemory(regions, depositedIn(calls));
  }

  override has(gpa: number, length: number): boolean {
    const frame = Math.floor(gpa / HV_HYP_PAGE_SIZE);
    if (length === HV_HYP_PAGE_SIZE && frame === this.refused) {
      this.refusals++;
      return false;
    }
    return super.has(gpa, length) || (length === HV_HYP_PAGE_SIZE && this.deposited.has(frame));
  }
}

function depositedIn(calls: readonly RecordedCall[]): Set<number> {
  const frames = new Set<number>();
  for (const call of calls) {
    if (call.code !== HVCALL_DEPOSIT_MEMORY.code) continue;
    for (let rep = 0; rep < call.reps; rep++) {
      const frame = frameOf(call, rep);
      if (frame !== undefined) frames.add(frame);
    }
  }
  return frames;
}
