import { LayoutError } from '../bytes/errors.js';
import { type Hypercall, type RepLimits, repLimits } from '../layout/hypercall.js';
import type { Arch } from '../layout/types.js';

/** Reps that one call can carry, and what bounds them. Throws LayoutError E_LAYOUT_KIND for a call without reps. */
export function batchLimit(call: Hypercall, arch: Arch = 'x64', varQwords = 0): RepLimits {
  const limits = repLimits(call, arch, varQwords);
  if (limits === undefined) throw new LayoutError('E_LAYOUT_KIND', 'takes no reps', { struct: call.name });
  return limits;
}

export interface Batch {
  /** First element of the batch, counted over the whole operation. */
  readonly first: number;
  readonly count: number;
}

/** Cuts `total` elements into calls of at most `most` reps (default: all that the page and the count field allow). */
export function* planBatches(
  call: Hypercall,
  total: number,
  options: { arch?: Arch; varQwords?: number; most?: number } = {},
): Generator<Batch> {
  const limit = batchLimit(call, options.arch, options.varQwords).maxReps;
  const step = Math.min(limit, options.most ?? limit);
  for (let first = 0; first < total; first += step) yield { first, count: Math.min(step, total - first) };
}

/** Calls that an operation over `total` elements takes. */
export function callsFor(
  call: Hypercall,
  total: number,
  options: { arch?: Arch; varQwords?: number; most?: number } = {},
): number {
  const limit = batchLimit(call, options.arch, options.varQwords).maxReps;
  return Math.ceil(total / Math.min(limit, options.most ?? limit));
}
