import { SKIP_MARK } from './skip.js';
import { readSpecSource } from './spec-source.js';

/** One finished run of uvu. */
export interface FinishedRun {
  /** Everything it wrote to stdout, colours included. */
  output: string;
  /** Exit code, or the name of the signal that ended it. */
  exit: number | string;
  /** The spec files it was to run: path below the spec folder, compiled text. */
  files: { path: string; text: string }[];
  /** Least number of specs that must have run. */
  floor: number;
}

export interface Verdict {
  passed: number;
  failed: number;
  skipped: number;
  /** Reasons why the run is not to be trusted although uvu may have exited 0. */
  problems: string[];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what starts a colour code
const COLOUR = /\u001b\[[\d;]*m/g;
const TOTALS = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm;
const SUITE_END = /\(\d+ \/ \d+\)$/m;

/**
 * Judges a run. uvu 0.5.6 exits 0 when no file matches, when `run()` is forgotten, and when a spec throws something that
 * is not an Error (the rest of its suite is dropped), so the exit code alone says nothing.
 *
 * Its `Total` counts the specs that were registered to run; a skipped one is in `Skipped` only.
 */
export function judge(run: FinishedRun): Verdict {
  const output = run.output.replace(COLOUR, '');
  const problems: string[] = [];
  const totals = [...output.matchAll(TOTALS)].at(-1);
  const [total, passed, skipped] = totals ? totals.slice(1).map(Number) : [0, 0, 0];
  if (total === undefined || passed === undefined || skipped === undefined) throw new Error('unreachable');

  if (!totals) problems.push('uvu printed no totals');
  else if (total === 0) problems.push('no spec ran');
  if (run.files.length === 0) problems.push('no spec file matches');
  if (total < run.floor) problems.push(`${total} specs ran, the floor is ${run.floor}`);
  const reasons = output.split(SKIP_MARK).length - 1;
  if (skipped > reasons) problems.push(`${skipped} skipped, ${reasons} with a printed reason`);
  if (totals) problems.push(...silentFiles(output, run.files));
  for (const file of run.files) {
    const source = readSpecSource(file.path, file.text);
    problems.push(...source.problems);
    for (const title of source.titles) {
      if (!output.includes(` ${title} `)) problems.push(`${file.path}: suite "${title}" is not in the output`);
    }
  }
  if (run.exit === 0 && passed < total) problems.push(`uvu exits 0 with ${passed} of ${total} passed`);
  if (run.exit !== 0 && passed === total && problems.length === 0) problems.push(`uvu ended with ${run.exit}`);
  return { passed, failed: Math.max(total - passed, problems.length > 0 || run.exit !== 0 ? 1 : 0), skipped, problems };
}

/** Files whose heading in the output is followed by no finished suite. */
function silentFiles(output: string, files: FinishedRun['files']): string[] {
  const headings = files.map(({ path }) => ({ path, at: headingOffset(output, path) })).sort((a, b) => a.at - b.at);
  return headings.flatMap(({ path, at }, index) => {
    if (at < 0) return [`${path}: was not run`];
    const section = output.slice(at, headings[index + 1]?.at ?? output.length);
    return SUITE_END.test(section) ? [] : [`${path}: no suite ran`];
  });
}

function headingOffset(output: string, path: string): number {
  return `\n${output}`.indexOf(`\n${path}\n`);
}
