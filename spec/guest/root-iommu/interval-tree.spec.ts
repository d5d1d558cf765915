import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Interval, IntervalTree } from '../../../src/guest/root-iommu/interval-tree.js';

/** The same in an array: what the tree is held against. */
class ArrayModel {
  rows: Interval[] = [];

  insert(row: Interval): boolean {
    if (this.rows.some((one) => one.start < row.start + row.pages && row.start < one.start + one.pages)) return false;
    this.rows = [...this.rows, row].sort((a, b) => a.start - b.start);
    return true;
  }

  remove(start: number): boolean {
    const before = this.rows.length;
    this.rows = this.rows.filter((one) => one.start !== start);
    return this.rows.length < before;
  }

  split(page: number): void {
    this.rows = this.rows.flatMap((one) => {
      const head = page - one.start;
      if (head <= 0 || head >= one.pages) return [one];
      return [
        { ...one, pages: head },
        { ...one, start: page, pages: one.pages - head, frame: one.frame + head },
      ];
    });
  }

  trim(start: number, pages: number): void {
    this.rows = this.rows.flatMap((one) => {
      if (one.start !== start) return [one];
      if (pages >= one.pages) return [];
      return [{ ...one, start: start + pages, pages: one.pages - pages, frame: one.frame + pages }];
    });
  }

  find(page: number): Interval | undefined {
    return this.rows.find((one) => one.start <= page && page < one.start + one.pages);
  }
}

const SPAN = 64;
const place = fc.integer({ min: 0, max: SPAN });
const length = fc.integer({ min: 1, max: 9 });
const step = fc.oneof(
  fc.record({ op: fc.constant('insert' as const), at: place, length }),
  fc.record({ op: fc.constant('remove' as const), at: place, length }),
  fc.record({ op: fc.constant('split' as const), at: place, length }),
  fc.record({ op: fc.constant('trim' as const), at: place, length }),
);

const tree = suite('interval tree');

tree('any sequence of operations leaves what an array has', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const made = new IntervalTree();
      const model = new ArrayModel();
      for (const [i, { op, at, length: pages }] of steps.entries()) {
        if (op === 'insert') {
          const row = { start: at, pages, frame: 1000 * i, flags: i };
          assert.is(made.insert(row), model.insert(row));
        } else if (op === 'remove') assert.is(made.remove(at), model.remove(at));
        else if (op === 'split') {
          made.split(at);
          model.split(at);
        } else {
          made.trim(at, pages);
          model.trim(at, pages);
        }
        assert.equal(made.all(), model.rows);
        assert.is(made.size, model.rows.length);
      }
      for (let page = 0; page < SPAN + 10; page++) {
        const found = model.find(page);
        assert.equal(made.find(page), found);
        assert.is(made.frameOf(page), found === undefined ? -1 : found.frame + page - found.start);
        const near = model.rows.filter((one) => one.start < page + 5 && one.start + one.pages > page);
        assert.equal(made.within(page, 5), near);
      }
    }),
    { numRuns: 300, seed: 5 },
  );
});

tree('IOMMU-66: a lookup among 1e6 intervals takes tens of steps, ascending inserts and random removals or not', () => {
  const made = new IntervalTree();
  const count = 1_000_000;
  for (let i = 0; i < count; i++) made.insert({ start: 3 * i, pages: 2, frame: i, flags: 0 });
  assert.is(made.size, count);
  assert.ok(depthOf(made) <= 1.45 * Math.log2(count + 2), `${depthOf(made)} levels`);
  for (let i = 0; i < count; i += 997) {
    assert.is(made.frameOf(3 * i + 1), i + 1);
    assert.is(made.frameOf(3 * i + 2), -1);
  }
  for (let i = 0; i < count; i++) if ((i * 2_654_435_761) % 8 !== 0) made.remove(3 * i);
  assert.ok(depthOf(made) <= 1.45 * Math.log2(made.size + 2), `${depthOf(made)} levels of ${made.size}`);
});

/** Levels of a tree, read from its links. */
function depthOf(made: IntervalTree): number {
  const { root, lefts, rights } = made as unknown as { root: number; lefts: Int32Array; rights: Int32Array };
  const below = (node: number): number => (node === 0 ? 0 : 1 + Math.max(below(lefts[node]!), below(rights[node]!)));
  return below(root);
}

tree('page numbers up to the end of 64 bits', () => {
  const made = new IntervalTree();
  const last = 2 ** 52 - 1;
  assert.is(made.insert({ start: last, pages: 1, frame: last, flags: 3 }), true);
  assert.is(made.insert({ start: last - 1, pages: 2, frame: 0, flags: 3 }), false);
  assert.is(made.insert({ start: last - 1, pages: 1, frame: 0, flags: 1 }), true);
  assert.is(made.frameOf(last), last);
  assert.is(made.frameOf(last - 1), 0);
  assert.is(made.frameOf(last - 2), -1);
});

tree('a full tree takes no more until one goes, and an empty one has nothing', () => {
  const made = new IntervalTree(2);
  assert.is(made.insert({ start: 0, pages: 4, frame: 0, flags: 0 }), true);
  assert.is(made.insert({ start: 8, pages: 4, frame: 0, flags: 0 }), true);
  assert.is(made.insert({ start: 16, pages: 4, frame: 0, flags: 0 }), false);
  assert.is(made.split(2), false);
  assert.is(made.room, 0);
  made.remove(0);
  assert.is(made.split(10), true);
  made.clear();
  assert.equal(made.all(), []);
  assert.is(made.frameOf(8), -1);
  assert.is(made.remove(8), false);
});

tree.run();
