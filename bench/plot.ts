/** A line of a plot: measured, or reckoned from a model; the models of one plot are in rising order. */
export interface Series {
  readonly name: string;
  readonly kind: 'measured' | 'measured too' | 'model';
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Where a ring is drawn on the line. */
  readonly ring?: number;
}

/** A plot with logarithmic axes; x and y above zero. */
export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xTicks: readonly number[];
  readonly series: readonly Series[];
  /** Lines below the plot. */
  readonly notes: readonly string[];
}

const WIDTH = 860;
const HEIGHT = 480;
const BOX = { left: 70, right: 610, top: 56, bottom: 396 } as const;
const LABEL_GAP = 16;

/**
 * Shades that differ in lightness, so that they are told apart without colour; the dash says model or measured. No CSS
 * variables: not every viewer of SVG files knows them.
 */
const SHADES = {
  light: { ground: '#ffffff', text: '#1f2328', soft: '#59636e', grid: '#d8dee4', one: '#c2410c', two: '#1f2328' },
  dark: { ground: '#0d1117', text: '#e6edf3', soft: '#9198a1', grid: '#30363d', one: '#ff9b5e', two: '#e6edf3' },
} as const;
const MODELS = {
  light: ['#62a8d8', '#3c87bf', '#1f659f', '#0b3f70'],
  dark: ['#4279ab', '#5f9bd1', '#8fc0ea', '#cbe3f8'],
} as const;

function shadesOf(scheme: 'light' | 'dark'): string {
  const { ground, text, soft, grid, one, two } = SHADES[scheme];
  return [
    `.ground { fill: ${ground} } circle { fill: ${ground} } text { fill: ${text} } .soft { fill: ${soft} }`,
    `.grid, .leader { stroke: ${grid} } .measured { stroke: ${one} } .too { stroke: ${two} }`,
    ...MODELS[scheme].map((shade, i) => `.m${i} { stroke: ${shade} }`),
  ].join(' ');
}

const STYLE = `
  text { font: 12px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 }
  path { fill: none; stroke-width: 2; stroke-linejoin: round } circle { stroke-width: 2 }
  .measured { stroke-width: 3 } path.too { stroke-width: 3; stroke-dasharray: 1 5; stroke-linecap: round }
  path.model { stroke-dasharray: 6 4 } path.leader { stroke-width: 1 }
  ${shadesOf('light')}
  @media (prefers-color-scheme: dark) { ${shadesOf('dark')} }`;

const escapeText = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const place = (value: number): string => value.toFixed(1);

/** Position of a value on a logarithmic axis. */
function logScale(from: number, to: number, low: number, high: number): (value: number) => number {
  const [a, b] = [Math.log(from), Math.log(to)];
  return (value) => low + ((Math.log(value) - a) / (b - a)) * (high - low);
}

/** 1, 2, 5, 10 … around the values. */
function ticksAround(values: readonly number[]): number[] {
  const steps = [1, 2, 5];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const all = Array.from({ length: 45 }, (_, i) => steps[i % 3]! * 10 ** (Math.floor(i / 3) - 4));
  const from = all.findLastIndex((tick) => tick <= least);
  const to = all.findIndex((tick) => tick >= most);
  return all.slice(Math.max(0, from), to + 1);
}

/** y of each label: near its line, and never closer than a line of text. */
function spread(wanted: readonly number[]): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  for (let k = 1; k < order.length; k++) order[k]!.y = Math.max(order[k]!.y, order[k - 1]!.y + LABEL_GAP);
  const over = Math.max(0, (order.at(-1)?.y ?? 0) - BOX.bottom);
  const out: number[] = [];
  for (const { y, i } of order) out[i] = y - over;
  return out;
}

/** The value of a series between its points, on a straight line of the logarithmic plot. */
function valueAt(series: Series, x: number): number {
  const { points } = series;
  const right = Math.max(
    1,
    points.findIndex(([px]) => px >= x),
  );
  const [x0, y0] = points[right - 1]!;
  const [x1, y1] = points[right] ?? points[right - 1]!;
  return x1 === x0 ? y0 : Math.exp(logScale(x0, x1, Math.log(y0), Math.log(y1))(x));
}

