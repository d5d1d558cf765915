// Boots real kernels in the lab against `hvabi serve` and looks at what they saw and at what was recorded.
//
//   HVLAB=FOLDER npm run lab [-- PATTERN]    FOLDER has boot.sh; PATTERN chooses runs by their name
//
// WORK is the folder that the lab was built in, as for boot.sh. Ends in `N passed, N failed`; skips, with the reason, where
// there is no lab or it is not built.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { inProject } from '../support/project.js';
import { type LabResult, readResult } from './lab-result.js';
import { type Claim, LAB_RUNS, type LabRun } from './runs.js';

const LIMIT_SECONDS = 150;
/**
 * While Linux changes its own code it puts breakpoints there, which emulated processors have been seen to execute after they
 * were gone. Nothing of a host's is involved then.
 */
const EMULATOR_FAULT = /Oops: int3/;
const EMULATOR_TRIES = 3;

const lab = process.env.HVLAB ? resolve(process.env.HVLAB) : undefined;
const work = process.env.WORK ?? join(homedir(), '.cache', 'hvlab');
const pattern = new RegExp(process.argv[2] ?? '', 'i');
const why = skipReason();
if (why !== undefined) {
  process.stdout.write(`lab skipped: ${why}\n0 passed, 0 failed\n`);
} else {
  let passed = 0;
  let failed = 0;
  for (const run of LAB_RUNS.filter(({ name }) => pattern.test(name))) {
    const wrong = await boot(run, EMULATOR_TRIES);
    if (wrong.length === 0) passed++;
    else failed++;
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Why no guest can be booted here; undefined where one can. */
function skipReason(): string | undefined {
  if (lab === undefined) return 'HVLAB does not name the folder of the lab';
  if (!existsSync(join(lab, 'boot.sh'))) return `${lab} has no boot.sh`;
  const qemu = join(work, 'build', 'qemu-system-x86_64');
  try {
    accessSync(qemu, constants.X_OK);
  } catch {
    return `the lab is not built: no ${qemu} (its build.sh takes some minutes, once)`;
  }
  return undefined;
}

/** Boots one guest; the claims that did not hold. */
async function boot(run: LabRun, tries: number): Promise<string[]> {
  mkdirSync(inProject('.build'), { recursive: true });
  const out = mkdtempSync(join(inProject('.build'), 'lab-'));
  const record = join(out, 'record.hvc.jsonl');
  const serve = [
    process.execPath,
    inProject('.build', 'src', 'cli', 'main.js'),
    ...['serve', '--monitor', '{sock}', '--memory', '{ram}', '--scenario', run.scenario, '--record', record],
    ...(run.args ?? []),
  ];
  const started = performance.now();
  const exit = await bootLab(serve, {
    GUEST: run.guest,
    CPUS: String(run.cpus),
    OUT: out,
    TIMEOUT: String(LIMIT_SECONDS),
    WORK: work,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const result = readResult(out, record, exit);
  if (tries > 1 && EMULATOR_FAULT.test(result.console)) {
    process.stdout.write(
      `     ${run.name}: the emulator ran into a breakpoint of the kernel's own patching; once more\n`,
    );
    rmSync(out, { recursive: true, force: true });
    return boot(run, tries - 1);
  }
  const { tally } = result;
  const claims: readonly Claim[] = [
    ['the guest reached its end, and both processes ended with 0', exit === 0],
    ['the host had nothing to complain about', !/^hvabi: /m.test(result.hostLog)],
    [`the record decodes and encodes again: ${tally.line()}`, tally.records > 0 && tally.ok],
    [
      `no call fails but ${run.failing?.join(', ') ?? 'none'}: ${[...result.failedCalls].join(', ')}`,
      onlyDesigned(run, result),
    ],
    ...run.expect(result),
  ];
  const wrong = claims.filter(([, held]) => !held).map(([what]) => what);
  process.stdout.write(
    `${wrong.length === 0 ? 'ok  ' : 'FAIL'} ${run.name}: ${claims.length} claims, ${tally.records} records, ${seconds} s\n`,
  );
  for (const what of wrong) process.stdout.write(`     not so: ${what}\n`);
  if (wrong.length > 0 && tries === EMULATOR_TRIES) {
    // Emulated processors on a busy machine run into the guest's own timeouts: what fails once has to fail twice.
    process.stdout.write(`     ${run.name}: once more\n`);
    return boot(run, 1);
  }
  if (wrong.length > 0) process.stdout.write(`     see ${out}\n`);
  else rmSync(out, { recursive: true, force: true });
  return wrong;
}

function onlyDesigned({ failing = [] }: LabRun, { failedCalls }: LabResult): boolean {
  return [...failedCalls].every((one) => failing.includes(one));
}

function bootLab(command: readonly string[], settings: Readonly<Record<string, string>>): Promise<number | null> {
  const child = spawn(join(lab!, 'boot.sh'), command, {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done(code));
  });
}
