import { spawnSync } from 'node:child_process';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end, without a shell; `output` is stdout and stderr. */
export function runProgram(program: string, args: readonly string[], folder?: string): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 1 << 26,
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  return { code: error === undefined ? status : null, output: `${stdout ?? ''}${stderr ?? ''}` };
}

/** True when the compiler is there and works. */
export function hasCompiler(program: string): boolean {
  return runProgram(program, ['--version']).code === 0;
}
