/** Neighbouring elements of a list that grow by one, stay equal, or do neither (then each is its own run). */
export interface Run {
  /** Index of the first element. */
  readonly from: number;
  readonly count: number;
  readonly first: bigint;
  readonly step: 0 | 1;
}

/** Cuts a list into runs: page frame numbers of one stretch of memory are one of them. */
export function runsOf(values: Iterable<number | bigint>): Run[] {
  const runs: Run[] = [];
  let open: { from: number; count: number; first: bigint; step: 0 | 1 } | undefined;
  let before = 0n;
  let index = 0;
  for (const raw of values) {
    const value = BigInt(raw);
    const step = value - before;
    if (open !== undefined && open.count === 1 && (step === 0n || step === 1n)) {
      open.step = step === 1n ? 1 : 0;
      open.count = 2;
    } else if (open !== undefined && open.count > 1 && step === BigInt(open.step)) {
      open.count++;
    } else {
      if (open !== undefined) runs.push(open);
      open = { from: index, count: 1, first: value, step: 1 };
    }
    before = value;
    index++;
  }
  if (open !== undefined) runs.push(open);
  return runs;
}

/** Last element of a run. */
export const lastOf = (run: Run): bigint => run.first + BigInt(run.step) * BigInt(run.count - 1);
