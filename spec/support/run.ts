// Runs uvu and does not believe its exit code: see verdict.ts.
//
//   node .build/spec/support/run.js [PATTERN]                    specs whose path matches PATTERN (a regular expression)
//   node .build/spec/support/run.js --dir DIR --suffix .check.js  another folder or kind of file, without the floor
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SPEC_FLOOR } from './floor.js';
import { inProject, listFiles, projectRoot } from './project.js';
import { judge } from './verdict.js';

/** A spec that leaves a server or a Worker open keeps uvu alive after its totals; this long, then it is ended. */
const LINGER_MS = 10_000;

const { values, positionals } = parseArgs({
  options: { dir: { type: 'string' }, suffix: { type: 'string', default: '.spec.js' }, floor: { type: 'string' } },
  allowPositionals: true,
});
const folder = resolve(values.dir ?? inProject('.build', 'spec'));
const everything = values.dir === undefined && values.suffix === '.spec.js' && positionals.length === 0;
const floor = Number(values.floor ?? (everything ? SPEC_FLOOR : 1));
const pattern = `${positionals[0] ?? ''}.*${values.suffix.replaceAll('.', '\\.')}$`;

if (values.dir === undefined) removeStaleOutput(folder, inProject('spec'));
const files = listFiles(folder, values.suffix)
  .filter((path) => new RegExp(pattern, 'i').test(path))
  .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));

const { output, exit } = await runUvu(folder, pattern);
const verdict = judge({ output, exit, files, floor });
for (const problem of verdict.problems) process.stdout.write(`FAIL ${problem}\n`);
const skips = verdict.skipped > 0 ? `, ${verdict.skipped} skipped` : '';
process.stdout.write(`${verdict.passed} passed, ${verdict.failed} failed${skips}\n`);
process.exitCode = verdict.failed > 0 ? 1 : 0;

/** tsc leaves the output of a deleted or renamed spec behind, and uvu would go on running it. */
function removeStaleOutput(compiled: string, sources: string): void {
  const known = new Set(listFiles(sources, '.ts').map((path) => path.replace(/\.ts$/, '.js')));
  for (const path of listFiles(compiled, '.js')) if (!known.has(path)) rmSync(join(compiled, path));
}

function runUvu(dir: string, regex: string): Promise<{ output: string; exit: number | string }> {
  const { FORCE_COLOR, ...env } = process.env;
  const colour = process.stdout.isTTY === true && !env.NO_COLOR;
  const uvu = join(projectRoot, 'node_modules', 'uvu', 'bin.js');
  const child = spawn(process.execPath, [uvu, dir, regex, ...(colour ? [] : ['--no-color'])], {
    cwd: projectRoot,
    env: colour && FORCE_COLOR !== undefined ? { ...env, FORCE_COLOR } : env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let linger: NodeJS.Timeout | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    output += text;
    if (text.includes('Duration:')) linger = setTimeout(() => child.kill('SIGKILL'), LINGER_MS);
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearTimeout(linger);
      done({ output, exit: code ?? (signal === 'SIGKILL' ? 'a spec that left a handle open' : String(signal)) });
    });
  });
}
