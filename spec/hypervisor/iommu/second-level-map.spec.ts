import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SecondLevelMap } from '../../../src/hypervisor/iommu/second-level-map.js';
import { range } from './iommu-rig.js';

const test = suite('second-level map (IOMMU-73)');

function listOf(frames: readonly number[]): Uint32Array {
  return Uint32Array.from(frames.flatMap((frame) => [frame >>> 0, Math.floor(frame / 2 ** 32)]));
}

interface Change {
  readonly kind: 'map' | 'unmap';
  readonly page: number;
  readonly count: number;
  readonly frame: number;
  readonly permissions: number;
}

// Pages around table borders of every level, so that ranges meet and overlap.
const bases = [0, 500, 512 * 512 - 20, 512 ** 3 - 10, 2 ** 36 - 600];
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('map', 'unmap'),
  page: fc.tuple(fc.constantFrom(...bases), fc.nat(600)).map(([base, by]) => base + by),
  count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1100 })),
  frame: fc.oneof(fc.nat(0xffffffff), fc.constantFrom(2 ** 32 - 3, 2 ** 40, 2 ** 52 - 1)),
  permissions: fc.constantFrom(1, 3),
});

test('does what a plain Map does, page by page, with random tables to be had', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 25 }), fc.integer({ min: 0, max: 40 }), (changes, tables) => {
      let left = tables;
      const map = new SecondLevelMap(48, () => left-- > 0);
      const model = new Map<number, string>();
      for (const { kind, page, count, frame, permissions } of changes) {
        if (kind === 'map') {
          const words = listOf(range(frame, count));
          const done = map.mapList(page, Uint32Array.from([9, 9, ...words]), 2, count, permissions);
          let want = 0;
          while (want < count && !model.has(page + want) && page + want < 2 ** 36 && frame + want < 2 ** 52) want++;
          if (map.stopped === 'no memory') assert.ok(done <= want && left < 0);
          else assert.is(done, want);
          left = Math.max(left, 0);
          for (let i = 0; i < done; i++) model.set(page + i, `${frame + i} ${permissions}`);
        } else {
          let want = 0;
          while (want < count && model.has(page + want)) want++;
          assert.is(map.unmap(page, count), want);
          for (let i = 0; i < want; i++) model.delete(page + i);
        }
      }
      assert.is(map.mapped, model.size);
      const found = [...map.runs()].flatMap(({ page, frame, count, permissions }) =>
        range(0, count).map((i) => `${page + i} ${frame + i} ${permissions}`),
      );
      const wanted = [...model].sort(([a], [b]) => a - b).map(([page, text]) => `${page} ${text}`);
      assert.is(found.join('\n'), wanted.join('\n'));
      for (const { page } of changes) {
        assert.is(`${map.frameOf(page)} ${map.permissionsOf(page)}`, model.get(page) ?? '-1 0');
      }
    }),
    { numRuns: 200 },
  );
});

test('says why it stopped', () => {
  const map = new SecondLevelMap(48, () => true);
  assert.is(map.mapList(10, listOf([1]), 0, 1, 3), 1);
  assert.is(map.mapList(8, listOf([5, 6, 7]), 0, 3, 3), 2);
  assert.is(map.stopped, 'mapped');
  assert.is(map.mapList(2 ** 36 - 1, listOf([5, 6]), 0, 2, 3), 1);
  assert.is(map.stopped, 'beyond');
  assert.is(map.mapList(100, listOf([5, 2 ** 52]), 0, 2, 3), 1);
  assert.is(map.stopped, 'frame');
  assert.is(map.unmap(8, 4), 3);
  assert.is(map.stopped, 'not mapped');
  assert.is(map.unmap(2 ** 36, 1), 0);
  const poor = new SecondLevelMap(48, () => false);
  assert.is(poor.mapList(0, listOf([1]), 0, 1, 3), 0);
  assert.is(poor.stopped, 'no memory');
});

test('makes three tables for the first page of a 48-bit map, four with 57 bits, five with 64, and keeps them', () => {
  for (const [width, tables] of [
    [48, 3],
    [57, 4],
    [64, 5],
  ] as const) {
    const map = new SecondLevelMap(width);
    map.mapList(2 ** (width - 12) - 513, listOf([1, 2]), 0, 2, 3);
    assert.is(map.tables, tables + 1);
    map.unmap(2 ** (width - 12) - 513, 2);
    assert.equal([map.tables, map.mapped, [...map.runs()].length], [tables + 1, 0, 0]);
  }
});

test('pages of one run are one run across tables', () => {
  const map = new SecondLevelMap(48);
  map.mapList(300, listOf(range(1000, 1000)), 0, 1000, 1);
  assert.equal([...map.runs()], [{ page: 300, frame: 1000, count: 1000, permissions: 1 }]);
});

test('refuses widths that no address has', () => {
  for (const width of [12, 65, 48.5]) assert.throws(() => new SecondLevelMap(width), /bits/);
});

test.run();
