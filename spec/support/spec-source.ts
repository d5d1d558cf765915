import { type CallExpression, type ImportDeclaration, type Node, parse } from 'acorn';

/** What the text of one compiled spec file says about its suites. */
export interface SpecSource {
  /** Titles written as literals; computed ones are not listed. */
  titles: string[];
  /** Why the file would pass without running everything in it. */
  problems: string[];
}

/** Reads a spec file: which suites it declares, and which of them never run or run only in part. */
export function readSpecSource(path: string, text: string): SpecSource {
  const titles: string[] = [];
  const suites = new Set<string>();
  const started = new Set<string>();
  const narrowed = new Set<string>();

  walk(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }), (node) => {
    if (isKind(node, 'ImportDeclaration')) for (const name of importedTest(node)) suites.add(name);
    if (isKind(node, 'VariableDeclarator') && node.id.type === 'Identifier' && isSuiteCall(node.init)) {
      suites.add(node.id.name);
      const title = node.init.arguments[0];
      if (title?.type === 'Literal' && typeof title.value === 'string') titles.push(title.value);
    }
    if (isKind(node, 'CallExpression') && node.callee.type === 'MemberExpression') {
      const { object, property } = node.callee;
      if (object.type !== 'Identifier' || property.type !== 'Identifier') return;
      if (property.name === 'run') started.add(object.name);
      if (property.name === 'only') narrowed.add(object.name);
    }
  });

  const problems = [...suites]
    .filter((name) => !started.has(name))
    .map((name) => `${path}: ${name}.run() is never called`);
  for (const name of narrowed)
    if (suites.has(name)) problems.push(`${path}: ${name}.only() leaves the other specs out`);
  return { titles, problems };
}

interface Kinds {
  ImportDeclaration: ImportDeclaration;
  VariableDeclarator: import('acorn').VariableDeclarator;
  CallExpression: CallExpression;
}

function isKind<K extends keyof Kinds>(node: Node, kind: K): node is Kinds[K] {
  return node.type === kind;
}

function importedTest(node: ImportDeclaration): string[] {
  if (node.source.value !== 'uvu') return [];
  return node.specifiers
    .filter(
      (part) => part.type === 'ImportSpecifier' && part.imported.type === 'Identifier' && part.imported.name === 'test',
    )
    .map((part) => part.local.name);
}

function isSuiteCall(node: Node | null | undefined): node is CallExpression {
  return !!node && isKind(node, 'CallExpression') && node.callee.type === 'Identifier' && node.callee.name === 'suite';
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const child of Object.values(node).flat()) {
    if (typeof child === 'object' && child !== null && typeof child.type === 'string') walk(child, visit);
  }
}
