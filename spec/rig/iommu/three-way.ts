import fc from 'fast-check';
import { FIRST_SEQUENCES, sequence } from './sequence.js';
import { holdsAfter } from './three-way-run.js';

/**
 * Runs so many random sequences. Throws what fast-check says, with the shortest one that fails. Returns how often what was reached:
 * operations with the calls that failed in them, and with what the driver logged.
 */
export function compareThreeWays(runs: number, seed?: number): ReadonlyMap<string, number> {
  const reached = new Map<string, number>();
  const note = (what: string) => reached.set(what, (reached.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(sequence, (plan) => holdsAfter(plan, note)),
    { numRuns: runs, examples: FIRST_SEQUENCES, ...(seed === undefined ? {} : { seed }) },
  );
  return reached;
}
