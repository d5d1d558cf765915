import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TABLE_PAGE_SIZES } from '../../../src/guest/pv-iommu/capabilities.js';
import { FlushGather } from '../../../src/guest/pv-iommu/flush-gather.js';
import { StageOneTable } from '../../../src/guest/pv-iommu/stage1-table.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import { walk } from './page-walk.js';
import { CountedFrames, got, PAGE } from './rig.js';

const tables = suite('pvIOMMU: stage-1 tables');

const FRAMES = 4096;
const memory = SharedGuestMemory.create(FRAMES * PAGE);

interface Made {
  readonly table: StageOneTable;
  readonly frames: CountedFrames;
  walked(page: number): { gpa: bigint; write: boolean; pageBits: number } | undefined;
}

function make(levels: 4 | 5 = 4, sizes = TABLE_PAGE_SIZES): Made {
  const frames = new CountedFrames(PageFrameAllocator.create(0, FRAMES));
  const table = got(StageOneTable.create(memory, frames, levels, sizes));
  const read = (gpa: bigint): bigint => memory.readU64(Number(gpa));
  return {
    table,
    frames,
    walked: (page) => walk(read, BigInt(table.rootFrame * PAGE), levels, BigInt(page) << 12n),
  };
}

const GIB = 512 * 512;

for (const [what, sizes, page, frame, pages, bits] of [
  ['4 KiB', TABLE_PAGE_SIZES, 1, 7, 3, [12, 12, 12]],
  ['2 MiB by alignment', TABLE_PAGE_SIZES, 512, 1024, 1024, [21, 21, 21]],
  ['frame off by one: 4 KiB', TABLE_PAGE_SIZES, 512, 1025, 512, [12, 12, 12]],
  ['1 GiB', TABLE_PAGE_SIZES, 4 * GIB, 2 * GIB, GIB, [30, 30, 30]],
  ['1 GiB without the size', 0x201000n, 4 * GIB, 2 * GIB, GIB, [21, 21, 21]],
  ['4 KiB only', 0x1000n, 512, 1024, 512, [12, 12, 12]],
  ['up, along, down', TABLE_PAGE_SIZES, 511, 1023, 514, [12, 21, 12]],
  ['the last pages of 48 bits', TABLE_PAGE_SIZES, 2 ** 36 - 512, 2 ** 40 - 512, 512, [21, 21, 21]],
] as const)
  tables(`PVI-52 walk: ${what}`, () => {
    const { table, walked } = make(4, sizes);
    const none = new FlushGather();
    assert.equal(table.map(page, frame, pages, true, none), { mapped: pages });
    assert.ok(none.isEmpty);
    const at = [page, page + Math.floor(pages / 2), page + pages - 1];
    assert.equal(
      at.map((one) => walked(one)?.pageBits),
      bits,
    );
    for (const one of at) {
      assert.is(walked(one)!.gpa, BigInt(frame + one - page) << 12n);
      assert.is(table.find(one)!.gpa, (frame + one - page) * PAGE);
      assert.is(table.find(one)!.pageSize, 2 ** walked(one)!.pageBits);
    }
    assert.is(walked(page - 1), undefined);
    if (page + pages < table.pages) assert.is(walked(page + pages), undefined);
  });

tables('PVI-52 five levels reach 57 bits', () => {
  const { table, walked } = make(5);
  const page = 2 ** 45 - 1;
  table.map(page, 5, 1, false, new FlushGather());
  assert.equal(walked(page), { gpa: 5n << 12n, write: false, pageBits: 12 });
  assert.is(table.pages, 2 ** 45);
});

tables('PVI-52 entries are those of the recorded driver: 27 for tables, 67, 25 and e7 for pages', () => {
  const { table } = make();
  table.map(1, 0x16665, 1, true, new FlushGather());
  table.map(2, 0x19e8, 1, false, new FlushGather());
  table.map(GIB, 0xc00, 512, true, new FlushGather());
  const entry = (frame: number, index: number): bigint => memory.readU64(frame * PAGE + 8 * index);
  const frameIn = (value: bigint): number => Number(value >> 12n);
  const second = entry(table.rootFrame, 0);
  const third = entry(frameIn(second), 0);
  const last = entry(frameIn(third), 0);
  assert.equal([second & 0xfffn, third & 0xfffn, last & 0xfffn], [0x27n, 0x27n, 0x27n]);
  assert.is(entry(frameIn(last), 1), 0x16665067n);
  assert.is(entry(frameIn(last), 2), 0x19e8025n);
  assert.is(entry(frameIn(entry(frameIn(second), 1)), 0), 0xc000e7n);
});

