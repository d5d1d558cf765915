import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { aliases } from '../../src/abi/aliases.js';
import { enumerations } from '../../src/abi/catalog.js';
import { openvmmEnumerations } from '../../src/abi/openvmm-enumerations.js';
import { enumMeta } from '../../src/layout/scalar.js';
import { compareRust, type RustType } from '../support/openvmm-facts.js';
import { groupRows, readTsv } from '../support/tsv.js';

const structs: RustType[] = [...groupRows(readTsv('fixtures/layout/openvmm-structs.tsv'), 'struct')].map(
  ([name, rows]) => ({
    name,
    size: Number(rows[0]!.size),
    fields: rows
      .filter((row) => row.field !== '')
      .map((row) => ({ name: row.field!, at: Number(row.bitOffset), bits: Number(row.bitSize), type: row.type! })),
  }),
);

const bitfields: RustType[] = [...groupRows(readTsv('fixtures/layout/openvmm-bitfields.tsv'), 'type')].map(
  ([name, rows]) => ({
    name,
    size: Number(rows[0]!.size),
    fields: rows.map((row) => ({
      name: row.field!,
      at: Number(row.bitOffset),
      bits: Number(row.bitSize),
      type: row.fieldType!,
    })),
  }),
);

const enums = groupRows(readTsv('fixtures/layout/openvmm-enums.tsv'), 'enum');
const enumNames = new Set(enums.keys());

const facts = suite('abi: layouts against OpenVMM');

facts('the tables hold what they are said to', () => {
  assert.equal([structs.length, bitfields.length, enums.size], [207, 92, 39]);
});

facts('every struct: by name, or under the name that Linux gives it', () => {
  assert.equal(
    structs.flatMap((rust) => compareRust(rust, enumNames)),
    [],
  );
});

facts('every bit-field type', () => {
  assert.equal(
    bitfields.flatMap((rust) => compareRust(rust, new Set())),
    [],
  );
});

facts('every enumeration: the same names, or the same values where Linux has its own names', () => {
  const linux = new Map(enumerations.map((one) => [enumMeta(one).name, one]));
  const of = new Map(aliases.map((one) => [one.alias, one.of]));
  const out: string[] = [];
  for (const [name, rows] of enums) {
    // Two crates have a MessageType: the one with the first name of the table is meant.
    const short = name.split('::').at(-1)!;
    const same = openvmmEnumerations.find((one) => enumMeta(one).name === short && rows[0]!.name! in one);
    const values = Object.values(linux.get(of.get(name) ?? '') ?? {}).map(Number);
    if (same === undefined && values.length === 0) out.push(`${name}: not declared`);
    for (const row of rows) {
      if (same === undefined ? !values.includes(Number(row.value)) : same[row.name!] !== Number(row.value))
        out.push(`${name}.${row.name}: ${same?.[row.name!] ?? 'absent'}, has ${row.value}`);
    }
    const names = new Set(rows.map((row) => row.name));
    if (same !== undefined)
      for (const key of Object.keys(same)) if (!names.has(key)) out.push(`${name}.${key}: OpenVMM has no such name`);
  }
  assert.equal(out, []);
});

facts.run();

const tampered = suite('abi: OpenVMM comparison notices');

const rust = (name: string): RustType => [...structs, ...bitfields].find((one) => one.name === name)!;
const withField = (name: string, field: string, change: object): RustType => {
  const one = rust(name);
  return { ...one, fields: one.fields.map((f) => (f.name === field ? { ...f, ...change } : f)) };
};

const cases: [what: string, rust: RustType, expected: string[]][] = [
  [
    'a moved field',
    withField('InitiateContact2', 'client_id', { at: 264 }),
    ['InitiateContact2.client_id: bits 256 +128, has 264 +128'],
  ],
  [
    'a renamed field',
    withField('CreateInterrupt3', 'slot', { name: 'slit' }),
    ['CreateInterrupt3.slit: not declared', 'CreateInterrupt3.slot: OpenVMM has no such field'],
  ],
  ['a size', { ...rust('Footer'), size: 16 }, ['Footer size: 8, has 16']],
  [
    'an alias that cuts a field',
    withField('HvMessageHeader', rust('HvMessageHeader').fields[0]!.name, { bits: 24 }),
    [`HvMessageHeader.${rust('HvMessageHeader').fields[0]!.name}: bits 0 +24 cut a field of hv_message_header`],
  ],
  [
    'an alias of another size',
    { ...rust('HvMessageHeader'), size: 24 },
    ['HvMessageHeader size: hv_message_header has 16, has 24'],
  ],
  [
    'a width of bits',
    withField('FeatureFlags', rust('FeatureFlags').fields[0]!.name, { bits: 2 }),
    ['FeatureFlags.guest_specified_signal_parameters: bits 0 +1, has 0 +2'],
  ],
  ['an unknown type', { ...rust('Footer'), name: 'Header' }, ['Header: not declared']],
];

for (const [what, one, expected] of cases) tampered(what, () => assert.equal(compareRust(one, new Set()), expected));

tampered.run();
