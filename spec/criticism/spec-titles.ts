import ts from 'typescript';
import { parseSource } from '../support/import-graph.js';
import { readProjectText } from '../support/project.js';

const cache = new Map<string, ReadonlySet<string>>();

/**
 * Titles of the specs in a file below `spec`, as its source has them: a part that is computed is `…`. A title that is a variable
 * stands for the texts that rows of tables begin with.
 */
export function titlesOf(path: string): ReadonlySet<string> {
  let titles = cache.get(path);
  if (titles === undefined) {
    titles = titlesIn(readProjectText('spec', path));
    cache.set(path, titles);
  }
  return titles;
}

/** As titlesOf, of a text. */
export function titlesIn(text: string): ReadonlySet<string> {
  const source = parseSource({ path: 'spec.ts', text });
  const testers = new Set<string>();
  const titles = new Set<string>();
  const heads: string[] = [];
  let isTabled = false;
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && isSuite(node.initializer))
      testers.add(node.name.text);
    if (ts.isArrayLiteralExpression(node)) heads.push(...(titleOf(node.elements[0]) ?? []));
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && testers.has(node.expression.text)) {
      const [first] = node.arguments;
      for (const title of titleOf(first) ?? []) titles.add(title);
      isTabled ||= first !== undefined && ts.isIdentifier(first);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  if (isTabled) for (const head of heads) titles.add(head);
  return titles;
}

/** `suite(...)`, or `twoSided(...)` of one. */
function isSuite(node: ts.Expression | undefined): boolean {
  if (node === undefined || !ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return false;
  return node.expression.text === 'suite' || node.expression.text === 'twoSided';
}

function titleOf(node: ts.Node | undefined): [string] | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('')];
}