tables('a page that is mapped stops a map; what was there stays', () => {
  const { table, walked } = make();
  table.map(100, 7, 1, true, new FlushGather());
  assert.equal(table.map(98, 50, 8, true, new FlushGather()), { mapped: 2, errno: 'EEXIST' });
  assert.is(walked(100)!.gpa, 7n << 12n);
  assert.equal(table.map(0, 512, 512, true, new FlushGather()), { mapped: 0, errno: 'EEXIST' });
  table.map(1024, 1024, 512, true, new FlushGather());
  assert.equal(table.map(1100, 1, 1, true, new FlushGather()), { mapped: 0, errno: 'EEXIST' });
});

tables('an empty table gives way to a large page and is kept until the flush', () => {
  const { table, frames, walked } = make();
  table.map(5, 5, 1, true, new FlushGather());
  table.unmap(5, 1, new FlushGather());
  const before = frames.inUse.size;
  const replaced = new FlushGather();
  assert.equal(table.map(0, 512, 512, true, replaced), { mapped: 512 });
  assert.is(walked(3)!.pageBits, 21);
  assert.is(replaced.tables.length, 1);
  assert.equal([replaced.start, replaced.end], [0n, 0x1fffffn]);
  assert.is(frames.inUse.size, before, 'not given back yet');
});

tables('an unmap stops at a hole and at a large page that is not all in the range', () => {
  const { table, walked } = make();
  table.map(0, 0, 4, true, new FlushGather());
  table.map(512, 512, 1024, true, new FlushGather());
  const gather = new FlushGather();
  assert.is(table.unmap(1, 600, gather), 3);
  assert.equal([gather.start, gather.end], [0x1000n, 0x3fffn]);
  assert.is(table.unmap(600, 1, gather), 0);
  assert.is(table.unmap(512, 513, gather), 512);
  assert.is(walked(1024)!.pageBits, 21);
  assert.is(table.unmap(512, 512, gather), 0);
});

tables('tables that a range covers go with it, others stay until the end', () => {
  const { table, frames } = make(4, 0x1000n);
  table.map(512, 0, 1024, true, new FlushGather());
  const gather = new FlushGather();
  table.unmap(512, 1024, gather);
  assert.is(gather.tables.length, 2);
  frames.give(gather.tables);
  assert.is(frames.inUse.size, 3);
  table.free();
  assert.is(frames.inUse.size, 0);
});

tables('PVI-20 memory that runs out anywhere is an errno, and nothing is lost', () => {
  for (let left = 0; left <= 6; left++) {
    const frames = new CountedFrames(PageFrameAllocator.create(0, 64));
    frames.left = left;
    const made = StageOneTable.create(memory, frames, 4, TABLE_PAGE_SIZES);
    assert.is(made.ok, left > 0);
    if (!made.ok) continue;
    const { mapped, errno } = made.value.map(510, 1, 4, true, new FlushGather());
    // Root, two tables on the way, and two last ones.
    assert.equal([mapped, errno], left >= 5 ? [4, undefined] : [left === 4 ? 2 : 0, 'ENOMEM']);
    made.value.free();
    assert.is(frames.inUse.size, 0);
  }
});

tables('PVI-52 a table is empty when nothing is below it, however deep: 1 GiB over one page', () => {
  for (const under of [0, 5, 512 * 7 + 3, GIB - 1]) {
    const { table, frames, walked } = make();
    table.map(GIB + under, 9, 1, true, new FlushGather());
    const replaced = new FlushGather();
    assert.equal(table.map(GIB, 0, GIB, true, replaced), { mapped: 0, errno: 'EEXIST' });
    assert.ok(replaced.isEmpty && replaced.tables.length === 0);
    assert.is(walked(GIB + under)!.gpa, 9n << 12n);
    // The tables that a page leaves behind are no obstacle, and all of them go.
    table.unmap(GIB + under, 1, new FlushGather());
    assert.equal(table.map(GIB, 0, GIB, true, replaced), { mapped: GIB });
    assert.is(walked(GIB + under)!.pageBits, 30);
    assert.equal([replaced.tables.length, replaced.start, replaced.end], [2, 1n << 30n, (2n << 30n) - 1n]);
    frames.give(replaced.tables);
    assert.is(frames.inUse.size, 2);
  }
});

/** Pages in a GiB, of each level's tables first and last ones among them. */
const UNDER = [0, 1, 511, 512, 700, GIB - 512, GIB - 1];

