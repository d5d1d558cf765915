import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inProject } from '../spec/support/project.js';

export const CLI = inProject('dist', 'cli.js');

export interface Ran {
  readonly seconds: number;
  readonly stdout: string;
}

/** Runs node to its end. Throws when it fails. */
export function runNode(args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
  const start = performance.now();
  const child = spawnSync(process.execPath, args, {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  const seconds = (performance.now() - start) / 1000;
  if (child.error) throw child.error;
  if (child.status !== 0) throw new Error(`node ${args.join(' ')} ended with ${child.status}\n${child.stderr}`);
  return { seconds, stdout: child.stdout.toString() };
}

/** Peak resident memory, in bytes, of a node program whose output is thrown away. */
export function peakMemory(args: readonly string[], folder: string): { bytes: number; seconds: number } {
  const report = join(folder, 'peak-memory');
  const preload = new URL('./tasks/report-memory.js', import.meta.url).href;
  const sink = openSync('/dev/null', 'w');
  try {
    const start = performance.now();
    const child = spawnSync(process.execPath, ['--import', preload, ...args], {
      env: { ...process.env, HVABI_BENCH_REPORT: report },
      stdio: ['ignore', sink, 'inherit'],
    });
    const seconds = (performance.now() - start) / 1000;
    if (child.status !== 0) throw new Error(`node ${args.join(' ')} ended with ${child.status}`);
    return { bytes: Number(readFileSync(report, 'utf8')), seconds };
  } finally {
    closeSync(sink);
  }
}

/** Milliseconds from the start of a node program to its first output, or to its end where it has none. */
export function firstOutput(args: readonly string[]): Promise<number> {
  return new Promise((done, fail) => {
    const start = performance.now();
    let first: number | undefined;
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', () => {
      first ??= performance.now() - start;
    });
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done(first ?? performance.now() - start);
      else fail(new Error(`node ${args.join(' ')} ended with ${code}`));
    });
  });
}

/** Runs `use` with a folder of its own in the system's place for temporary files. */
export async function withFolder<T>(use: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'hvabi-bench-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the pieces one after the other until there are `size` bytes or more; returns how many. */
export function fill(file: string, size: number, pieces: (round: number) => Uint8Array): number {
  const fd = openSync(file, 'w');
  let written = 0;
  try {
    for (let round = 0; written < size; round++) {
      const piece = pieces(round);
      for (let from = 0; from < piece.length; ) from += writeSync(fd, piece, from);
      written += piece.length;
    }
  } finally {
    closeSync(fd);
  }
  return written;
}
