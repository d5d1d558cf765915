import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enumerations, guids } from '../../src/abi/catalog.js';
import { catalog as hypercalls } from '../../src/abi/hypercalls/catalog.js';
import { guidToBytes } from '../../src/bytes/guid.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { enumMeta } from '../../src/layout/scalar.js';
import { groupRows, readTsv } from '../support/tsv.js';

type Row = Record<string, string>;

const constants = readTsv('fixtures/layout/constants.tsv');
const enums = readTsv('fixtures/layout/enums.tsv');
const openvmmEnums = readTsv('fixtures/layout/openvmm-enums.tsv');
const openvmmBits = readTsv('fixtures/layout/openvmm-bitfields.tsv');

/** An enumeration with its C name; those of arm64 stand beside the others under the name with this ending. */
interface Named {
  readonly name: string;
  readonly arm64: boolean;
  readonly values: ReadonlyMap<string, bigint>;
}
const ARM64 = /_arm64$/;

const declared: Named[] = enumerations.map((one) => {
  const { name } = enumMeta(one);
  return {
    name,
    arm64: ARM64.test(name),
    values: new Map(Object.entries(one).map(([key, value]) => [key, BigInt(value)])),
  };
});

/** Values under a name, for one architecture: arm64 takes its own where there is one. */
function valuesOf(name: string, arch: string): bigint[] {
  const found = declared.filter((one) => one.values.has(name));
  const own = found.filter((one) => one.arm64);
  const chosen = arch === 'arm64' && own.length > 0 ? own : found.filter((one) => !one.arm64);
  const codes = hypercalls
    .filter((call) => call.name === name || call.alias.includes(name))
    .map((call) => BigInt(call.code));
  return [...chosen.map((one) => one.values.get(name)!), ...codes];
}

/** What is wrong with our values of one fact. */
function compareValue(row: Row): string[] {
  const values = valuesOf(row.name!, row.arch!);
  const label = `${row.name} (${row.arch})`;
  if (values.length === 0) return [`${label}: not declared`];
  // A name may stand in an enumeration and in a family of #defines; all of them say the same.
  return values
    .filter((value) => value !== BigInt(row.value!))
    .map((value) => `${label}: ${value}, C has ${row.value}`);
}

const facts = suite('abi: constants against compiler facts');

facts('the tables hold what they are said to', () => {
  assert.is(constants.filter((row) => row.version === 'linux-7.3' && row.arch !== 'arm64').length, 679);
  assert.is(constants.filter((row) => row.arch === 'arm64').length, 28);
  assert.is(constants.filter((row) => row.version === 'linux-6.12').length, 29);
  assert.is(groupRows(enums, 'enum').size, 88);
});

facts('every numeric constant, on both architectures', () => {
  assert.equal(constants.flatMap(compareValue), []);
});

facts('every enumerator stands in its enumeration with its value', () => {
  const out: string[] = [];
  for (const [name, rows] of groupRows(enums, 'enum')) {
    const anonymous = name.startsWith('anon:');
    const first = name.slice('anon:'.length);
    const base = declared.filter((one) => (anonymous ? one.values.has(first) : one.name.replace(ARM64, '') === name));
    if (base.length === 0) out.push(`${name}: not declared`);
    for (const row of rows) {
      if (!base.some((one) => one.values.has(row.name!))) out.push(`${name}.${row.name}: not in it`);
      out.push(...compareValue(row));
    }
  }
  assert.equal(out, []);
});

// drivers/hv sends channel messages under this type, as a number.
const UNNAMED_IN_C = ['VMBUS_MESSAGE_TYPE'];
// Of drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h, which the tables do not cover: spec/abi/smmuv3-event.spec.ts.
const SMMUV3 = /^EVT_ID_/;

facts('a name that C lacks is one of OpenVMM with the same value', () => {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const known = new Set([...constants, ...enums].map((row) => row.name));
  const theirs = [
    ...openvmmEnums.map((row) => ({ name: plain(row.name!), value: BigInt(row.value!) })),
    ...openvmmBits.map((row) => ({ name: plain(row.field!), value: 1n << BigInt(row.bitOffset!) })),
  ];
  const extra = declared.flatMap((one) => [...one.values].filter(([name]) => !known.has(name) && !SMMUV3.test(name)));
  const loose = extra.filter(
    ([name, value]) => !theirs.some((their) => their.value === value && plain(name).endsWith(their.name)),
  );
  assert.equal(
    loose.map(([name]) => name),
    UNNAMED_IN_C,
  );
});

facts('every GUID, as text and as bytes', () => {
  const rows = readTsv('fixtures/layout/guids.tsv');
  const ours = Object.entries(guids).map(([name, text]) => ({ name, text, bytes: bytesToHex(guidToBytes(text)) }));
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  assert.equal(
    ours.sort(byName),
    rows.map(({ name, text, bytes: hex }) => ({ name: name!, text: text!, bytes: hex! })).sort(byName),
  );
});

facts('a wrong value and an unknown name are noticed', () => {
  const row = { name: 'HV_MAXIMUM_PROCESSORS', value: '2048', arch: 'x64' };
  assert.equal(compareValue(row), []);
  assert.equal(compareValue({ ...row, arch: 'arm64' }), ['HV_MAXIMUM_PROCESSORS (arm64): 320, C has 2048']);
  assert.equal(compareValue({ ...row, value: '2047' }), ['HV_MAXIMUM_PROCESSORS (x64): 2048, C has 2047']);
  assert.equal(compareValue({ ...row, name: 'HV_MAXIMUM_PROCESSOR' }), ['HV_MAXIMUM_PROCESSOR (x64): not declared']);
});

facts.run();
