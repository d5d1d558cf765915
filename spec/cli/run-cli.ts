import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { inProject } from '../support/project.js';

export interface CliRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CliSetting {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** The compiled command in few files, as it is shipped: a start of the single modules takes half as long again. For specs that start it themselves. */
export const CLI = bundled();

function bundled(): string {
  const outdir = inProject('.build', 'spec-cli');
  buildSync({
    entryPoints: {
      main: inProject('.build', 'src', 'cli', 'main.js'),
      'vp-thread.node': inProject('.build', 'src', 'rig', 'threads', 'vp-thread.node.js'),
    },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    minify: true,
    logLevel: 'error',
  });
  return join(outdir, 'main.js');
}

/** An environment in which only the arguments decide about colours. */
export function plainEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR, NO_COLOR, ...env } = process.env;
  return { ...env, ...more };
}

/** Runs `hvabi` in the checkout. Standard input is empty unless given, never a terminal. */
export function hvabi(args: readonly string[], setting: CliSetting = {}): CliRun {
  const run = spawnSync(process.execPath, [CLI, ...args], {
    cwd: inProject(),
    env: plainEnv(setting.env),
    input: setting.input ?? '',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

export const VPCI = 'fixtures/captures/vpci-probe.jsonl';
export const MAPS = 'fixtures/captures/map-device-gpa-pages.jsonl';
