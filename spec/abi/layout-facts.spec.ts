import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { layouts } from '../../src/abi/catalog.js';
import { openvmmLayouts } from '../../src/abi/openvmm-catalog.js';
import { partsOf } from '../../src/export/select.js';
import { concrete, type Layout } from '../../src/layout/group.js';
import { rows } from '../../src/layout/rows.js';
import type { NamedType } from '../../src/layout/types.js';
import { compareStruct, structFacts } from '../support/layout-facts.js';
import { readTsv } from '../support/tsv.js';

const x64 = structFacts(readTsv('fixtures/layout/linux-x64.tsv'));
const arm64 = structFacts(readTsv('fixtures/layout/linux-arm64.tsv'));
const others = readTsv('fixtures/layout/linux-other-versions.tsv');
const otherVersions = [...new Set(others.map((row) => row.version!))].map((version) => ({
  version,
  facts: structFacts(others.filter((row) => row.version === version)),
}));

const byName = new Map(layouts.map((layout) => [layout.name, layout]));

interface Concrete {
  readonly type: NamedType;
  readonly version: string;
}

function layoutsFor(layout: Layout | undefined, arch: 'x64' | 'arm64'): Concrete[] {
  return layout === undefined ? [] : [...concrete(layout)].filter((one) => one.arch === arch || one.arch === 'any');
}

/** The newest layout is what the tables without a version column describe. */
function newest(name: string, arch: 'x64' | 'arm64'): NamedType | undefined {
  return layoutsFor(byName.get(name), arch).at(-1)?.type;
}

const facts = suite('abi: layouts against compiler facts');

facts('the tables hold what they are said to', () => {
  assert.is(x64.size, 376);
  assert.is(arm64.size, 13);
  assert.is(
    otherVersions.reduce((sum, one) => sum + one.facts.size, 0),
    17,
  );
});

facts('x64: every struct and union, field by field', () => {
  assert.equal(
    [...x64.values()].flatMap((fact) => compareStruct(fact, newest(fact.name, 'x64'))),
    [],
  );
});

facts('arm64: every struct and union, 13 of them other than on x64', () => {
  const expected = new Map([...x64, ...arm64]);
  assert.equal(
    [...expected.values()].flatMap((fact) => compareStruct(fact, newest(fact.name, 'arm64'), 'arm64')),
    [],
  );
});

facts('a layout stands for both architectures unless it differs, down to the last leaf', () => {
  const own = layouts.filter((layout) => layout.kind === 'perArch').map((layout) => layout.name);
  assert.equal(
    [...arm64.keys()].filter((name) => !own.includes(name)),
    [],
  );
  const alike = own.filter(
    (name) => JSON.stringify(rows(newest(name, 'x64')!)) === JSON.stringify(rows(newest(name, 'arm64')!)),
  );
  assert.equal(alike, []);
});

facts('a layout contains layouts of its own architecture only', () => {
  const shape = (type: NamedType) => `${type.name} ${JSON.stringify(rows(type))}`;
  const foreign = (['x64', 'arm64'] as const).flatMap((arch) => {
    const typesOf = (list: readonly Layout[]) =>
      list.flatMap((layout) => layoutsFor(layout, arch).map((one) => one.type));
    const native = typesOf(layouts);
    const shapes = new Set([...native, ...typesOf(openvmmLayouts)].map(shape));
    return native.flatMap((type) =>
      partsOf(type)
        .filter((part) => !shapes.has(shape(part)))
        .map((part) => `${arch} ${type.name}: ${part.name}`),
    );
  });
  assert.equal(foreign, []);
});

for (const { version, facts: table } of otherVersions) {
  facts(`${version}: every other layout of a name`, () => {
    const differences = [...table.values()].flatMap((fact) => {
      const found = layoutsFor(byName.get(fact.name), 'x64').find((one) => one.version === version);
      return compareStruct(fact, found?.type, version);
    });
    assert.equal(differences, []);
  });
}

// hv_guest_os_id is a table of the TLFS, of which Linux builds the word by shifts; the event record of the SMMUv3 is a family of masks.
const WITHOUT_FACTS = ['hv_guest_os_id', 'evtq_ent'];

