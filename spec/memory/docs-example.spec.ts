import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inProject, readProjectText, withTempFolder } from '../support/project.js';

const docs = suite('docs/memory.md');

docs('the example runs and prints what it says', async () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readProjectText('docs', 'memory.md'))?.[1] ?? '';
  const promised = [...code.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm)].map(([, shown]) => shown);
  assert.is(promised.length, 3);
  const entry = pathToFileURL(inProject('.build', 'src', 'memory.js')).href;
  const { outputText } = ts.transpileModule(code.replaceAll("'hvabi/memory'", JSON.stringify(entry)), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  await withTempFolder((folder) => {
    const file = join(folder, 'example.mjs');
    writeFileSync(file, outputText);
    const run = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    assert.is(run.stderr, '');
    assert.equal(run.stdout.trimEnd().split('\n'), promised);
  });
});

docs.run();
