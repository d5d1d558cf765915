import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clearEntry, frameOf, pageBits, putEntry, TABLE_BITS } from '../../../src/guest/pv-iommu/stage1-entry.js';
import type { GuestMemory } from '../../../src/ports/guest-memory.js';

const entries = suite('pvIOMMU: entries while somebody walks');

const AT = 0x1000;

/** One entry, and what a walker would have found behind each store. */
function watched(first: bigint) {
  let entry = first;
  const seen: bigint[] = [];
  const storeU32 = (gpa: number, value: number): void => {
    const shift = gpa === AT ? 0n : 32n;
    assert.ok(gpa === AT || gpa === AT + 4);
    entry = (entry & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift);
    seen.push(entry);
  };
  return { memory: { storeU32 } as unknown as GuestMemory, seen };
}

const isPresent = (entry: bigint) => (entry & 1n) !== 0n;
const FRAME = 0x87_6543_2100;

for (const [what, bits] of [
  ['a table', TABLE_BITS],
  ['a page', pageBits(true, 1)],
  ['a large page', pageBits(false, 2)],
] as const) {
  const whole = (BigInt(FRAME) << 12n) | BigInt(bits);

  entries(`PVI-52 ${what} is there whole or not at all`, () => {
    // What an earlier entry left in the other half is part of none.
    for (const before of [0n, 0xdead_beefn << 32n]) {
      const { memory, seen } = watched(before);
      putEntry(memory, AT, FRAME, bits);
      assert.is(seen.at(-1), whole);
      assert.equal(
        seen.filter((entry) => isPresent(entry) && entry !== whole),
        [],
      );
    }
  });

  entries(`PVI-52 ${what} that goes leads nowhere on its way`, () => {
    const { memory, seen } = watched(whole);
    clearEntry(memory, AT);
    assert.is(seen.at(-1), 0n);
    assert.equal(seen.filter(isPresent), []);
  });
}

entries('PVI-52 a frame of more than 32 bits of address comes back', () => {
  const { memory, seen } = watched(0n);
  putEntry(memory, AT, FRAME, TABLE_BITS);
  assert.is(frameOf(Number(seen.at(-1)! & 0xffff_ffffn), Number(seen.at(-1)! >> 32n)), FRAME);
});

entries.run();
