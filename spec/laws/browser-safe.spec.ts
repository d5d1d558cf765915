import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { browserProblems } from '../support/browser-law.js';
import { librarySources } from '../support/import-graph.js';

const law = suite('law: browser-safe');

law('library files use nothing of Node and no package', () => {
  const files = librarySources();
  assert.ok(files.length > 0);
  assert.equal(browserProblems(files), []);
});

law.run();

const madeUp = suite('law: browser-safe, made-up files');

const cases: { note: string; path: string; text: string; problems: string[] }[] = [
  {
    note: 'a built-in',
    path: 'capture/read.ts',
    text: "import { readFileSync } from 'node:fs';\nreadFileSync('x');",
    problems: ['capture/read.ts imports node:fs'],
  },
  {
    note: 'a built-in without its prefix, loaded late',
    path: 'capture/read.ts',
    text: "export const load = () => import('fs');",
    problems: ['capture/read.ts imports fs'],
  },
  {
    note: 'a Node file of the library',
    path: 'capture/read.ts',
    text: "export { open } from './open.node.js';",
    problems: ['capture/read.ts imports the Node file capture/open.node.ts'],
  },
  {
    note: 'Buffer as a value and as a type',
    path: 'bytes/hex.ts',
    text: "export const a = Buffer.from('00');\nexport type B = Buffer;",
    problems: ['bytes/hex.ts:1 uses Buffer', 'bytes/hex.ts:2 uses Buffer'],
  },
  {
    note: 'process, also through globalThis and as a shorthand',
    path: 'bytes/hex.ts',
    text: 'export const a = process.env;\nexport const b = globalThis.process;\nexport const c = { process };',
    problems: ['bytes/hex.ts:1 uses process', 'bytes/hex.ts:2 uses process', 'bytes/hex.ts:3 uses process'],
  },
  {
    note: 'names of members, comments and strings do not count',
    path: 'bytes/hex.ts',
    text: "// Buffer\nexport const a = { process: 'process' };\nexport const b = a.process;\nexport interface C { require: string }",
    problems: [],
  },
  { note: 'the command line may', path: 'cli/main.ts', text: "import 'node:fs';\nprocess.exit(0);", problems: [] },
  { note: 'a .node.ts file may', path: 'capture/open.node.ts', text: "import 'node:fs';", problems: [] },
  {
    note: 'the ./node entry may',
    path: 'node.ts',
    text: "export { open } from './capture/open.node.js';",
    problems: [],
  },
  {
    note: 'the main entry may not',
    path: 'index.ts',
    text: "export { open } from './capture/open.node.js';",
    problems: ['index.ts imports the Node file capture/open.node.ts'],
  },
];

for (const { note, path, text, problems } of cases) {
  madeUp(note, () => assert.equal(browserProblems([{ path, text }]), problems));
}

madeUp.run();
