import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inProject, withTempFolder } from './project.js';

const HEAD = `import { suite, test } from 'uvu';\n`;
const GOOD = `const one = suite('one');\none('holds', () => {});\none.run();\n`;

/** Runs the guard over a folder with one file, which uvu loads as it loads a real spec. */
function guard(body: string | undefined, ...options: string[]): Promise<{ exit: number | null; lines: string[] }> {
  return withTempFolder((folder) => {
    if (body !== undefined) writeFileSync(join(folder, 'made-up.spec.js'), body);
    const script = inProject('.build', 'spec', 'support', 'run.js');
    const child = spawnSync(process.execPath, [script, '--dir', folder, ...options], { encoding: 'utf8' });
    return { exit: child.status, lines: child.stdout.trimEnd().split('\n') };
  });
}

const failing = suite('guard: what uvu lets pass');

const cases: { name: string; body?: string; options?: string[]; says: string; last?: string }[] = [
  { name: 'no file matches', says: 'FAIL no spec file matches', last: '0 passed, 1 failed' },
  {
    name: 'run() is forgotten',
    body: `import { test } from 'uvu';\ntest('never runs', () => { throw new Error('seen'); });\n`,
    says: 'FAIL made-up.spec.js: test.run() is never called',
    last: '0 passed, 1 failed',
  },
  {
    name: 'run() is forgotten for one suite of two',
    body: `${HEAD}${GOOD}const two = suite('two');\ntwo('never runs', () => {});\ntest.run();\n`,
    says: 'FAIL made-up.spec.js: two.run() is never called',
  },
  {
    name: 'run() is in a comment',
    body: `import { test } from 'uvu';\ntest('never runs', () => {});\n// test.run();\n`,
    says: 'FAIL made-up.spec.js: no suite ran',
  },
  {
    name: 'a spec throws a string',
    body: `${HEAD}test('throws', () => { throw 'text'; });\ntest('dropped', () => {});\ntest.run();\n`,
    says: 'FAIL uvu exits 0 with 0 of 2 passed',
    last: '0 passed, 2 failed',
  },
  {
    name: 'only() is left in',
    body: `${HEAD}test('left out', () => { throw new Error('seen'); });\ntest.only('runs', () => {});\ntest.run();\n`,
    says: 'FAIL made-up.spec.js: test.only() leaves the other specs out',
  },
  {
    name: 'a skip has no reason',
    body: `${HEAD}${GOOD}test.skip('no reason');\ntest.run();\n`,
    says: 'FAIL 1 skipped, 0 with a printed reason',
  },
  {
    name: 'fewer specs than the floor',
    body: `import { suite } from 'uvu';\n${GOOD}`,
    options: ['--floor', '2'],
    says: 'FAIL 1 specs ran, the floor is 2',
  },
  {
    name: 'a suite is declared in a branch that is not taken',
    body: `import { suite } from 'uvu';\n${GOOD}if (Date.now() < 0) { const two = suite('two'); two.run(); }\n`,
    says: 'FAIL made-up.spec.js: suite "two" is not in the output',
  },
  { name: 'the file does not load', body: `import './absent.js';\n`, says: 'FAIL uvu printed no totals' },
  {
    name: 'the process exits early with 0',
    body: `${HEAD}test('exits', () => process.exit(0));\ntest.run();\n`,
    says: 'FAIL uvu printed no totals',
  },
];

for (const { name, body, options = [], says, last } of cases) {
  failing(name, async () => {
    const { exit, lines } = await guard(body, ...options);
    assert.is(exit, 1);
    assert.ok(lines.includes(says), `expected "${says}" in:\n${lines.join('\n')}`);
    if (last) assert.is(lines.at(-1), last);
  });
}

failing('an ordinary failure is counted', async () => {
  const { exit, lines } = await guard(
    `${HEAD}test('a', () => { throw new Error('x'); });\ntest('b', () => {});\ntest.run();\n`,
  );
  assert.is(exit, 1);
  assert.is(lines.at(-1), '1 passed, 1 failed');
});

failing.run();

const passing = suite('guard: a good run');

passing('exits 0 and ends with the counts', async () => {
  const { exit, lines } = await guard(`import { suite } from 'uvu';\n${GOOD}`);
  assert.is(exit, 0);
  assert.is(lines.at(-1), '1 passed, 0 failed');
});

passing('names a skip that has a reason', async () => {
  const skip = JSON.stringify(inProject('.build', 'spec', 'support', 'skip.js'));
  const body = `import { skipUnless } from ${skip};\n${HEAD}${GOOD}skipUnless(false, 'no such tool')(test, 'b', () => {});\ntest.run();\n`;
  const { exit, lines } = await guard(body);
  assert.is(exit, 0);
  assert.ok(lines.some((line) => line.endsWith('skipped: no such tool (b)')));
  assert.is(lines.at(-1), '1 passed, 0 failed, 1 skipped');
});

passing('prints no colour codes into a pipe', async () => {
  const { lines } = await guard(`import { suite } from 'uvu';\n${GOOD}`);
  assert.not.ok(lines.join('\n').includes('\u001b['));
});

passing.run();
