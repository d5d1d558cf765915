import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inProject, listFiles, readProjectText, withTempFolder } from '../support/project.js';
import { withTables } from '../support/readme-tables.js';

const law = suite('law: README');
const readme = readProjectText('README.md');

law('the generated tables are those of the declarations', () => {
  assert.is(readme, withTables(readme), 'run `npm run fixtures` and review the diff');
});

interface Example {
  readonly page: string;
  readonly code: string;
  /** What the comments behind console.log say, line by line. */
  readonly promised: readonly string[];
}

/** Fenced ts and js blocks. */
function examples(page: string): Example[] {
  return [...readProjectText(page).matchAll(/```[tj]s\n([\s\S]*?)```/g)].map(([, code = '']) => ({
    page,
    code,
    promised: [...code.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm)].map(([, shown = '']) => shown),
  }));
}

/** The code as a module that imports the package as it was compiled for the specs. */
function runnable(code: string): string {
  const entry = (_: string, name = 'index') =>
    JSON.stringify(pathToFileURL(inProject('.build', 'src', `${name}.js`)).href);
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  return outputText.replaceAll(/['"]hvabi(?:\/(\w+))?['"]/g, entry);
}

const EXAMPLES = ['README.md', ...listFiles(inProject('docs'), '.md').map((path) => `docs/${path}`)].flatMap(examples);

law('pages with code have an example each', () => {
  const pages = [...new Set(EXAMPLES.map(({ page }) => page))];
  for (const page of ['README.md', 'decode', 'iommu', 'memory', 'ring', 'simulate'])
    assert.ok(
      pages.some((one) => one.includes(page)),
      page,
    );
});

for (const [n, { page, code, promised }] of EXAMPLES.entries())
  law(`example ${n + 1}, of ${page}, runs and prints what it says`, async () => {
    assert.ok(promised.length > 0, 'an example promises an output');
    await withTempFolder((folder) => {
      const file = join(folder, 'example.mjs');
      writeFileSync(file, runnable(code));
      const { FORCE_COLOR: _colour, ...env } = process.env;
      const run = spawnSync(process.execPath, [file], { encoding: 'utf8', env });
      assert.is(run.stderr, '');
      assert.equal(run.stdout.trimEnd().split('\n'), promised);
    });
  });

law.run();
