import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DecodeError } from '../../src/bytes/errors.js';
import { decodeAt } from '../../src/layout/codec.js';
import { explain } from '../../src/layout/explain.js';
import { versions } from '../../src/layout/group.js';
import { rep } from '../../src/layout/list.js';
import { rsvd, u8, u16, u32 } from '../../src/layout/scalar.js';
import { coded, codedAll, short } from '../../src/layout/shipped.js';
import { struct } from '../../src/layout/struct.js';
import { anon, union } from '../../src/layout/union.js';

const text = suite('layout: short');

const inner = struct('inner', 4, { a: u8, b: u16, pad: rsvd(1) });
const either = union({ word: u32, half: u16 }, { otherwise: 'word' });
const type = struct('cut', 16, {
  c: u32,
  in: inner,
  plain: anon(struct({ d: u16, e: u16 })),
  u: either,
  list: rep(u32),
});

for (let length = 0; length < type.minSize; length++)
  text(`${length} bytes: says what explain says`, () => {
    const view = new DataView(new ArrayBuffer(length + 2), 0, length + 2);
    try {
      short(type, 2, length + 2);
    } catch (error) {
      assert.instance(error, DecodeError);
      assert.is((error as DecodeError).message, explain(type, view, 2).message);
      return;
    }
    assert.unreachable('does not throw');
  });

text.run();

const code = suite('layout: coded and codedAll');

code('what a type carries is what runs', () => {
  const one = struct('one', 1, { a: u8 });
  const two = struct('one', 2, { a: u8, b: u8 });
  const decode = (tag: string) => () => ({ tag });
  const encode = () => 0;
  assert.is(coded(one, decode('own'), encode), one);
  assert.equal(decodeAt(one, new DataView(new ArrayBuffer(1))), { tag: 'own' });
  assert.equal(decodeAt(one, new DataView(new ArrayBuffer(1)), 0, undefined, 'interpreted'), { a: 0 });
  const both = versions({ v1: one, v2: two });
  assert.is(codedAll(both, [[two, decode('two'), encode]]), both);
  assert.equal(decodeAt(two, new DataView(new ArrayBuffer(2))), { tag: 'two' });
});

code.run();
