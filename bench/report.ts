import { cpus, totalmem } from 'node:os';
import { type Bar, type BenchCase, type Figure, isMet, type Outcome, type Pace } from './case.js';

export interface Finished {
  readonly name: string;
  readonly bench: BenchCase;
  /** A text says why there is none. */
  readonly outcome: Outcome | string;
}

/** Three digits that count, or all of them before the point. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

const amount = ({ value, unit }: Figure | Bar): string => `${numberText(value)}${unit === '×' ? '' : ' '}${unit}`;

export const verdict = (bar: Bar): string => (isMet(bar) ? 'PASS' : 'MISS');

const boundText = (bar: Bar): string =>
  `${bar.bound === 'at least' ? '≥' : '<'} ${amount({ ...bar, value: bar.limit })}`
    .replace(/\.00\b/, '')
    .replace(/\.0\b/, '');

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, c) => Math.max(...rows.map((row) => row[c]!.length))) ?? [];
  return rows.map((row) =>
    row.map((cell, c) => (c === 1 ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join('  '),
  );
}

/** What a person reads while the cases run. */
export function caseLines({ name, bench, outcome }: Finished): string[] {
  const head = [`${name}: ${bench.question}`];
  if (typeof outcome === 'string') return [...head, `  ${outcome}`];
  const rows = [
    ...outcome.figures.map((figure) => [figure.what, amount(figure), figure.note ?? '']),
    ...outcome.bars.map((bar) => [`${verdict(bar)}  ${bar.what}`, amount(bar), boundText(bar)]),
  ];
  const sketch = outcome.plot === undefined ? [] : ['', ...outcome.plot.sketch.map((line) => `  ${line}`)];
  return [...head, ...columns(rows).map((line) => `  ${line.trimEnd()}`), ...sketch];
}

/** The bars of all cases as one table. */
export function summaryLines(finished: readonly Finished[]): string[] {
  const bars = finished.flatMap(({ name, outcome }) =>
    typeof outcome === 'string' ? [] : outcome.bars.map((bar) => ({ name, bar })),
  );
  const missed = bars.filter(({ bar }) => !isMet(bar));
  return [
    ...columns(bars.map(({ name, bar }) => [`${verdict(bar)}  ${name}`, amount(bar), boundText(bar), bar.what])),
    `${bars.length - missed.length} of ${bars.length} bars met`,
  ];
}

/** The machine, in one line each. */
export function machineLines(): string[] {
  const all = cpus();
  return [
    `${all[0]?.model.trim() ?? 'unknown processor'}, ${all.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `node ${process.versions.node}, V8 ${process.versions.v8}, ${process.platform} ${process.arch}`,
  ];
}

/** bench/results.md. */
export function resultsPage(finished: readonly Finished[], command: string, pace: Pace, date: string): string {
  const lines = [
    '# Measured',
    '',
    'Written by the benches; docs/bench.md says how to read it. Ratios are taken within one run and carry over to other',
    'machines; times do not.',
    '',
    ...machineLines().map((line) => `- ${line}`),
    `- \`${command}\`, ${pace}, ${date}`,
    '',
    '| case | bar | measured | wanted | |',
    '|---|---|---|---|---|',
    ...finished.flatMap(({ name, outcome }) =>
      typeof outcome === 'string'
        ? [`| ${name} | ${outcome} | | | |`]
        : outcome.bars.map((bar) => `| ${name} | ${bar.what} | ${amount(bar)} | ${boundText(bar)} | ${verdict(bar)} |`),
    ),
  ];
  for (const { name, bench, outcome } of finished) {
    if (typeof outcome === 'string') continue;
    lines.push('', `## ${name}`, '', bench.question, '');
    if (outcome.plot !== undefined) lines.push(`![${bench.question}](${outcome.plot.file})`, '');
    lines.push('| | | |', '|---|---|---|');
    for (const figure of outcome.figures) lines.push(`| ${figure.what} | ${amount(figure)} | ${figure.note ?? ''} |`);
  }
  return `${lines.join('\n')}\n`;
}
