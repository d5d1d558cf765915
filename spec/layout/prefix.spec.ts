import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { decode, encodeUnchecked } from '../../src/layout/codec.js';
import { check } from '../../src/layout/explain.js';
import { prefix } from '../../src/layout/prefix.js';
import { u8, u32 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import type { StructType } from '../../src/layout/types.js';
import { union } from '../../src/layout/union.js';
import { plain } from '../support/codec-table.js';
import { declaredLayouts } from '../support/declared-layouts.js';
import { ENGINES } from '../support/engine-law.js';
import { counted, headAndReps, reserved, scalars, tagged, unnamed } from '../support/kernel-layouts.js';
import { randomBytes, seedOf } from '../support/random.js';

const law = suite('layout: prefix');

const lateTag = struct('lateTag', 6, {
  u: union({ a: u32, b: u8 }, { by: 'kind', of: { 1: 'a' } }),
  pad: u8,
  kind: u8,
});

const rows: { note: string; type: StructType; hex: string; value: object }[] = [
  { note: 'whole fields are as they are', type: scalars, hex: '12 5634', value: { a: 0x12, b: 0x3456 } },
  {
    note: 'a cut one is bytes',
    type: scalars,
    hex: '12 5634 efcd',
    value: { a: 0x12, b: 0x3456, c: Uint8Array.of(0xef, 0xcd) },
  },
  { note: 'of zeros too', type: scalars, hex: '12 5634 0000', value: { a: 0x12, b: 0x3456, c: new Uint8Array(2) } },
  { note: 'reserved bytes stay reserved', type: reserved, hex: '00 000000', value: {} },
  {
    note: 'an inner struct is cut in turn',
    type: unnamed,
    hex: '0102 0005',
    value: { kind: 0x0201, gap: Uint8Array.of(0, 5) },
  },
  {
    note: 'a union is whole',
    type: tagged,
    hex: `02000000 0000 0000 00000000 0100000000000000 ${'00'.repeat(8)}`,
    value: { source: 2, port: 0, flags: { mode: 0, rest: 0 }, byField: { rte: 1n } },
  },
  {
    note: 'or bytes',
    type: tagged,
    hex: '02000000 0000 0000 00000000 0100',
    value: { source: 2, port: 0, flags: { mode: 0, rest: 0 }, byField: Uint8Array.of(1, 0) },
  },
  {
    note: 'or bytes where its tag is cut off',
    type: lateTag,
    hex: '01000000 07',
    value: { u: Uint8Array.of(1, 0, 0, 0), pad: 7 },
  },
  {
    note: 'a list is bytes',
    type: counted,
    hex: '0200 0000 00000000 010002',
    value: { count: 2, lengthBytes: 0, first: { n: 0, rest: 0 }, entries: Uint8Array.of(1, 0, 2) },
  },
  {
    note: 'a list that has not begun is not there',
    type: counted,
    hex: '0200 0000 00000000',
    value: { count: 2, lengthBytes: 0, first: { n: 0, rest: 0 } },
  },
  {
    note: 'a list in an inner struct takes what is left',
    type: headAndReps,
    hex: `${'00'.repeat(24)} 0102`,
    value: { space: 0n, set: { format: 0n, mask: 0n, banks: Uint8Array.of(1, 2) } },
  },
  { note: 'nothing', type: scalars, hex: '', value: {} },
];
for (const { note, type, hex, value } of rows) {
  law(note, () => {
    const bytes = hexToBytes(hex.replaceAll(' ', ''));
    const head = prefix(type, bytes.length);
    assert.equal([head.name, head.size, head.minSize, head.flexible], [type.name, bytes.length, bytes.length, false]);
    for (const engine of ENGINES) {
      const read = decode(head, bytes, { engine });
      assert.equal(plain(read), value);
      assert.is(bytesToHex(encodeUnchecked(head, read, engine)), bytesToHex(bytes));
    }
  });
}

law('cut bytes are no issue: they are not reserved', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5);
  assert.equal(check(prefix(scalars, 5), new DataView(bytes.buffer)), []);
});

law('of all of it is the struct itself', () => {
  assert.is(prefix(scalars, 43), scalars);
  assert.is(prefix(scalars, 99), scalars);
});

law('is made once', () => {
  assert.is(prefix(scalars, 5), prefix(scalars, 5));
  assert.is.not(prefix(scalars, 5), prefix(scalars, 6));
});

law('of any declared struct, at every size, keeps every byte', () => {
  for (const { title, type } of declaredLayouts) {
    if (type.kind !== 'struct') continue;
    const bytes = randomBytes(Math.min(type.size, 64), seedOf(title));
    for (let size = 0; size < bytes.length; size++) {
      const head = prefix(type, size);
      const cut = bytes.subarray(0, size);
      const again = encodeUnchecked(head, decode(head, cut, { engine: 'interpreted' }), 'interpreted');
      assert.is(bytesToHex(again), bytesToHex(cut), `${title}, ${size} bytes`);
    }
  }
});

law.run();
