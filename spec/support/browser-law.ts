import ts from 'typescript';
import { importsOf, parseSource, type SourceFile } from './import-graph.js';

/** Global names Node has and a browser lacks. */
const NODE_GLOBALS = new Set([
  'Buffer',
  'process',
  'global',
  'require',
  '__dirname',
  '__filename',
  'setImmediate',
  'clearImmediate',
]);

/** Whether a file may use Node: `*.node.ts`, the command line, and the `./node` entry. */
export function isNodeFile(path: string): boolean {
  return path.endsWith('.node.ts') || path.startsWith('cli/') || path === 'node.ts';
}

/** What keeps the library files of a tree from running in a browser, one line each. */
export function browserProblems(files: SourceFile[]): string[] {
  return files
    .filter(({ path }) => !isNodeFile(path))
    .flatMap((file) => [...importProblems(file), ...globalProblems(file)]);
}

function importProblems(file: SourceFile): string[] {
  return importsOf(file).flatMap(({ to, relative }) => {
    if (!relative) return [`${file.path} imports ${to}`];
    return isNodeFile(to) ? [`${file.path} imports the Node file ${to}`] : [];
  });
}

function globalProblems(file: SourceFile): string[] {
  const tree = parseSource(file);
  const problems: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && NODE_GLOBALS.has(node.text) && !isMemberName(node)) {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      problems.push(`${file.path}:${line + 1} uses ${node.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return problems;
}

/** `x.process`, `{ process: 1 }`, `process(): void` in an interface: names of members, not uses of the global. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node && !isGlobalThis(parent.expression);
  return (
    (ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent)) && parent.name === node
  );
}

function isGlobalThis(node: ts.Expression): boolean {
  return ts.isIdentifier(node) && node.text === 'globalThis';
}