/** The plot as an SVG file that is legible on light and on dark ground. */
export function svgOf(plot: Plot): string {
  const ys = plot.series.flatMap(({ points }) => points.map(([, y]) => y));
  const yTicks = ticksAround(ys);
  const x = logScale(plot.xTicks[0]!, plot.xTicks.at(-1)!, BOX.left, BOX.right);
  const y = logScale(yTicks[0]!, yTicks.at(-1)!, BOX.bottom, BOX.top);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT + 16 * plot.notes.length}" role="img" aria-label="${escapeText(plot.title)}">`,
    `<style>${STYLE}\n</style>`,
    '<rect class="ground" width="100%" height="100%"/>',
    `<text class="title" x="${BOX.left}" y="28">${escapeText(plot.title)}</text>`,
    `<text class="soft" x="${BOX.left}" y="${BOX.top - 8}">${escapeText(plot.yLabel)}</text>`,
    `<text class="soft" x="${BOX.right}" y="${BOX.bottom + 40}" text-anchor="end">${escapeText(plot.xLabel)}</text>`,
  ];
  for (const tick of yTicks) {
    lines.push(`<line class="grid" x1="${BOX.left}" x2="${BOX.right}" y1="${place(y(tick))}" y2="${place(y(tick))}"/>`);
    lines.push(
      `<text x="${BOX.left - 8}" y="${place(y(tick) + 4)}" text-anchor="end">${tick.toLocaleString('en-US')}</text>`,
    );
  }
  for (const tick of plot.xTicks) {
    lines.push(`<line class="grid" x1="${place(x(tick))}" x2="${place(x(tick))}" y1="${BOX.top}" y2="${BOX.bottom}"/>`);
    lines.push(`<text x="${place(x(tick))}" y="${BOX.bottom + 18}" text-anchor="middle">${tick}</text>`);
  }
  const labels = spread(plot.series.map(({ points }) => y(points.at(-1)![1])));
  let model = 0;
  plot.series.forEach((series, index) => {
    const { kind, points } = series;
    const style = kind === 'measured too' ? 'too' : kind === 'measured' ? kind : `model m${Math.min(3, model++)}`;
    const path = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${place(x(px))} ${place(y(py))}`).join(' ');
    lines.push(`<path class="${style}" d="${path}"/>`);
    const [lastX, lastY] = points.at(-1)!;
    lines.push(
      `<path class="leader" d="M${place(x(lastX) + 3)} ${place(y(lastY))} L${BOX.right + 14} ${place(labels[index]!)}"/>`,
    );
    lines.push(`<text x="${BOX.right + 18}" y="${place(labels[index]! + 4)}">${escapeText(series.name)}</text>`);
    if (series.ring !== undefined)
      lines.push(
        `<circle class="${style}" cx="${place(x(series.ring))}" cy="${place(y(valueAt(series, series.ring)))}" r="5"/>`,
      );
  });
  plot.notes.forEach((note, i) => {
    lines.push(`<text class="soft" x="${BOX.left}" y="${BOX.bottom + 66 + 17 * i}">${escapeText(note)}</text>`);
  });
  return `${[...lines, '</svg>'].join('\n')}\n`;
}

const COLUMNS = 72;
const ROWS = 18;
const MARKS = '#*abcdefghijklmnop';

/** The same for a terminal: a letter for each line. */
export function sketchOf(plot: Plot): string[] {
  const ys = plot.series.flatMap(({ points }) => points.map(([, y]) => y));
  const yTicks = ticksAround(ys);
  const x = logScale(plot.xTicks[0]!, plot.xTicks.at(-1)!, 0, COLUMNS - 1);
  const y = logScale(yTicks[0]!, yTicks.at(-1)!, ROWS - 1, 0);
  const cells = Array.from({ length: ROWS }, () => new Array<string>(COLUMNS).fill(' '));
  const [left, right] = [plot.xTicks[0]!, plot.xTicks.at(-1)!];
  plot.series.toReversed().forEach((series, index) => {
    const mark = MARKS[plot.series.length - 1 - index] ?? '?';
    for (let column = 0; column < COLUMNS; column++) {
      const at = left * (right / left) ** (column / (COLUMNS - 1));
      const row = cells[Math.round(y(valueAt(series, at)))];
      if (row !== undefined) row[column] = mark;
    }
  });
  const tickRows = new Map(yTicks.map((tick) => [Math.round(y(tick)), String(tick)]));
  const axis = new Array<string>(COLUMNS + 4).fill(' ');
  for (const tick of plot.xTicks) {
    const from = Math.round(x(tick));
    for (const [i, digit] of [...String(tick)].entries()) axis[from + i] = digit;
  }
  return [
    plot.title,
    `${plot.yLabel}`,
    ...cells.map((row, i) => `${(tickRows.get(i) ?? '').padStart(7)} |${row.join('').trimEnd()}`),
    `${' '.repeat(8)}+${'-'.repeat(COLUMNS)}`,
    `${' '.repeat(9)}${axis.join('').trimEnd()}  ${plot.xLabel}`,
    ...plot.series.map(({ name }, i) => `${' '.repeat(9)}${MARKS[i] ?? '?'}  ${name}`),
    ...plot.notes.map((note) => `${' '.repeat(9)}${note}`),
  ];
}
