import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../support/project.js';

/** A project outside the checkout with the packed package installed in it, and nothing else of the checkout in reach. */
export interface Consumer {
  folder: string;
  tarball: string;
  /** Paths of the files in the tarball. */
  packed: string[];
  /** Bytes of the tarball. */
  tarballBytes: number;
}

/** Packs the checkout as it is (dist must be built) and installs the tarball in a new folder, removed when node exits. */
export function installPacked(): Consumer {
  const folder = mkdtempSync(join(tmpdir(), 'hvabi-packed-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const pack = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], projectRoot);
  const { filename, files, size } = firstPacked(JSON.parse(pack.stdout));
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }\n');
  run('npm', ['install', `./${filename}`, '--omit=optional', '--prefer-offline', '--no-audit', '--no-fund'], folder);
  return {
    folder,
    tarball: join(folder, filename),
    packed: files.map(({ path }) => path),
    tarballBytes: size,
  };
}

interface PackedEntry {
  filename: string;
  files: { path: string }[];
  size: number;
}

/** A list in some versions of npm, an object keyed by package name in others. */
function firstPacked(report: PackedEntry[] | Record<string, PackedEntry>): PackedEntry {
  const entry = Object.values(report)[0];
  if (!entry) throw new Error('npm pack reported no tarball');
  return entry;
}

/** Runs a program to its end; throws with what it printed unless it exits 0. */
export function run(program: string, args: string[], cwd: string): SpawnSyncReturns<string> {
  const child = spawnSync(program, args, { cwd, encoding: 'utf8', env: outerEnvironment() });
  if (child.error) throw child.error;
  if (child.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: exit ${child.status}\n${child.stdout}${child.stderr}`);
  return child;
}

/** `npm run` tells its children about this package in variables that would steer an npm started in another one. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const inner = /^(npm_(package|lifecycle|command|config_local_prefix|config_prefix)|INIT_CWD|FORCE_COLOR)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !inner.test(name)));
}

/** Bytes of all files below a folder; 0 when it does not exist. */
export function bytesBelow(folder: string): number {
  let total = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) total += statSync(join(entry.parentPath, entry.name)).size;
  }
  return total;
}
