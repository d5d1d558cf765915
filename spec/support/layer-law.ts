import ts from 'typescript';
import {
  findCircles,
  type ImportEdge,
  importsOf,
  isBarrel,
  isThin,
  parseSource,
  type SourceFile,
} from './import-graph.js';

/** Rank of each folder of src: a file imports from lower ranks and from its own folder. */
export const RANKS: Readonly<Record<string, number>> = {
  bytes: 0,
  layout: 1,
  abi: 2,
  hardware: 3,
  ports: 3,
  files: 3,
  memory: 4,
  hypercall: 4,
  ring: 4,
  sched: 4,
  export: 4,
  oracle: 4,
  capture: 5,
  hypervisor: 6,
  vsp: 6,
  guest: 6,
  rig: 7,
  report: 7,
  fixtures: 8,
  cli: 9,
};

/** What breaks the layering in a tree, one line each; files directly in src are the package's entries, above all ranks. */
export function layerProblems(files: SourceFile[]): string[] {
  const edges = files.flatMap(importsOf);
  return [
    ...files.flatMap(fileProblems),
    ...edges.flatMap(edgeProblems),
    ...findCircles(edges).map((circle) => `circle ${circle}`),
  ];
}

function folderOf(path: string): string | undefined {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined;
}

function fileProblems(file: SourceFile): string[] {
  const folder = folderOf(file.path);
  if (folder === undefined)
    return isThin(file) ? [] : [`${file.path}: an entry file holds imports and re-exports only`];
  if (!(folder in RANKS)) return [`${file.path}: folder ${folder} has no rank`];
  if (isBarrel(file)) return [`${file.path}: barrel`];
  return starExports(file).map((target) => `${file.path}: export * from ${target}`);
}

function starExports(file: SourceFile): string[] {
  return parseSource(file).statements.flatMap((node) => {
    if (!ts.isExportDeclaration(node) || node.exportClause || !node.moduleSpecifier) return [];
    return ts.isStringLiteral(node.moduleSpecifier) ? [node.moduleSpecifier.text] : [];
  });
}

function edgeProblems({ from, to, relative }: ImportEdge): string[] {
  const [source, target] = [folderOf(from), folderOf(to)];
  if (!relative) return [];
  // index.ts is the sum of the other entries; anything else reaches for the file that declares what it needs.
  if (target === undefined) return from === 'index.ts' ? [] : [`${from} imports the entry ${to}`];
  if (source === undefined || source === target) return [];
  const [own, other] = [RANKS[source], RANKS[target]];
  if (own === undefined || other === undefined || own > other) return [];
  const reason = own === other ? 'sibling of equal rank' : 'upward';
  return [`${from} (${source}, ${own}) imports ${to} (${target}, ${other}): ${reason}`];
}
