import { bytesOf } from '../../bytes/span.js';
import { BYTES_PER_LINE } from './lines.js';
import { countText, hexText, integerText, plural } from './numbers.js';
import type { Row } from './row.js';
import { lastOf, type Run, runsOf } from './runs.js';

/** Runs shown before the middle ones are folded. */
const SHOWN_RUNS = 6;
const KEPT_RUNS = 4;
/** Lists up to this long show every element. */
const SHORT = 6;

/** A list of scalars over memory. */
export interface ListLeaf {
  readonly view: DataView;
  readonly elementSize: number;
  readonly values: Iterable<number | bigint> & {
    readonly length: number;
    at(index: number): number | bigint | undefined;
  };
  /** Byte offset of element 0 in `view`, and as it is to be shown. */
  readonly offset: number;
  readonly shownOffset: number;
  /** Symbolic name of an element. */
  readonly symbol: (value: number | bigint) => string | undefined;
}

/** A list, folded into runs of neighbouring values with the gaps between them; every element when `all`. */
export function listRows(list: ListLeaf, at: { depth: number; name: string }, all: boolean): Row[] {
  const { depth, name } = at;
  const n = list.values.length;
  const offset = list.shownOffset;
  if (n === 0) return [{ depth, offset, name, value: 'empty', tone: 'quiet' }];
  if (n === 1) return [elementRow(list, 0, depth, `${name}[0]`)];
  const runs = runsOf(list.values);
  const whole = { depth, offset, bytes: listBytes(list, 0, n), name };
  const [only] = runs;
  if (!all && runs.length === 1 && only !== undefined) return [{ ...whole, ...oneRun(only, n) }];
  // Only lists of page numbers and the like are about where values lie; shorter words are settings.
  const placed = list.elementSize === 8;
  const head: Row = {
    ...whole,
    value: plural(n, 'entry', 'entries'),
    ...(placed ? spread(list.values, runs) : {}),
    tone: 'plain',
  };
  if (all || n <= SHORT)
    return [head, ...Array.from({ length: n }, (_, i) => elementRow(list, i, depth + 1, `[${i}]`))];
  const kept = runs.length > SHOWN_RUNS ? KEPT_RUNS : runs.length;
  const rows = runs.slice(0, kept).map((run, i) => runRow(list, run, placed ? runs[i - 1] : undefined, depth + 1));
  const last = runs[runs.length - 1]!;
  if (kept < runs.length) {
    const next = runs[kept]!;
    if (runs.length - kept > 1)
      rows.push({
        depth: depth + 1,
        name: `[${next.from}..${last.from - 1}]`,
        value: `… ${plural(runs.length - kept - 1, 'more run')}, ${plural(last.from - next.from, 'entry', 'entries')}, -v shows them`,
        tone: 'fold',
      });
    rows.push(runRow(list, last, undefined, depth + 1));
  }
  return [head, ...rows];
}

function oneRun(run: Run, n: number): Pick<Row, 'value' | 'symbol' | 'tone'> {
  const range = `[0..${n - 1}] ${plural(n, 'entry', 'entries')}`;
  if (run.step === 1)
    return { value: `${hexText(run.first)} … ${hexText(lastOf(run))}`, symbol: `${range}, contiguous`, tone: 'plain' };
  return { value: `all ${integerText(run.first)}`, symbol: range, tone: run.first === 0n ? 'quiet' : 'plain' };
}

function spread(values: Iterable<number | bigint>, runs: readonly Run[]): { symbol?: string } {
  if (runs.length === 1) return { symbol: runs[0]!.step === 1 ? 'contiguous' : 'all equal' };
  let min: bigint | undefined;
  let max: bigint | undefined;
  for (const raw of values) {
    const value = BigInt(raw);
    if (min === undefined || value < min) min = value;
    if (max === undefined || value > max) max = value;
  }
  return { symbol: `${countText(runs.length)} runs, ${hexText(min ?? 0n)} to ${hexText(max ?? 0n)}` };
}

function runRow(list: ListLeaf, run: Run, before: Run | undefined, depth: number): Row {
  const name = run.count === 1 ? `[${run.from}]` : `[${run.from}..${run.from + run.count - 1}]`;
  const value =
    run.count === 1
      ? integerText(run.first)
      : run.step === 1
        ? `${hexText(run.first)} … ${hexText(lastOf(run))}`
        : `${countText(run.count)} × ${integerText(run.first)}`;
  const jump = before === undefined ? undefined : run.first - lastOf(before);
  const notes = [
    ...(run.count > 1 && run.step === 1 ? [`${countText(run.count)} contiguous`] : []),
    ...(jump === undefined ? [] : [jump > 0n ? `gap ${hexText(jump - 1n)}` : `back ${hexText(-jump)}`]),
  ];
  return {
    depth,
    offset: list.shownOffset + run.from * list.elementSize,
    bytes: listBytes(list, run.from, run.count),
    name,
    value,
    ...(notes.length ? { symbol: notes.join(', ') } : {}),
    tone: run.count > 1 && run.step === 0 && run.first === 0n ? 'quiet' : 'plain',
  };
}

function elementRow(list: ListLeaf, index: number, depth: number, name: string): Row {
  const value = list.values.at(index) ?? 0;
  const symbol = list.symbol(value);
  return {
    depth,
    offset: list.shownOffset + index * list.elementSize,
    bytes: listBytes(list, index, 1),
    name,
    value: symbol === undefined ? integerText(value) : hexText(value),
    ...(symbol === undefined ? {} : { symbol }),
    tone: 'plain',
  };
}

/** The first bytes of some elements, one more than a line holds when there are more. */
function listBytes(list: ListLeaf, from: number, count: number): Uint8Array {
  const length = Math.min(count * list.elementSize, BYTES_PER_LINE + 1);
  return bytesOf(list.view, list.offset + from * list.elementSize, length);
}
