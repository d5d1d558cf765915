import { hv_status } from '../abi/hv/status.js';
import { HVCALL_DEPOSIT_MEMORY } from '../abi/hypercalls/memory.js';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { hiOf, loOf } from '../bytes/word.js';
import type { InputPages } from '../ports/input-pages.js';
import type { Outcome } from '../ports/outcome.js';
import type { PageFrames } from '../ports/page-frames.js';
import type { CallingCpu } from './page-call.js';
import { callReps } from './rep-loop.js';
import { errnoOf, needsMemory } from './status.js';

/** Partition id that means the caller's own (HV_PARTITION_ID_SELF, include/hyperv/hvgdk_mini.h). */
export const HV_PARTITION_ID_SELF = 0xffffffffffffffffn;
const HEADER = 8;
/** Page frames of one deposit: what the input page holds behind the partition id (DEP-01). */
export const MAX_DEPOSIT = (HV_HYP_PAGE_SIZE - HEADER) / 8;
/** Linux deposits eight contiguous pages for the statuses that ask for contiguous memory (DEP-02). */
const CONTIGUOUS = 8;
/** Deposits in a row that bring the call no further before it is given up (DEP-06). */
export const MAX_FRUITLESS_DEPOSITS = 16;

/** What a deposit needs of its surroundings. */
export interface Depositor {
  /** The CPU that runs now. Asked once for each call: between two the code may go to another CPU. */
  readonly running: CallingCpu;
  readonly pages: InputPages;
  readonly frames: PageFrames;
  /** True in the root partition, which alone can give memory of its own. */
  readonly isRoot: boolean;
}

/** Deposits `count` pages to a partition. Frames that the hypervisor did not take go back (DEP-04). */
export function depositPages(by: Depositor, partitionId: bigint, count: number, contiguous = false): Outcome {
  if (count === 0) return { ok: true, value: undefined };
  if (count > MAX_DEPOSIT) return { ok: false, errno: 'E2BIG' };
  const frames = by.frames.take(count, contiguous);
  if (frames === undefined) return { ok: false, errno: 'ENOMEM' };
  const { cpu, gate } = by.running;
  const outcome = by.pages.withInputPage(cpu, HEADER + 8 * count, 0, ({ input, inputGpa }) => {
    input.setUint32(0, loOf(partitionId), true);
    input.setUint32(4, hiOf(partitionId), true);
    for (let i = 0; i < count; i++) {
      const frame = frames[i]!;
      input.setUint32(HEADER + 8 * i, frame >>> 0, true);
      input.setUint32(HEADER + 8 * i + 4, Math.floor(frame / 0x100000000), true);
    }
    return callReps(gate, HVCALL_DEPOSIT_MEMORY.code, count, inputGpa, 0);
  });
  if (outcome.done === count && (outcome.resultLo & 0xffff) === 0) return { ok: true, value: undefined };
  by.frames.give(frames.slice(outcome.done));
  const errno = outcome.stuck ? 'EIO' : (errnoOf(outcome.resultLo, outcome.resultHi) ?? 'EIO');
  return { ok: false, errno, status: outcome.resultLo & 0xffff };
}

/** Answers a status that asks for memory (DEP-02). `ask` pages where the status leaves the number to the caller. */
export function depositFor(by: Depositor, status: number, partitionId: bigint, ask: number): Outcome {
  const root =
    status === hv_status.HV_STATUS_INSUFFICIENT_ROOT_MEMORY ||
    status === hv_status.HV_STATUS_INSUFFICIENT_CONTIGUOUS_ROOT_MEMORY;
  const contiguous =
    status === hv_status.HV_STATUS_INSUFFICIENT_CONTIGUOUS_MEMORY ||
    status === hv_status.HV_STATUS_INSUFFICIENT_CONTIGUOUS_ROOT_MEMORY;
  if (root && !by.isRoot) return { ok: false, errno: 'ENOMEM', status };
  return depositPages(by, root ? HV_PARTITION_ID_SELF : partitionId, contiguous ? CONTIGUOUS : ask, contiguous);
}

export interface Attempt {
  readonly resultLo: number;
  readonly resultHi: number;
  /** How far the operation is; a deposit is fruitless when this does not grow. */
  readonly progress: number;
}

/**
 * Runs a call until it stops asking for memory: each attempt builds its input anew (DEP-03), a deposit is followed by
 * another attempt and never taken for a failure (DEP-05), and a host that only ever asks is given up (DEP-06).
 */
export function withDeposits(
  by: Depositor,
  partitionId: bigint,
  ask: number,
  attempt: () => Attempt,
): Outcome<Attempt> {
  let fruitless = 0;
  let furthest = -1;
  for (;;) {
    const result = attempt();
    const status = result.resultLo & 0xffff;
    if (!needsMemory(status)) return { ok: true, value: result };
    fruitless = result.progress > furthest ? 1 : fruitless + 1;
    furthest = Math.max(furthest, result.progress);
    if (fruitless > MAX_FRUITLESS_DEPOSITS) return { ok: false, errno: 'ENOMEM', status };
    const deposit = depositFor(by, status, partitionId, ask);
    if (!deposit.ok) return deposit;
  }
}
