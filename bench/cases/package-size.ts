import { spawnSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { inProject, listFiles, projectRoot, readProjectText } from '../../spec/support/project.js';
import { type BenchCase, below } from '../case.js';

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

/** Bytes of all files of an installed package. */
function installedSize(name: string): number {
  const folder = inProject('node_modules', name);
  return listFiles(folder).reduce((sum, path) => sum + lstatSync(join(folder, path)).size, 0);
}

const bench: BenchCase = {
  question: 'How large is what `npm install hvabi` fetches?',
  built: true,
  run() {
    const child = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.status !== 0) throw new Error(`npm pack: ${child.stderr}`);
    const [packed] = JSON.parse(child.stdout.toString()) as Packed[];
    const { dependencies } = JSON.parse(readProjectText('package.json')) as { dependencies: Record<string, string> };
    const others = Object.keys(dependencies).map((name) => ({ name, bytes: installedSize(name) }));
    const total = packed!.size + others.reduce((sum, one) => sum + one.bytes, 0);
    return {
      figures: [
        { what: 'tarball', value: packed!.size / 1e3, unit: 'kB', note: `${packed!.entryCount} files` },
        { what: 'unpacked', value: packed!.unpackedSize / 1e3, unit: 'kB' },
        ...others.map(({ name, bytes }) => ({ what: `${name}, installed`, value: bytes / 1e3, unit: 'kB' })),
      ],
      bars: [below('tarball and runtime dependencies', total / 1e6, 3, 'MB')],
    };
  },
};

export default bench;
