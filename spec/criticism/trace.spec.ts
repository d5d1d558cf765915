import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inProject, listFiles } from '../support/project.js';
import { QUESTIONS } from './open-questions.js';
import { CASES } from './root-iommu-cases.js';
import { titlesIn, titlesOf } from './spec-titles.js';
import { CRITICISM } from './trace.js';
import { row, type TraceRow } from './trace-row.js';
import { twoSided } from './two-sided.js';

const trace = suite('trace of criticism, cases and questions');
const both = twoSided(trace);

/** What is wrong with the proofs of rows, one line each. */
function problemsOf(rows: readonly TraceRow[]): string[] {
  return rows.flatMap(({ of, subject, ids, proofs }) => {
    const name = `${of}, ${subject}`;
    if (proofs.length === 0) return [`${name}: nothing proves it`];
    const missing = proofs.filter(
      ({ spec, title }) => !existsSync(inProject('spec', spec)) || !titlesOf(spec).has(title),
    );
    const unnamed = ids.filter((id) => !proofs.some(({ title }) => title.split(/[^A-Z0-9-]+/).includes(id)));
    return [
      ...missing.map(({ spec, title }) => `${name}: ${spec} has no “${title}”`),
      ...unnamed.map((id) => `${name}: no proof names ${id}`),
    ];
  });
}

/** Files whose specs have both sides. */
const TWO_SIDED = /^criticism\//;

for (const [what, rows, counts] of [
  ['criticism', CRITICISM, { S0: 8, S1: 5, 'S1 code': 9, V0: 5, V3: 1, S2: 6, S3: 2, S4: 8 }],
  ['case', CASES, Object.fromEntries(Array.from('abcdefghijklm', (letter) => [letter, 1]))],
  ['question', QUESTIONS, Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`Q${i + 1}`, 1]))],
] as const) {
  trace(`each ${what} has its row`, () => {
    const found: Record<string, number> = {};
    for (const { of } of rows) found[of] = (found[of] ?? 0) + 1;
    assert.equal(found, counts);
    assert.is(new Set(rows.map(({ of, subject }) => `${of} ${subject}`)).size, rows.length);
  });

  trace(`each row of a ${what} is proven by specs that are there and name its requirements`, () => {
    assert.equal(problemsOf(rows), []);
  });
}

trace('each row of criticism and each case has a proof that fails on what was criticised', () => {
  const oneSided = [...CRITICISM, ...CASES].filter(({ proofs }) => !TWO_SIDED.test(proofs[0]?.spec ?? ''));
  assert.equal(oneSided, []);
});

trace('every two-sided spec is the proof of a row', () => {
  const used = new Set(
    [...CRITICISM, ...CASES, ...QUESTIONS].flatMap(({ proofs }) => proofs.map(({ title }) => title)),
  );
  const files = listFiles(inProject('spec', 'criticism'), '.spec.ts').filter((file) => file !== 'trace.spec.ts');
  assert.ok(files.length >= 10);
  const idle = files.flatMap((file) => [...titlesOf(`criticism/${file}`)].filter((title) => !used.has(title)));
  assert.equal(idle, []);
});

both<TraceRow>('a row whose proof is not there, or does not name it, is found', {
  check: (one) => ({ 'it is proven': problemsOf([one]).length === 0 }),
  ours: () => CRITICISM[0]!,
  criticised: {
    'no proof': [() => row('S0', 'x', 'LDID-10'), 'it is proven'],
    'no such file': [() => row('S0', 'x', 'LDID-10', ['criticism/none', 'LDID-10: x']), 'it is proven'],
    'no such title': [() => row('S0', 'x', 'LDID-10', ['criticism/s0-device-id', 'LDID-10: x']), 'it is proven'],
    'another requirement': [() => ({ ...CRITICISM[0]!, ids: ['LDID-1'] }), 'it is proven'],
  },
});

trace('titles are read of suites that run: no comment, no skipped spec, no call of something else', () => {
  const text = `
    const one = suite('suite');
    const both = twoSided(one);
    one('first', () => 1);
    both<X>('second', {});
    one(\`third \${x} of \${y}\`, () => 1);
    one.skip('left out', () => 1);
    other('other', () => 1);
    // one('comment', () => 1);
    const ROWS = [['from a table', 1]];
  `;
  assert.equal([...titlesIn(text)], ['first', 'second', 'third … of …']);
  const tabled = `${text} for (const [title] of ROWS) one(title, () => 1);`;
  assert.ok(titlesIn(tabled).has('from a table'));
});

trace.run();
