import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { aliases, scalarAliases } from '../../src/abi/aliases.js';
import { layouts } from '../../src/abi/catalog.js';
import { hv_intercept_access_type } from '../../src/abi/hv/intercept.js';
import { hv_interrupt_source } from '../../src/abi/hv/interrupt.js';
import { callLayouts } from '../../src/abi/hypercalls/catalog.js';
import { openvmmLayouts } from '../../src/abi/openvmm-catalog.js';
import { openvmmEnumerations } from '../../src/abi/openvmm-enumerations.js';
import { concrete, type Layout, pick } from '../../src/layout/group.js';
import { type LayoutRow, rows } from '../../src/layout/rows.js';
import { enumMeta } from '../../src/layout/scalar.js';
import type { NamedType } from '../../src/layout/types.js';
import { groupRows, readTsv } from '../support/tsv.js';

const STRUCTS = groupRows(readTsv('fixtures/layout/openvmm-structs.tsv'), 'struct');
const BITFIELDS = groupRows(readTsv('fixtures/layout/openvmm-bitfields.tsv'), 'type');
const ENUMS = groupRows(readTsv('fixtures/layout/openvmm-enums.tsv'), 'enum');
const OURS = new Map(openvmmLayouts.map((layout) => [layout.name, layout]));
const LINUX = new Map(layouts.map((layout) => [layout.name, layout]));
const ALIASES = new Map(aliases.map((row) => [row.alias, row]));
const SCALARS = new Map(scalarAliases.map((row) => [row.alias, row]));

/** Channel messages start with the 8-byte header here; OpenVMM leaves it out. */
const WITH_HEADER = new Set([
  'CloseReservedChannel',
  'CloseReservedChannelResponse',
  'InitiateContact2',
  'ModifyConnection',
  'ModifyConnectionResponse',
  'OfferChannel',
  'OpenChannel2',
  'OpenReservedChannel',
  'TlConnectRequest2',
  'TlConnectResult',
  'VersionResponse2',
  'VersionResponse3',
]);

const SIZE: Record<string, number> = { u8: 1, u16: 2, u32: 4 };

function typeOf(name: string): NamedType | undefined {
  const layout = OURS.get(name);
  return layout && pick(layout, { abi: 'openvmm' }).type;
}

/** Rows of the struct's own members, without what is inside named types. */
function members(type: NamedType): Map<string, LayoutRow> {
  return new Map(rows(type).map((row) => [row.path, row]));
}

const structs = suite('layouts of OpenVMM');

const isDeclared = (name: string) => !ALIASES.has(name) && !SCALARS.has(name) && !ENUMS.has(name);

structs('each struct and bit-field is declared, an alias or a wrapper of one scalar', () => {
  const missing = [...STRUCTS.keys(), ...BITFIELDS.keys()].filter((name) => isDeclared(name) && !OURS.has(name));
  assert.equal(missing, []);
});

for (const [name, fixture] of [...STRUCTS].filter(([key]) => isDeclared(key))) {
  structs(name, () => {
    const type = typeOf(name);
    assert.ok(type);
    const skip = WITH_HEADER.has(name) ? 8 : 0;
    assert.is(type.size, Number(fixture[0]!.size) + skip);
    const ours = members(type);
    for (const row of fixture) {
      // A wrapper's only field has no name; ours has members instead.
      if (row.field === '' || row.field === '0') continue;
      const got = ours.get(row.field!);
      if (Number(row.bitSize) === 0) continue;
      assert.ok(got, `${name}.${row.field} is declared`);
      // A member that repeats a whole message has its header inside.
      const inside = skip > 0 && row.bitOffset === '0' && got.bitSize === Number(row.bitSize) + 64;
      assert.is(got.bitOffset, Number(row.bitOffset) + (inside ? 0 : skip * 8), `${name}.${row.field} offset`);
      if (!inside) assert.is(got.bitSize, Number(row.bitSize), `${name}.${row.field} size`);
    }
  });
}

for (const [name, fixture] of [...BITFIELDS].filter(([key]) => isDeclared(key))) {
  structs(name, () => {
    const type = typeOf(name);
    assert.ok(type);
    assert.is(type.size, Number(fixture[0]!.size));
    const ours = members(type);
    for (const row of fixture) {
      const got = ours.get(row.field!);
      assert.ok(got, `${name}.${row.field} is declared`);
      assert.is(got.bitOffset, Number(row.bitOffset), row.field);
      assert.is(got.bitSize, Number(row.bitSize), row.field);
    }
  });
}

