import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { inProject } from '../spec/support/project.js';
import type { Figure, Pace } from './case.js';
import { type Contestant, kept, median } from './race.js';
import { numberText } from './report.js';

/** How the C peers are built: plain, and with all that the machine has. */
export const C_BUILDS = { '-O2': ['-O2'], '-O3 -march=native': ['-O3', '-march=native'] } as const;
export type CBuild = keyof typeof C_BUILDS;
export const BUILDS = Object.keys(C_BUILDS) as CBuild[];

/** True when gcc is there. */
export const hasGcc = (): boolean => spawnSync('gcc', ['--version'], { stdio: 'ignore' }).status === 0;

/** Builds bench/c/`name`.c in `folder`; returns the program. Throws when gcc refuses. */
export function compileC(name: string, build: CBuild, folder: string): string {
  const program = join(folder, `${name}${build.replace(/\W+/g, '-')}`);
  const source = inProject('bench', 'c', `${name}.c`);
  const args = ['-pthread', '-std=gnu11', '-Wall', '-Wextra', ...C_BUILDS[build], '-o', program, source];
  const { status, stderr } = spawnSync('gcc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`gcc ${args.join(' ')} ended with ${status}\n${stderr}`);
  return program;
}

/**
 * What a program printed, lines of a name and a number. Throws when it ends with anything but 0: it checks what it made. One
 * that dies of an instruction that the machine announces and does not have (some virtual ones) printed nothing.
 */
function samplesOf(program: string, args: readonly (string | number)[]): Map<string, number[]> {
  const { status, signal, stdout, stderr } = spawnSync(program, args.map(String), { encoding: 'utf8' });
  if (signal === 'SIGILL') return new Map();
  if (status !== 0) throw new Error(`${program} ended with ${status ?? signal}\n${stderr}`);
  const found = new Map<string, number[]>();
  for (const line of stdout.trim().split('\n')) {
    const space = line.lastIndexOf(' ');
    const name = line.slice(0, space);
    if (!found.has(name)) found.set(name, []);
    found.get(name)!.push(Number(line.slice(space + 1)));
  }
  return found;
}

/** The C side of a comparison: a source of bench/c, and what it is called with, the number of samples first. */
export interface CPeer {
  readonly source: string;
  readonly args: readonly (string | number)[];
}

/** Nanoseconds of each round, by the contestant's name, or by that of the work in C with its build before it. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

const SLICE_MS = 1;
const PACES = { full: { rounds: 15, slices: 15 }, quick: { rounds: 2, slices: 5 } } as const;

/** How often `run` has to be called to take a slice; warms it up. */
function callsOfSlice({ run }: Contestant): number {
  for (let calls = 1; ; calls *= 2) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) kept[i & 63] = run();
    const ms = performance.now() - start;
    if (ms > 16 * SLICE_MS) return Math.max(1, Math.round((calls * SLICE_MS) / ms));
  }
}

/** Median over slices, in nanoseconds for one operation. */
function timeSlices({ run, each }: Contestant, calls: number, slices: number): number {
  const found: number[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) kept[i & 63] = run();
    found.push(((performance.now() - start) * 1e6) / calls / each);
  }
  return median(found);
}

/**
 * C and we in turns: a machine that is slow for a while is slow for both. What is timed at once takes about a millisecond, as
 * the programs' own samples do, so that most of it is whole where others want the processor too. Without gcc only ours are there.
 */
export function againstC(contestants: readonly Contestant[], peer: CPeer, folder: string, pace: Pace): Rounds {
  const { rounds, slices } = PACES[pace];
  const found = new Map<string, number[]>();
  const note = (name: string, ns: number): void => {
    if (!found.has(name)) found.set(name, []);
    found.get(name)!.push(ns);
  };
  const builds = hasGcc() ? BUILDS : [];
  const programs = builds.map((build) => ({ build, program: compileC(peer.source, build, folder) }));
  const calls = contestants.map(callsOfSlice);
  for (let round = 0; round < rounds; round++) {
    for (const [index, one] of contestants.entries()) note(one.name, timeSlices(one, calls[index]!, slices));
    for (const { build, program } of programs)
      for (const [work, samples] of samplesOf(program, peer.args)) note(`${build} ${work}`, median(samples));
  }
  return found;
}

/** Median of the rounds, and how far they lie apart. */
export function roundsFigure(what: string, values: readonly number[], unit: string): Figure {
  const note = `${numberText(Math.min(...values))} to ${numberText(Math.max(...values))}, ${values.length} rounds`;
  return { what, value: median(values), unit, note };
}

/** How many times the time of the C work ours took, round by round; undefined where C is not there. */
export function timesOfC(rounds: Rounds, ours: string, build: CBuild, work: string): number[] | undefined {
  const theirs = rounds.get(`${build} ${work}`);
  return theirs && rounds.get(ours)!.map((ns, round) => ns / theirs[round]!);
}
