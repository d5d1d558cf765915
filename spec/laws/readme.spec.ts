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

/** Fenced ts blocks, each with the outputs that its comments promise behind console.log. */
function examples(text: string): { code: string; promised: string[] }[] {
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => ({
    code,
    promised: [...code.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm)].map(([, shown = '']) => shown),
  }));
}

const PAGES = ['README.md', ...listFiles(inProject('docs'), '.md').map((path) => `docs/${path}`)];

law('the examples of README and docs run and print what they say', () => {
  assert.ok(examples(readme).length >= 2);
  const found = PAGES.flatMap((page) => examples(readProjectText(page)));
  for (const { code, promised } of found) {
    assert.ok(promised.length > 0, 'an example promises an output');
    withTempFolder((folder) => {
      const entry = pathToFileURL(inProject('.build', 'src', 'index.js')).href;
      const { outputText } = ts.transpileModule(code.replaceAll("'hvabi'", JSON.stringify(entry)), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      const file = join(folder, 'example.mjs');
      writeFileSync(file, outputText);
      const run = spawnSync(process.execPath, [file], { encoding: 'utf8' });
      assert.is(run.stderr, '');
      assert.equal(run.stdout.trimEnd().split('\n'), promised);
    });
  }
});

law.run();