for (const [name, { of }] of SCALARS) {
  structs(`${name} wraps ${of}`, () => {
    const bytes = /^u8\[(\d+)]$/.exec(of);
    assert.is(bytes ? Number(bytes[1]) : SIZE[of], Number(STRUCTS.get(name)![0]!.size));
  });
}

structs('nothing is declared that no source has', () => {
  const known = new Set([...STRUCTS.keys(), ...BITFIELDS.keys(), ...callLayouts.map((layout) => layout.name)]);
  const composed = [
    'AssignedResources',
    'AssignedResources2',
    'AssignedResources3',
    'AssignedResourcesReply',
    'AssignedResourcesReply2',
  ];
  assert.equal(
    [...OURS.keys()].filter((name) => !known.has(name)),
    composed,
  );
});

structs('no name is declared twice, and none that Linux has', () => {
  assert.is(OURS.size, openvmmLayouts.length);
  for (const name of OURS.keys()) assert.not(LINUX.has(name), name);
});

structs('the origin names the file and the version', () => {
  for (const layout of openvmmLayouts) {
    for (const { type } of concrete(layout as Layout)) assert.ok(type.origin?.from && type.origin.version, layout.name);
  }
});

structs.run();

const same = suite('aliases of OpenVMM');

/** Reserved members are cut in other places without a difference in meaning. */
const UNNAMED = /^_*(reserved|rsvd|padding|pad)/;

for (const { alias, of, skip = 0 } of aliases.filter((row) => !ENUMS.has(row.alias))) {
  same(`${alias} is ${of}`, () => {
    const fixture = STRUCTS.get(alias) ?? BITFIELDS.get(alias);
    assert.ok(fixture, `${alias} is OpenVMM's`);
    const layout = LINUX.get(of);
    assert.ok(layout, `${of} is declared`);
    // What one architecture names can lie in the reserved bits of the other; OpenVMM has one type for both.
    const borders = new Set<number>();
    for (const { type } of concrete(layout)) {
      for (const row of rows(type)) borders.add(row.bitOffset).add(row.bitOffset + row.bitSize);
      borders.add(type.size * 8);
    }
    assert.is(pick(layout, { arch: 'x64' }).type.size - skip, Number(fixture[0]!.size), 'size');
    for (const row of fixture) {
      if (row.field === '' || row.field === '0' || UNNAMED.test(row.field!) || alias === 'Guid') continue;
      const from = Number(row.bitOffset) + skip * 8;
      assert.ok(borders.has(from), `${alias}.${row.field} starts at a border`);
      assert.ok(borders.has(from + Number(row.bitSize)), `${alias}.${row.field} ends at a border`);
    }
  });
}

same.run();

const enums = suite('enumerations of OpenVMM');
const BY_NAME = new Map(openvmmEnumerations.map((values) => [enumMeta(values).name, values]));

for (const [name, fixture] of [...ENUMS].filter(([key]) => !ALIASES.has(key))) {
  const short = name.split('::').at(-1)!;
  enums(name, () => {
    const candidates = openvmmEnumerations.filter((values) => enumMeta(values).name === short);
    const expected = Object.fromEntries(fixture.map((row) => [row.name, Number(row.value)]));
    const match = candidates.some((values) => JSON.stringify(sorted(values)) === JSON.stringify(sorted(expected)));
    assert.ok(match, `${name} has the names and numbers`);
  });
}

const sorted = (values: Readonly<Record<string, number>>) =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));

enums('two enumerations are Linux ones under another name', () => {
  const numbers = (values: object) => Object.values(values).sort((a, b) => a - b);
  for (const [name, values] of [
    ['HvInterceptAccessType', hv_intercept_access_type],
    ['HvInterruptSource', hv_interrupt_source],
  ] as const) {
    assert.is(ALIASES.get(name)?.of, enumMeta(values).name);
    assert.equal(
      numbers(values),
      ENUMS.get(name)!.map((row) => Number(row.value)),
    );
  }
});

enums('nothing else is listed', () => {
  const known = new Set([...ENUMS.keys()].map((name) => name.split('::').at(-1)!));
  assert.equal(
    [...BY_NAME.keys()].filter((name) => !known.has(name)),
    [],
  );
});

enums.run();
