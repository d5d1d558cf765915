import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inProject } from '../support/project.js';

/** Runs `use` with a new file of `bytes` zeros and removes it afterwards. */
export function withFile(bytes: number, use: (path: string) => void): void {
  mkdirSync(inProject('.build'), { recursive: true });
  const folder = mkdtempSync(inProject('.build', 'temp-'));
  try {
    const path = join(folder, 'memory');
    writeFileSync(path, '');
    truncateSync(path, bytes);
    use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
