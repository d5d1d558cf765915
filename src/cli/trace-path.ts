import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './exit.js';

/** What `-` stands for. */
const STANDARD_INPUT = 0;

/**
 * The trace that an argument names: a file, the trace of a folder of captures, or standard input as a descriptor. Throws the
 * system's own words for a path that is not there, CommandError for a folder without a trace.
 */
export function traceOf(path: string): string | number {
  if (path === '-') return STANDARD_INPUT;
  if (!statSync(path).isDirectory()) return path;
  const trace = join(path, 'events.jsonl');
  if (existsSync(trace)) return trace;
  throw new CommandError(`${path}: is a directory without events.jsonl`, 'give the trace in it');
}

/** The argument as an error names it. */
export function traceName(path: string): string {
  return path === '-' ? 'standard input' : path;
}
