import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root folder of the checkout: the nearest folder above this file that has a lock file (`.build` has none). */
export const projectRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package-lock.json'))) return folder;
    if (dirname(folder) === folder) throw new Error(`no package-lock.json above ${from}`);
  }
}

/** Absolute path of a file of the checkout, from its path below the root. */
export function inProject(...parts: string[]): string {
  return join(projectRoot, ...parts);
}

/** Text of a file of the checkout, from its path below the root. */
export function readProjectText(...parts: string[]): string {
  return readFileSync(inProject(...parts), 'utf8');
}

/** Paths (with `/`, relative to `folder`) of every file below `folder` whose name ends in `suffix`, sorted. */
export function listFiles(folder: string, suffix = ''): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/**
 * Runs `use` with a new empty folder below `.build` and removes it afterwards. It is inside the checkout so that modules
 * written there find the installed packages.
 */
export async function withTempFolder<T>(use: (folder: string) => T | Promise<T>): Promise<T> {
  mkdirSync(inProject('.build'), { recursive: true });
  const folder = mkdtempSync(inProject('.build', 'temp-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
