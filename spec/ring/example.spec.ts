import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readProjectText, withTempFolder } from '../support/project.js';

const example = suite('ring: the example of docs/ring.md');

example('prints what its comments say', async () => {
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(readProjectText('docs', 'ring.md'))!;
  const promised = [...code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, shown]) => shown);
  assert.is(promised.length, 6);
  await withTempFolder((folder) => {
    const file = join(folder, 'example.mjs');
    writeFileSync(
      file,
      code.replace("'hvabi/ring'", JSON.stringify(new URL('../../src/ring.js', import.meta.url).href)),
    );
    const { FORCE_COLOR: _colour, ...env } = process.env;
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', env });
    assert.is(stderr, '');
    assert.equal(stdout.trimEnd().split('\n'), promised);
  });
});

example.run();
