import { posix } from 'node:path';
import ts from 'typescript';
import { inProject, listFiles, readProjectText } from './project.js';

/** A TypeScript file of the library; `path` is below `src`, with `/`. */
export interface SourceFile {
  path: string;
  text: string;
}

/** One import or re-export. `to` is a path below `src`, or the bare specifier of a package or built-in. */
export interface ImportEdge {
  from: string;
  to: string;
  relative: boolean;
}

/** Every TypeScript file of `src`. */
export function librarySources(): SourceFile[] {
  return listFiles(inProject('src'), '.ts').map((path) => ({ path, text: readProjectText('src', path) }));
}

/** Imports, type imports, re-exports and `import()` of a file, in order. */
export function importsOf(file: SourceFile): ImportEdge[] {
  return ts.preProcessFile(file.text).importedFiles.map(({ fileName }) => {
    const relative = fileName.startsWith('.');
    const to = relative ? posix.join(posix.dirname(file.path), fileName).replace(/\.js$/, '.ts') : fileName;
    return { from: file.path, to, relative };
  });
}

/** Whether every statement of a file is a re-export (`export … from`), with at least one. */
export function isBarrel(file: SourceFile): boolean {
  const { statements } = parseSource(file);
  const reexports = statements.filter((node) => ts.isExportDeclaration(node) && node.moduleSpecifier);
  return (
    reexports.length > 0 && statements.every((node) => ts.isExportDeclaration(node) || ts.isImportDeclaration(node))
  );
}

/** Whether a file holds nothing but imports and re-exports. */
export function isThin(file: SourceFile): boolean {
  return parseSource(file).statements.every((node) => ts.isExportDeclaration(node) || ts.isImportDeclaration(node));
}

export function parseSource(file: SourceFile): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2022, true);
}

/** Circles of files that import each other, each written `a → b → a`, starting at its first name in sorted order. */
export function findCircles(edges: ImportEdge[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, relative } of edges) if (relative) next.set(from, [...(next.get(from) ?? []), to]);
  const finished = new Set<string>();
  const circles = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.add(writeCircle(trail.slice(start)));
    if (start >= 0 || finished.has(path)) return;
    for (const target of next.get(path) ?? []) visit(target, [...trail, path]);
    finished.add(path);
  };
  for (const path of [...next.keys()].sort()) visit(path, []);
  return [...circles].sort();
}

function writeCircle(paths: string[]): string {
  const first = paths.indexOf([...paths].sort()[0] ?? '');
  const turned = [...paths.slice(first), ...paths.slice(0, first)];
  return [...turned, turned[0]].join(' → ');
}
