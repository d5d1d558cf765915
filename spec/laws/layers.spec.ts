import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, librarySources, type SourceFile } from '../support/import-graph.js';
import { layerProblems } from '../support/layer-law.js';

const law = suite('law: layers');

law('src obeys it', () => {
  const files = librarySources();
  assert.ok(files.length > 0);
  assert.equal(layerProblems(files), []);
});

law('every relative import of src names a file of src', () => {
  const files = librarySources();
  const paths = new Set(files.map(({ path }) => path));
  const broken = files.flatMap(importsOf).filter(({ relative, to }) => relative && !paths.has(to));
  assert.equal(broken, []);
});

law.run();

const madeUp = suite('law: layers, made-up trees');

const cases: { note: string; tree: Record<string, string>; problems: string[] }[] = [
  {
    note: 'a tree in order',
    tree: {
      'bytes/word.ts': 'export const word = 1;',
      'layout/bits.ts': "import { word } from '../bytes/word.js';\nimport './scalar.js';\nexport const bits = word;",
      'layout/scalar.ts': 'export const scalar = 2;',
      'layout.ts': "export * from './layout/bits.js';",
      'index.ts': "export { bits } from './layout/bits.js';",
    },
    problems: [],
  },
  {
    note: 'an upward import',
    tree: { 'bytes/word.ts': "import { bits } from '../layout/bits.js';\nexport const word = bits;" },
    problems: ['bytes/word.ts (bytes, 0) imports layout/bits.ts (layout, 1): upward'],
  },
  {
    note: 'an upward type import',
    tree: { 'abi/hv.ts': "import type { Run } from '../cli/main.js';\nexport type A = Run;" },
    problems: ['abi/hv.ts (abi, 2) imports cli/main.ts (cli, 9): upward'],
  },
  {
    note: 'an upward type written as import()',
    tree: { 'abi/hv.ts': "export type A = import('../cli/main.js').Run;" },
    problems: ['abi/hv.ts (abi, 2) imports cli/main.ts (cli, 9): upward'],
  },
  {
    note: 'an upward dynamic import',
    tree: { 'ring/walk.ts': "export const load = () => import('../guest/driver.js');" },
    problems: ['ring/walk.ts (ring, 4) imports guest/driver.ts (guest, 6): upward'],
  },
  {
    note: 'siblings of equal rank',
    tree: { 'files/elf.ts': "import { clock } from '../ports/clock.js';\nexport const elf = clock;" },
    problems: ['files/elf.ts (files, 3) imports ports/clock.ts (ports, 3): sibling of equal rank'],
  },
  {
    note: 'a folder without a rank',
    tree: { 'helpers/text.ts': 'export const text = 1;' },
    problems: ['helpers/text.ts: folder helpers has no rank'],
  },
  {
    note: 'a barrel called index.ts',
    tree: { 'abi/index.ts': "export * from './hv.js';", 'abi/hv.ts': 'export const hv = 1;' },
    problems: ['abi/index.ts: barrel'],
  },
  {
    note: 'a barrel by another name, and a star next to code',
    tree: {
      'abi/all.ts': "// everything\nexport { hv } from './hv.js';",
      'abi/hv.ts': 'export const hv = 1;',
      'abi/both.ts': "export * from './hv.js';\nexport const both = 2;",
    },
    problems: ['abi/all.ts: barrel', 'abi/both.ts: export * from ./hv.js'],
  },
  {
    note: 'an entry that is more than re-exports',
    tree: { 'abi.ts': 'export const version = 1;' },
    problems: ['abi.ts: an entry file holds imports and re-exports only'],
  },
  {
    note: 'an import of an entry',
    tree: { 'cli/main.ts': "import { struct } from '../layout.js';\nstruct();", 'layout.ts': 'export {};' },
    problems: ['cli/main.ts imports the entry layout.ts'],
  },
  {
    note: 'a circle',
    tree: {
      'layout/c.ts': "import { a } from './a.js';\nexport const c = () => a;",
      'layout/a.ts': "import { b } from './b.js';\nexport const a = () => b;",
      'layout/b.ts': "import { c } from './c.js';\nexport const b = () => c;",
    },
    problems: ['circle layout/a.ts → layout/b.ts → layout/c.ts → layout/a.ts'],
  },
  {
    note: 'imports in comments and strings do not count',
    tree: { 'bytes/word.ts': "// import '../cli/main.js'\nexport const text = \"import '../cli/main.js'\";" },
    problems: [],
  },
];

for (const { note, tree, problems } of cases) {
  madeUp(note, () => {
    const files: SourceFile[] = Object.entries(tree).map(([path, text]) => ({ path, text }));
    assert.equal(layerProblems(files), problems);
  });
}

madeUp.run();