tables('PVI-38 PVI-52 pages of 1 GiB and of 4 KiB in the same places, in any sequence', () => {
  const one = fc.record({ map: fc.boolean(), gib: fc.nat(1), at: fc.option(fc.constantFrom(...UNDER), { nil: -1 }) });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 24 }), (operations) => {
      const { table, frames, walked } = make();
      /** Of each GiB: all of it, or the pages that are there. */
      const model: ('whole' | Set<number>)[] = [new Set(), new Set()];
      for (const { map, gib, at } of operations) {
        const there = model[gib]!;
        const [page, count] = at < 0 ? [gib * GIB, GIB] : [gib * GIB + at, 1];
        const gather = new FlushGather();
        if (map) {
          const isTaken = there === 'whole' || (at < 0 ? there.size > 0 : there.has(at));
          const { mapped } = table.map(page, page, count, true, gather);
          assert.is(mapped, isTaken ? 0 : count);
          if (!isTaken && at < 0) model[gib] = 'whole';
          else if (!isTaken) there.add(at);
        } else {
          const gone = table.unmap(page, count, gather);
          if (there === 'whole') {
            assert.is(gone, at < 0 ? GIB : 0);
            if (at < 0) model[gib] = new Set();
          } else {
            let run = 0;
            while (run < count && there.delete(Math.max(at, 0) + run)) run++;
            assert.is(gone, run);
          }
        }
        if (gather.tables.length > 0) frames.give(gather.tables);
        for (const [n, now] of model.entries())
          for (const under of UNDER) {
            const isThere = now === 'whole' || now.has(under);
            assert.is(walked(n * GIB + under)?.pageBits, isThere ? (now === 'whole' ? 30 : 12) : undefined);
          }
      }
      table.free();
      assert.is(frames.inUse.size, 0);
    }),
    { numRuns: 200 },
  );
});

/** A few places that have everything: neighbours, table edges, large pages, both ends. */
const places = fc.constantFrom(0, 1, 510, 511, 512, 1023, 1024, GIB - 512, GIB, GIB + 1, 2 ** 36 - 1024, 2 ** 35 - 2);
const operation = fc.record({
  map: fc.boolean(),
  page: places,
  frame: fc.constantFrom(0, 1, 512, 513, GIB, 2 ** 39),
  pages: fc.constantFrom(1, 2, 3, 512, 513, 1024, 1026),
  write: fc.boolean(),
});

tables('PVI-38 PVI-52 any sequence of maps and unmaps walks to what a plain model says', () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 24 }),
      fc.constantFrom(TABLE_PAGE_SIZES, 0x201000n, 0x1000n),
      fc.constantFrom<4 | 5>(4, 5),
      (operations, sizes, levels) => {
        const { table, frames, walked } = make(levels, sizes);
        const model = new Map<number, { frame: number; write: boolean }>();
        for (const { map, page, frame, pages, write } of operations) {
          const count = Math.min(pages, 2 ** 36 - page);
          const gather = new FlushGather();
          if (map) {
            const { mapped, errno } = table.map(page, frame, count, write, gather);
            assert.is(errno, mapped === count ? undefined : 'EEXIST');
            for (let n = 0; n < mapped; n++) {
              assert.not(model.has(page + n));
              model.set(page + n, { frame: frame + n, write });
            }
            if (errno !== undefined) {
              // The page, or the large page that would begin there, meets something.
              const span = walked(page + mapped) === undefined ? 512 : 1;
              assert.ok(Array.from({ length: span }, (_, n) => page + mapped + n).some((one) => model.has(one)));
            }
          } else {
            const gone = table.unmap(page, count, gather);
            for (let n = 0; n < gone; n++) assert.ok(model.delete(page + n));
            if (gone < count) {
              const bits = walked(page + gone)?.pageBits ?? 0;
              assert.is(bits === 0, !model.has(page + gone));
              assert.ok(bits !== 12, 'a small page in the range would have gone');
            }
            const start = BigInt(page) << 12n;
            const end = (BigInt(page + gone) << 12n) - 1n;
            assert.ok(gone === 0 ? gather.isEmpty : gather.start === start && gather.end === end);
          }
          if (gather.tables.length > 0) frames.give(gather.tables);
        }
        for (const [page, { frame, write }] of model) {
          const found = walked(page);
          assert.is(found?.gpa, BigInt(frame) << 12n);
          assert.is(found?.write, write);
        }
        for (const { page, pages } of operations)
          for (const near of [page - 1, page, page + pages - 1, page + pages])
            if (near >= 0 && near < 2 ** 36) {
              assert.is(walked(near) !== undefined, model.has(near));
              assert.is(table.find(near)?.gpa, model.has(near) ? model.get(near)!.frame * PAGE : undefined);
            }
        table.free();
        assert.is(frames.inUse.size, 0);
      },
    ),
    { numRuns: 300 },
  );
});

tables.run();
