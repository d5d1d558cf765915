import { readFileSync } from 'node:fs';
import { inProject, listFiles } from '../spec/support/project.js';
import { fill } from './processes.js';

/** The traces to measure with: those that `--trace` names, else those of the fixtures. */
export function traceFiles(): string[] {
  const named = process.env.HVABI_BENCH_TRACES;
  if (named) return JSON.parse(named) as string[];
  const folder = inProject('fixtures', 'captures');
  return listFiles(folder, '.jsonl').map((path) => inProject('fixtures', 'captures', path));
}

/** A long trace: the short ones over and over. Returns the bytes written. */
export function longTrace(file: string, size: number): number {
  const once = Buffer.concat(traceFiles().map((path) => readFileSync(path)));
  const rounds = Math.max(1, Math.ceil((1 << 22) / once.length));
  const piece = Buffer.concat(new Array<Buffer>(rounds).fill(once));
  return fill(file, size, () => piece);
}
