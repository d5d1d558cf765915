import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AddressSpace } from '../../../src/guest/machine/device-space.js';
import { VectorSpace } from '../../../src/guest/machine/vector-space.js';

const space = suite('guest: device space');
const KIB = 1024;

const two = (): AddressSpace =>
  new AddressSpace([
    { gpa: 0x10_0000_0000, length: 64 * KIB },
    { gpa: 0xf000_1000, length: 32 * KIB },
  ]);

space('the lowest window that fits, aligned, and again after it was given back', () => {
  const one = two();
  assert.is(one.take(0x2000, 0x1000, 'any'), 0xf000_1000);
  assert.is(one.take(0x2000, 0x2000, 'any'), 0xf000_4000, 'aligned to its size');
  assert.is(one.take(0x1000, 0x1000, 'any'), 0xf000_3000, 'the gap in front of it');
  assert.is(one.taken, 3);
  one.give(0xf000_1000);
  assert.is(one.take(0x2000, 0x1000, 'low'), 0xf000_1000);
  assert.throws(() => one.give(0xf000_2000), RangeError);
});

space('low and high are told apart, and what does not fit is refused', () => {
  const one = two();
  assert.is(one.take(0x1000, 0x1000, 'high'), 0x10_0000_0000);
  assert.is(one.take(33 * KIB, 0x1000, 'low'), undefined);
  assert.is(one.take(33 * KIB, 0x1000, 'any'), 0x10_0000_1000);
  assert.is(one.take(0, 1, 'any'), undefined);
  assert.throws(() => new AddressSpace([{ gpa: 0xffff_f000, length: 0x2000 }]), RangeError);
});

space('vectors: the lowest free one of each CPU, up to the last device vector', () => {
  const vectors = new VectorSpace(2);
  assert.is(vectors.take(0), 0x22);
  assert.is(vectors.take(0), 0x23);
  assert.is(vectors.take(1), 0x22);
  vectors.give(0, 0x22);
  assert.is(vectors.take(0), 0x22);
  for (let n = 2; n < 0xec - 0x22; n++) vectors.take(0);
  assert.is(vectors.take(0), undefined);
  assert.is(vectors.take(2), undefined, 'no such CPU');
  assert.is(vectors.inUse, 0xec - 0x22 + 1);
  assert.throws(() => vectors.give(1, 0x30), RangeError);
});

space.run();
