/** `quick` is a smoke test: few samples and small files, so its figures say little. */
export type Pace = 'full' | 'quick';

/** Something measured. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** How the samples spread, or what was measured around it. */
  readonly note?: string;
}

/** A figure with the bound it has to keep. */
export interface Bar {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly bound: 'at least' | 'below';
  readonly limit: number;
}

export interface Outcome {
  readonly figures: readonly Figure[];
  readonly bars: readonly Bar[];
  readonly plot?: PlotFile;
}

/** A picture of the figures. */
export interface PlotFile {
  /** SVG, below bench/; written at full pace only. */
  readonly file: string;
  /** The same in characters. */
  readonly sketch: readonly string[];
}

/** One question, answered in a process of its own. The name is that of its file. */
export interface BenchCase {
  readonly question: string;
  /** Runs the built package, so `dist` has to be there and newer than the sources. */
  readonly built?: boolean;
  /** Too long for a smoke test. */
  readonly fullOnly?: boolean;
  /** Throws where an output is not what it has to be: wrong answers are not timed. */
  run(pace: Pace): Outcome | Promise<Outcome>;
}

export const atLeast = (what: string, value: number, limit: number, unit: string): Bar => ({
  what,
  value,
  unit,
  bound: 'at least',
  limit,
});

export const below = (what: string, value: number, limit: number, unit: string): Bar => ({
  what,
  value,
  unit,
  bound: 'below',
  limit,
});

export function isMet(bar: Bar): boolean {
  return bar.bound === 'at least' ? bar.value >= bar.limit : bar.value < bar.limit;
}
