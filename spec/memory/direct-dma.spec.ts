import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { DirectDma } from '../../src/memory/direct-dma.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';

const test = suite('DMA without an IOMMU');

const SIZE = 0x10000;

function make() {
  const memory = SharedGuestMemory.create(SIZE, { kernel: false });
  return { memory, dma: new DirectDma(memory) };
}

test('addresses are guest physical, accesses may cross pages', () => {
  const { memory, dma } = make();
  assert.ok(dma.write(0x1ffen, Uint8Array.of(1, 2, 3, 4)));
  assert.is(memory.readU32(0x1ffe), 0x04030201);
  const back = new Uint8Array(4);
  assert.ok(dma.read(0x1ffen, back));
  assert.is(bytesToHex(back), '01020304');
  assert.ok(dma.storeU32(0x2000n, 0xfffffffe));
  assert.is(memory.readU32(0x2000), 0xfffffffe);
});

for (const [note, address, length] of [
  ['behind the end', BigInt(SIZE), 1],
  ['over the end', BigInt(SIZE - 4), 8],
  ['below 0', -1n, 1],
  ['at the end of addresses', (1n << 52n) - 1n, 1],
  ['beyond any address', 1n << 52n, 1],
  ['a number that wraps round', (1n << 64n) - 4n, 8],
] as const)
  test(`refused, and nothing is done: ${note}`, () => {
    const { memory, dma } = make();
    const bytes = new Uint8Array(length).fill(0xee);
    assert.not(dma.read(address, bytes));
    assert.ok(bytes.every((byte) => byte === 0xee));
    assert.not(dma.write(address, bytes));
    const all = new Uint8Array(SIZE);
    memory.read(0, all);
    assert.ok(all.every((byte) => byte === 0));
  });

test('a word that is not aligned or not in memory is refused', () => {
  const { dma } = make();
  for (const address of [1n, 2n, 3n, 0x1002n, BigInt(SIZE), -4n, 1n << 60n]) assert.not(dma.storeU32(address, 1));
});

test.run();