facts('a layout without a table of its own has the members of the newest one', () => {
  const known = new Set(otherVersions.flatMap((one) => [...one.facts.keys()].map((name) => `${name} ${one.version}`)));
  const differences = layouts.flatMap((layout) =>
    layoutsFor(layout, 'x64')
      .filter((one) => !known.has(`${layout.name} ${one.version}`))
      .flatMap((one) => {
        const fact = x64.get(layout.name);
        return fact === undefined ? [`${layout.name}: no facts`] : compareStruct(fact, one.type, one.version);
      }),
  );
  assert.equal(
    differences,
    WITHOUT_FACTS.map((name) => `${name}: no facts`),
  );
});

facts('every layout names the file that its facts come from', () => {
  const differences = readTsv('fixtures/layout/linux-origin.tsv').flatMap(({ struct, file }) => {
    const from = newest(struct!, 'x64')?.origin?.from.split(' as ')[0];
    return from === file ? [] : [`${struct}: ${from}, is in ${file}`];
  });
  assert.equal(differences, []);
});

facts('no name is declared twice', () => {
  const names = layouts.map((layout) => layout.name);
  assert.equal(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

// Nothing compiled describes arm64 of 6.12: its layouts are those of x64 with the interrupt entry 8 bytes longer.
facts('arm64 of Linux 6.12: as x64, moved by the larger interrupt entry', () => {
  const legacy = otherVersions.find((one) => one.version === 'linux-6.12')!.facts;
  const moved = [...legacy.values()].flatMap((fact) => {
    const entry = fact.fields.find((row) => row.type === 'hv_interrupt_entry');
    if (entry === undefined) return [fact];
    const fields = fact.fields.map((row) => {
      if (row === entry) return { ...row, bitSize: String(Number(row.bitSize) + 64) };
      const behind = Number(row.bitOffset) > Number(entry.bitOffset);
      return behind ? { ...row, bitOffset: String(Number(row.bitOffset) + 64) } : row;
    });
    return [{ ...fact, size: fact.size + 8, fields }];
  });
  const differences = moved.flatMap((fact) => {
    const found = layoutsFor(byName.get(fact.name), 'arm64').find((one) => one.version === 'linux-6.12');
    return compareStruct(fact, found?.type, 'arm64 of linux-6.12');
  });
  assert.equal(differences, []);
  assert.is(moved.filter((fact) => fact.size !== legacy.get(fact.name)!.size).length, 3);
});

facts.run();

const tampered = suite('abi: layout comparison notices');

const sample = x64.get('hv_interrupt_entry')!;
const declared = newest('hv_interrupt_entry', 'x64');
const changed = (field: string, change: Record<string, string>) =>
  compareStruct(
    { ...sample, fields: sample.fields.map((row) => (row.field === field ? { ...row, ...change } : row)) },
    declared,
  );

const cases: [what: string, differences: () => string[], expected: string[]][] = [
  ['nothing in the facts as they are', () => compareStruct(sample, declared), []],
  [
    'an offset',
    () => changed('reserved1', { bitOffset: '40' }),
    ['hv_interrupt_entry.reserved1 bit offset: 32, C has 40'],
  ],
  ['a width', () => changed('source', { bitSize: '16' }), ['hv_interrupt_entry.source bits: 32, C has 16']],
  [
    'a kind',
    () => changed('msi_entry', { fieldKind: 'struct' }),
    ['hv_interrupt_entry.msi_entry kind: union, C has struct'],
  ],
  ['a count', () => changed('reserved1', { count: '2' }), ['hv_interrupt_entry.reserved1 count: , C has 2']],
  ['a type', () => changed('source', { type: 'u64' }), ['hv_interrupt_entry.source type: u32, C has u64']],
  [
    'a name',
    () => changed('source', { field: 'sauce' }),
    ['hv_interrupt_entry.sauce: not declared', 'hv_interrupt_entry.source: C has no such field'],
  ],
  ['a size', () => compareStruct({ ...sample, size: 20 }, declared), ['hv_interrupt_entry size: 16, C has 20']],
  [
    'a union for a struct',
    () => compareStruct({ ...sample, kind: 'union' }, declared),
    ['hv_interrupt_entry kind: struct, C has union'],
  ],
  ['a struct that is not there', () => compareStruct(sample, undefined), ['hv_interrupt_entry: not declared']],
];

for (const [what, differences, expected] of cases) tampered(what, () => assert.equal(differences(), expected));

tampered.run();
