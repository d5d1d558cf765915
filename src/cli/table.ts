import type { Paint } from './paint.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly brush?: (text: string) => string;
}

/** Rows of text under a heading, columns as wide as their widest cell. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], paint: Paint): string[] {
  const widths = columns.map((column, i) =>
    rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), column.title.length),
  );
  const line = (cells: readonly string[], brushOf: (i: number) => (text: string) => string): string =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? '';
        const last = i === columns.length - 1;
        const gap = ' '.repeat(widths[i]! - cell.length);
        const text = cell === '' ? '' : brushOf(i)(cell);
        return column.align === 'right' ? gap + text : last ? text : text + gap;
      })
      .join('  ')
      .trimEnd();
  return [
    line(
      columns.map((c) => c.title),
      () => paint.quiet,
    ),
    ...rows.map((row) => line(row, (i) => columns[i]!.brush ?? ((text) => text))),
  ];
}
