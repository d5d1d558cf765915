import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { aliases, scalarAliases } from '../../src/abi/aliases.js';
import { layouts } from '../../src/abi/catalog.js';
import { hv_intercept_access_type } from '../../src/abi/hv/intercept.js';
import { hv_interrupt_source } from '../../src/abi/hv/interrupt.js';
import { callLayouts } from '../../src/abi/hypercalls/catalog.js';
import { openvmmLayouts } from '../../src/abi/openvmm-catalog.js';
import { openvmmEnumerations } from '../../src/abi/openvmm-enumerations.js';
import { concrete } from '../../src/layout/group.js';
import { enumMeta } from '../../src/layout/scalar.js';
import { groupRows, readTsv } from '../support/tsv.js';

// What is there beyond the facts, and under which names; the facts themselves are compared in openvmm-facts.spec.ts.
const STRUCTS = groupRows(readTsv('fixtures/layout/openvmm-structs.tsv'), 'struct');
const BITFIELDS = groupRows(readTsv('fixtures/layout/openvmm-bitfields.tsv'), 'type');
const ENUMS = groupRows(readTsv('fixtures/layout/openvmm-enums.tsv'), 'enum');
const OURS = new Map(openvmmLayouts.map((layout) => [layout.name, layout]));

const catalog = suite('catalog of OpenVMM layouts');

catalog('nothing is declared that no source has', () => {
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

catalog('no name is declared twice, and none that Linux has', () => {
  assert.is(OURS.size, openvmmLayouts.length);
  const linux = new Set(layouts.map((layout) => layout.name));
  assert.equal(
    [...OURS.keys()].filter((name) => linux.has(name)),
    [],
  );
});

catalog('the origin names the file and the version', () => {
  for (const layout of openvmmLayouts) {
    for (const { type } of concrete(layout)) assert.ok(type.origin?.from && type.origin.version, layout.name);
  }
});

const SIZE: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4 };

for (const { alias, of } of scalarAliases) {
  catalog(`${alias} wraps ${of}`, () => {
    const bytes = /^u8\[(\d+)]$/.exec(of);
    assert.is(bytes ? Number(bytes[1]) : SIZE[of], Number(STRUCTS.get(alias)![0]!.size));
  });
}

catalog('two enumerations are Linux ones under another name', () => {
  const numbers = (values: object) => Object.values(values).sort((a, b) => a - b);
  for (const [name, values] of [
    ['HvInterceptAccessType', hv_intercept_access_type],
    ['HvInterruptSource', hv_interrupt_source],
  ] as const) {
    assert.is(aliases.find((row) => row.alias === name)?.of, enumMeta(values).name);
    assert.equal(
      numbers(values),
      ENUMS.get(name)!.map((row) => Number(row.value)),
    );
  }
});

catalog('no other enumeration is listed', () => {
  const known = new Set([...ENUMS.keys()].map((name) => name.split('::').at(-1)!));
  assert.equal(
    openvmmEnumerations.map((values) => enumMeta(values).name).filter((name) => !known.has(name)),
    [],
  );
});

catalog.run();
