import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { alignmentOf, GapTree } from '../../../src/guest/pv-iommu/gap-tree.js';
import { IovaSpace } from '../../../src/guest/pv-iommu/iova-space.js';
import { MSI_WINDOW } from '../../../src/hardware/msi-window.js';

const PAGE = 4096n;

/** The same by walking down over all ranges in use, as alloc_iova does: what the space is held against. */
class WalkedSpace {
  private readonly last: bigint;
  private taken: { start: bigint; end: bigint }[] = [];

  constructor(apertureEnd: bigint) {
    this.last = apertureEnd;
  }

  take(bytes: bigint): bigint | undefined {
    for (const top of [0xffff_ffffn, this.last]) {
      const start = this.walk(top < this.last ? top : this.last, bytes);
      if (start === undefined) continue;
      this.taken.push({ start, end: start + bytes - 1n });
      return start;
    }
    return undefined;
  }

  give(start: bigint): boolean {
    const before = this.taken.length;
    this.taken = this.taken.filter((range) => range.start !== start);
    return this.taken.length < before;
  }

  private walk(last: bigint, bytes: bigint): bigint | undefined {
    let align = PAGE;
    while (align < bytes) align *= 2n;
    const ranges = [MSI_WINDOW, ...this.taken].sort((a, b) => (a.start < b.start ? 1 : -1));
    let start = ((last + 1n - bytes) / align) * align;
    if (last + 1n < bytes) return undefined;
    for (const { start: from, end: to } of ranges) {
      if (from > start + bytes - 1n || to < start) continue;
      if (from < bytes) return undefined;
      start = ((from - bytes) / align) * align;
    }
    return start > 0n ? start : undefined;
  }
}

const spaces = suite('pvIOMMU: IOVA space');

const pages = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.constantFrom(16, 31, 32, 33, 512, 2 ** 18, 2 ** 19 + 1, 2 ** 20, 2 ** 20 + 1),
);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant('take' as const), pages }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('give' as const), which: fc.nat(1000) }) },
);

spaces('PVI-10: any sequence of take and give hands out what a walk from the top does', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      // 64 KiB, 16 MiB, the end of the window of messages, a little behind it, 4 GiB, and what 33, 48 and 57 bits reach.
      fc.constantFrom(
        0xffffn,
        0xff_ffffn,
        0xfeef_ffffn,
        0xfeff_ffffn,
        0xffff_ffffn,
        2n ** 33n - 1n,
        2n ** 48n - 1n,
        2n ** 57n - 1n,
      ),
      (steps, apertureEnd) => {
        const [space, walked] = [new IovaSpace(apertureEnd), new WalkedSpace(apertureEnd)];
        const live: { start: bigint; length: number }[] = [];
        for (const one of steps) {
          if (one.op === 'take') {
            const length = one.pages * 4096;
            const start = space.take(length);
            assert.is(start, walked.take(BigInt(length)));
            if (start !== undefined) live.push({ start, length });
          } else if (live.length > 0) {
            const [gone] = live.splice(one.which % live.length, 1);
            assert.is(space.give(gone!.start), true);
            assert.is(space.give(gone!.start), false);
            walked.give(gone!.start);
          }
          assert.is(space.inUse, live.length);
          for (const { start, length } of live) assert.is(space.lengthAt(start), length);
        }
      },
    ),
    { numRuns: 300, seed: 10 },
  );
});

spaces(
  'PVI-10: the pages below and behind the window of messages are the last and the first that are handed out',
  () => {
    assert.is(new IovaSpace(0xfeef_ffffn).take(4096), 0xfedf_f000n, 'nothing of the window');
    assert.is(new IovaSpace(0xfee0_0fffn).take(4096), 0xfedf_f000n);
    const space = new IovaSpace(0xfef0_0fffn);
    assert.equal([space.take(4096), space.take(4096), space.take(8192)], [0xfef0_0000n, 0xfedf_f000n, 0xfedf_c000n]);
  },
);

spaces('nothing is handed out for no bytes, half pages and what is larger than the aperture', () => {
  const space = new IovaSpace(0xff_ffffn);
  for (const bytes of [0, -4096, 100, 2 ** 24, Number.NaN]) assert.is(space.take(bytes), undefined);
  assert.is(space.take(2 ** 23), 0x80_0000n);
  assert.is(space.take(2 ** 23), undefined, 'page 0 is missing');
  assert.is(space.lengthAt(0x80_0001n), undefined);
  assert.is(space.give(0x80_0001n), false);
  assert.is(space.inUse, 1);
});

spaces('a hundred thousand gaps of one page: room among them is found on one path of tens of nodes', () => {
  const gaps = new GapTree();
  const count = 100_000;
  gaps.give(1, 2 * count);
  const ranges = Array.from({ length: 2 * count }, () => gaps.take(1)!);
  assert.equal([ranges[0], ranges.at(-1), gaps.take(1)], [2 * count, 1, undefined]);
  for (const page of ranges) if (page % 2 === 0) gaps.give(page, 1);
  assert.is(gaps.size, count);
  assert.ok(depthOf(gaps) <= 1.45 * Math.log2(count + 2), `${depthOf(gaps)} levels`);
  assert.is(gaps.take(2), undefined);
  gaps.give(4711, 1);
  assert.is(gaps.size, count - 1);
  // Pages 4710 to 4712 are free: two of them are aligned.
  assert.equal([gaps.take(3), gaps.take(2), gaps.take(2), gaps.take(1)], [undefined, 4710, undefined, 2 * count]);
});

/** Levels of a tree, read from its links. */
function depthOf(made: GapTree): number {
  const { root, lefts, rights } = made as unknown as { root: number; lefts: Int32Array; rights: Int32Array };
  const below = (node: number): number => (node === 0 ? 0 : 1 + Math.max(below(lefts[node]!), below(rights[node]!)));
  return below(root);
}

spaces('ranges are aligned to their size rounded up', () => {
  assert.equal([1, 2, 3, 4, 5, 506].map(alignmentOf), [1, 2, 4, 4, 8, 512]);
});

spaces.run();
