import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AbiError } from '../../src/bytes/errors.js';
import { concrete, only, perArch, pick, versions } from '../../src/layout/group.js';
import { rep } from '../../src/layout/list.js';
import { u8, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import type { StructType } from '../../src/layout/types.js';

const origin = { from: 'a header', version: 'v9' };
const plain = struct('s', 4, { a: u32 }, origin);
const v1 = struct('s', 8, { a: u64 });
const v2 = struct('s', 24, { a: u64, b: u64, c: u64 });
const v3 = struct('s', 16, { a: u64, list: rep(u64, { declared: 1 }) });
const rows = versions({ 'v-1': v1, 'v-2': v2, 'v-3': v3 });
const arm = struct('s', 1, { a: u8 });
const archs = perArch({ x64: plain, arm64: arm });
const both = perArch({ x64: rows, arm64: arm });

const picking = suite('layout: pick');

type Row = {
  note: string;
  layout: Parameters<typeof pick>[0];
  options?: Parameters<typeof pick>[1];
  type: StructType;
  arch: string;
  version: string;
  chosen: boolean;
};

const table: Row[] = [
  { note: 'one layout is taken', layout: plain, type: plain, arch: 'any', version: 'v9', chosen: false },
  {
    note: 'whatever the options',
    layout: plain,
    options: { arch: 'arm64', abi: 'v-1', size: 0 },
    type: plain,
    arch: 'any',
    version: 'v9',
    chosen: false,
  },
  { note: 'x64 unless said', layout: archs, type: plain, arch: 'x64', version: 'v9', chosen: false },
  {
    note: 'arm64 when said',
    layout: archs,
    options: { arch: 'arm64' },
    type: arm,
    arch: 'arm64',
    version: '',
    chosen: false,
  },
  { note: 'the newest', layout: rows, type: v3, arch: 'any', version: 'v-3', chosen: true },
  {
    note: 'the newest that fits: its list may be empty',
    layout: rows,
    options: { size: 8 },
    type: v3,
    arch: 'any',
    version: 'v-3',
    chosen: true,
  },
  {
    note: 'the shortest where none fits',
    layout: rows,
    options: { size: 3 },
    type: v1,
    arch: 'any',
    version: 'v-1',
    chosen: true,
  },
  {
    note: 'the newest that fits, of two',
    layout: versions({ a: v1, b: v2 }),
    options: { size: 23 },
    type: v1,
    arch: 'any',
    version: 'a',
    chosen: true,
  },
  {
    note: 'and when it just fits',
    layout: versions({ a: v1, b: v2 }),
    options: { size: 24 },
    type: v2,
    arch: 'any',
    version: 'b',
    chosen: true,
  },
  {
    note: 'a newer one that is shorter',
    layout: versions({ a: v2, b: v1 }),
    options: { size: 24 },
    type: v1,
    arch: 'any',
    version: 'b',
    chosen: true,
  },
  {
    note: 'the one named, fitting or not',
    layout: rows,
    options: { abi: 'v-2', size: 8 },
    type: v2,
    arch: 'any',
    version: 'v-2',
    chosen: true,
  },
  {
    note: 'by size where there is none of the name',
    layout: versions({ a: v1, b: v2 }),
    options: { abi: 'v-7', size: 10 },
    type: v1,
    arch: 'any',
    version: 'a',
    chosen: true,
  },
  {
    note: 'a version of an architecture',
    layout: both,
    options: { abi: 'v-1' },
    type: v1,
    arch: 'x64',
    version: 'v-1',
    chosen: true,
  },
  {
    note: 'an architecture without versions',
    layout: both,
    options: { arch: 'arm64', abi: 'v-1' },
    type: arm,
    arch: 'arm64',
    version: '',
    chosen: false,
  },
];
for (const { note, layout, options, ...is } of table)
  picking(note, () => {
    const picked = pick(layout, options);
    assert.is(picked.type, is.type);
    assert.equal([picked.arch, picked.version, picked.chosen], [is.arch, is.version, is.chosen]);
  });

picking.run();

const all = suite('layout: concrete and only');

all('concrete gives every layout with its architecture and version', () => {
  const seen = [...concrete(both)].map(({ type, arch, version }) => [type.size, arch, version]);
  assert.equal(seen, [
    [8, 'x64', 'v-1'],
    [24, 'x64', 'v-2'],
    [16, 'x64', 'v-3'],
    [1, 'arm64', ''],
  ]);
  assert.equal(
    [...concrete(plain)].map(({ arch, version }) => [arch, version]),
    [['any', 'v9']],
  );
});

all('only takes what is alone', () => {
  assert.is(only(plain), plain);
  for (const several of [rows, archs])
    assert.throws(
      () => only(several),
      (error: unknown) => error instanceof AbiError && error.code === 'E_NO_VERSION' && error.struct === 's',
    );
});

all('of keeps each version by its name', () => {
  assert.is(rows.of['v-2'], v2);
  assert.equal([rows.name, archs.name, rows.kind, archs.kind], ['s', 's', 'versions', 'perArch']);
});

all.run();
