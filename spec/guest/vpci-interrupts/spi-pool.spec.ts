import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SPI_COUNT, SPI_START, SpiPool } from '../../../src/guest/vpci-interrupts/spi-pool.js';

const pool = suite('spi-pool');

function take(from: SpiPool, count: number): number {
  const got = from.take(count);
  return got.ok ? got.value : -1;
}

pool('ARM-01 INTIDs 64 to 1019', () => {
  assert.is(SPI_START, 64);
  assert.is(SPI_COUNT, 956);
  const p = new SpiPool();
  const all = Array.from({ length: 956 }, () => take(p, 1));
  assert.is(all[0], 64);
  assert.is(all[955], 1019);
  assert.is(new Set(all).size, 956);
  assert.equal(p.take(1), { ok: false, errno: 'ENOSPC' });
});

// count, what two regions in a row start at: a region is a power of two, aligned to its size.
const SIZES: readonly (readonly [number, number, number])[] = [
  [1, 64, 65],
  [2, 64, 66],
  [3, 64, 68],
  [5, 64, 72],
  [8, 64, 72],
  [32, 64, 96],
];
for (const [count, first, second] of SIZES)
  pool(`ARM-02 ARM-03 ${count} at once, and given back whole`, () => {
    const p = new SpiPool();
    assert.is(take(p, count), first);
    assert.is(take(p, count), second);
    assert.is(p.taken, 2 * (second - first));
    p.give(first, count);
    assert.is(p.taken, second - first);
    assert.is(take(p, count), first);
  });

pool('ARM-02 none is invalid', () => assert.equal(new SpiPool().take(0), { ok: false, errno: 'EINVAL' }));

pool('ARM-02 alignment leaves gaps that smaller regions fill', () => {
  const p = new SpiPool();
  assert.is(take(p, 1), 64);
  assert.is(take(p, 4), 68);
  assert.is(take(p, 2), 66);
  assert.is(take(p, 1), 65);
  assert.is(take(p, 1), 72);
});

pool('ARM-03 fragmentation: every other one free serves no pair', () => {
  const p = new SpiPool();
  for (let i = 0; i < 956; i++) p.take(1);
  for (let intid = 64; intid < 1020; intid += 2) p.give(intid, 1);
  assert.is(p.taken, 478);
  assert.equal(p.take(2), { ok: false, errno: 'ENOSPC' });
  assert.is(take(p, 1), 64);
});

pool('ARM-03 29 blocks of 32, then no more; the last 28 serve smaller ones', () => {
  const p = new SpiPool();
  const bases = Array.from({ length: 29 }, () => take(p, 32));
  assert.is(bases[0], 64);
  assert.is(bases[28], 64 + 28 * 32);
  assert.equal(p.take(32), { ok: false, errno: 'ENOSPC' });
  assert.is(take(p, 16), 992);
  assert.is(take(p, 8), 1008);
  assert.is(take(p, 4), 1016);
  assert.equal(p.take(1), { ok: false, errno: 'ENOSPC' });
});

pool.run();
