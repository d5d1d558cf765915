import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

// Reading fields through a view makes no garbage. Measured in a process of its own, whose young generation is so large that
// nothing is collected while it measures.

const law = suite('law: views allocate nothing');

const PROGRAM = fileURLToPath(new URL('../support/view-allocation.js', import.meta.url));

law('eight field reads, a million times', () => {
  const flags = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
  const child = spawnSync(process.execPath, [...flags, PROGRAM], { encoding: 'utf8' });
  assert.is(child.status, 0, child.stderr);
  const { fields, bigints } = JSON.parse(child.stdout) as { fields: number; bigints: number };
  // What remains is the measure itself.
  assert.ok(fields < 64 * 1024, `${fields} bytes in 1e6 reads of each field`);
  assert.ok(bigints > 8 * 1024 * 1024, `the control allocates only ${bigints} bytes: nothing is being measured`);
});

law.run();
