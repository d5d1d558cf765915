import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codecDigest } from '../support/codec-digest.js';

// A host that forbids code from strings (a content security policy) gets the interpreter, and the same bytes and values.

const law = suite('law: no code generation needed');

const PROGRAM = fileURLToPath(new URL('../support/codec-digest.js', import.meta.url));

function run(...flags: string[]): string[] {
  const child = spawnSync(process.execPath, [...flags, PROGRAM], { encoding: 'utf8' });
  assert.is(child.status, 0, child.stderr);
  return child.stdout.trim().split(' ');
}

law('every declared struct has the same bytes and values without it', () => {
  const [engine, digest] = run('--disallow-code-generation-from-strings');
  assert.is(engine, 'interpreted');
  assert.match(digest ?? '', /^[0-9a-f]{64}$/);
  assert.is(digest, codecDigest());
});

law.run();
