import { importsOf, librarySources, type SourceFile } from '../support/import-graph.js';

/** The library as it is. */
export const LIBRARY: readonly SourceFile[] = librarySources();

const targets = new WeakMap<SourceFile, readonly string[]>();

/** Files that a file imports. */
function targetsOf(file: SourceFile): readonly string[] {
  let found = targets.get(file);
  if (found === undefined) {
    found = importsOf(file).flatMap(({ relative, to }) => (relative ? [to] : []));
    targets.set(file, found);
  }
  return found;
}

/** How files whose path begins with `from` come to one of `to`, over any number of imports (of types as well): `a → b → c`. */
export function reaches(files: readonly SourceFile[], from: string, to: readonly string[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const found: string[] = [];
  let trails = files.filter(({ path }) => path.startsWith(from)).map(({ path }) => [path]);
  while (trails.length > 0) {
    const longer: string[][] = [];
    for (const trail of trails) {
      const file = byPath.get(trail.at(-1)!);
      for (const target of file === undefined ? [] : targetsOf(file)) {
        if (seen.has(target)) continue;
        seen.add(target);
        if (to.some((start) => target.startsWith(start))) found.push([...trail, target].join(' → '));
        else longer.push([...trail, target]);
      }
    }
    trails = longer;
  }
  return found;
}

/** The library with one import more. Throws Error for a file that is not there. */
export function withImport(path: string, specifier: string): readonly SourceFile[] {
  if (!LIBRARY.some((file) => file.path === path)) throw new Error(`there is no ${path}`);
  return LIBRARY.map((file) => (file.path === path ? { path, text: `import '${specifier}';\n${file.text}` } : file));
}
