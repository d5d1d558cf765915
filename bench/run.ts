// Runs the benches, each in a process of its own, and says which bars are met.
//
//   node .build/bench/run.js               all of them; writes bench/results.md
//   node .build/bench/run.js NAME...       these only
//   node .build/bench/run.js --quick       a smoke test: outputs are asserted, figures mean little; always without results.md
//   node .build/bench/run.js --list        names and questions
//   --out FILE                             writes the page of results of these cases to a file, whichever they are
//   --trace FILE                           JSON-lines traces other than those of the fixtures; repeatable
//   --exit-ns N,N...                       costs of a VM exit that the model of rep-batching is drawn for
//
// Ends with 1 only when a case fails: a missed bar is a figure like another.
import { fork, spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { inProject, listFiles, projectRoot } from '../spec/support/project.js';
import type { BenchCase, Outcome, Pace } from './case.js';
import { CLI } from './processes.js';
import { caseLines, type Finished, machineLines, resultsPage, summaryLines } from './report.js';

const { values, positionals } = argumentsOr2({
  options: {
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    trace: { type: 'string', multiple: true, default: [] },
    'exit-ns': { type: 'string' },
    out: { type: 'string' },
  },
  allowPositionals: true,
} as const);
/** Outcome of a case that a smoke test has no time for. */
const SKIPPED = 'left out of --quick';
const pace: Pace = values.quick ? 'quick' : 'full';
const names = listFiles(inProject('bench', 'cases'), '.ts').map((path) => path.replace(/\.ts$/, ''));
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no bench is called ${unknown.join(', ')}; there are ${names.join(', ')}\n`);
  process.exit(2);
}
if (values['exit-ns'] !== undefined && !/^\d+(,\d+)*$/.test(values['exit-ns'])) {
  process.stderr.write('--exit-ns takes nanoseconds: 500,1000,2000\n');
  process.exit(2);
}
const cases = new Map<string, BenchCase>();
for (const name of positionals.length > 0 ? positionals : names)
  cases.set(name, ((await import(`./cases/${name}.js`)) as { default: BenchCase }).default);

if (values.list) for (const [name, { question }] of cases) process.stdout.write(`${name}: ${question}\n`);
else process.exitCode = await runAll();

/** What the command line says; a line and exit 2 for an option that there is none of. */
function argumentsOr2<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
}

async function runAll(): Promise<number> {
  if ([...cases.values()].some((bench) => bench.built)) build();
  const finished: Finished[] = [];
  print(machineLines());
  for (const [name, bench] of cases) {
    const one = { name, bench, outcome: await outcomeOf(name, bench) };
    finished.push(one);
    print(['', ...caseLines(one)]);
  }
  print(['', ...summaryLines(finished)]);
  const out =
    values.out ?? (pace === 'full' && positionals.length === 0 ? inProject('bench', 'results.md') : undefined);
  if (out !== undefined) {
    const named = [...positionals, ...(values.trace.length > 0 ? ['--trace …'] : [])];
    if (values['exit-ns'] !== undefined) named.push(`--exit-ns ${values['exit-ns']}`);
    const command = ['npm run bench', ...(named.length > 0 ? ['--', ...named] : [])].join(' ');
    const date = new Date().toISOString().slice(0, 10);
    writeFileSync(out, resultsPage(finished, command, pace, date));
  }
  return finished.some(({ outcome }) => typeof outcome === 'string' && outcome !== SKIPPED) ? 1 : 0;
}

function outcomeOf(name: string, bench: BenchCase): Promise<Outcome | string> {
  if (bench.fullOnly && pace === 'quick') return Promise.resolve(SKIPPED);
  const child = fork(fileURLToPath(new URL('./one.js', import.meta.url)), [name, pace], {
    execArgv: ['--expose-gc'],
    env: {
      ...process.env,
      ...(values.trace.length > 0
        ? { HVABI_BENCH_TRACES: JSON.stringify(values.trace.map((file) => resolve(file))) }
        : {}),
      ...(values['exit-ns'] === undefined ? {} : { HVABI_BENCH_EXIT_NS: values['exit-ns'] }),
    },
  });
  return new Promise((done) => {
    let outcome: Outcome | undefined;
    child.on('message', (message) => {
      outcome = message as Outcome;
    });
    child.on('error', (error) => done(`FAIL  ${error.message}`));
    child.on('exit', (code) => done(code === 0 && outcome ? outcome : `FAIL  ended with ${code}, its error is above`));
  });
}

/** Builds the package where it is older than its sources. */
function build(): void {
  const newest = Math.max(
    ...listFiles(inProject('src'), '.ts').map((path) => statSync(inProject('src', path)).mtimeMs),
  );
  if (existsSync(CLI) && statSync(CLI).mtimeMs > newest) return;
  print(['building the package']);
  const child = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: projectRoot,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.status !== 0) throw new Error(`the package does not build\n${child.stderr}`);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
