import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_status } from '../../../src/abi/hv/status.js';
import type { FailPoint, IommuOptions } from '../../../src/hypervisor/iommu/iommu-options.js';
import { IommuRig, range } from './iommu-rig.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_ALIGNMENT: INVALID_ALIGNMENT,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_OPERATION_FAILED: FAILED,
  HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY,
} = hv_status;
const ONE = { id: 1 };

const test = suite('hypervisor: device maps and unmaps (IOMMU-73)');

function rigOf(iommu: IommuOptions = {}): IommuRig {
  const rig = new IommuRig(iommu);
  assert.is(rig.create(ONE), SUCCESS);
  return rig;
}

function mappedOf(rig: IommuRig): string[] {
  const runs = rig.iommu.domains.list().at(-1)!.runs();
  return [...runs].map(({ page, frame, count, permissions }) => `${page}+${count} ${frame} ${permissions}`);
}

test('IOMMU-73 pages stay mapped up to the rep that fails; the result carries the count', () => {
  const rig = rigOf();
  assert.equal(rig.map(ONE, 100, [7]), [SUCCESS, 1]);
  assert.equal(rig.map(ONE, 98, [1, 2, 3, 4]), [INVALID_PARAMETER, 2]);
  assert.equal(rig.unmap(ONE, 98, 5), [INVALID_PARAMETER, 3]);
  assert.equal(mappedOf(rig), []);
  assert.equal(rig.map(ONE, 2 ** 36 - 1, [1, 2]), [INVALID_PARAMETER, 1], 'beyond 48 bits');
  assert.equal(rig.unmap(ONE, 2 ** 36 - 1, 4095), [INVALID_PARAMETER, 1]);
});

test('IOMMU-73 rep i is page i behind the base, whatever rep the call starts at', () => {
  const rig = rigOf();
  assert.equal(rig.map(ONE, 1000, range(50, 6), 1, 4), [SUCCESS, 6]);
  assert.equal(mappedOf(rig), ['1004+2 54 1']);
  assert.equal(rig.unmap(ONE, 1000, 6, 5), [SUCCESS, 6]);
  assert.equal(mappedOf(rig), ['1004+1 54 1']);
});

test('IOMMU-73 a call comes back after so many reps, and goes on from there', () => {
  const rig = rigOf({ maxRepsPerCall: 100 });
  assert.equal(rig.map(ONE, 0, range(0, 250)), [SUCCESS, 100]);
  assert.equal(rig.map(ONE, 0, range(0, 250), 3, 100), [SUCCESS, 200]);
  assert.equal(rig.map(ONE, 0, range(0, 250), 3, 200), [SUCCESS, 250]);
  assert.equal(mappedOf(rig), ['0+250 0 3']);
  assert.equal(rig.unmap(ONE, 0, 250), [SUCCESS, 100]);
  const whole = new IommuRig({ maxRepsPerCall: 100 }, { continuation: 'retry' });
  whole.create(ONE);
  assert.equal(whole.map(ONE, 0, range(0, 250)), [SUCCESS, 250], 'the processor makes the call again');
});

test('IOMMU-73 how far a call goes is asked once for it, and reps behind that are not made to fail', () => {
  const asked: string[] = [];
  const points: number[] = [];
  const rig = new IommuRig({
    maxRepsPerCall: (code) => {
      asked.push(code.toString(16));
      return asked.length * 2;
    },
    failAt: ({ code, rep }) => {
      if (code === 0xb3 || code === 0xb4) points.push(rep);
      return undefined;
    },
  });
  rig.create(ONE);
  assert.equal(rig.map(ONE, 0, range(0x100, 8)), [SUCCESS, 2]);
  assert.equal(rig.map(ONE, 0, range(0x100, 8), 3, 2), [SUCCESS, 6]);
  assert.equal(rig.unmap(ONE, 0, 6), [SUCCESS, 6]);
  assert.equal(
    [asked, points],
    [
      ['b3', 'b3', 'b4'],
      [...range(0, 2), ...range(2, 4), ...range(0, 6)],
    ],
  );
});

test('IOMMU-73 tables are paid for; a deposit lets the map go on from where it stopped', () => {
  // The domain, and three tables for the first page.
  const rig = rigOf({ poolPages: 4 });
  assert.equal(rig.map(ONE, 500, range(0, 20)), [INSUFFICIENT_MEMORY, 12]);
  assert.equal(mappedOf(rig), ['500+12 0 3']);
  assert.equal(rig.deposit(1n, 0x40), [SUCCESS, 1]);
  assert.equal(rig.map(ONE, 512, range(12, 8)), [SUCCESS, 8]);
  assert.equal(mappedOf(rig), ['500+20 0 3']);
  assert.is(rig.create({ id: 2 }), INSUFFICIENT_MEMORY);
  assert.is(rig.delete(ONE), SUCCESS);
  assert.is(rig.iommu.domains.pool.free, 5, 'all come back');
});

test('IOMMU-73 a table may cost more than a page, and nothing when it cannot be had', () => {
  const rig = rigOf({ poolPages: 12, pagesPerTable: 4 });
  assert.equal(rig.map(ONE, 0, [1]), [INSUFFICIENT_MEMORY, 0]);
  assert.equal(rig.deposit(1n, 0x40), [SUCCESS, 1]);
  assert.equal(rig.map(ONE, 0, [1]), [SUCCESS, 1]);
  assert.is(rig.iommu.domains.pool.free, 0);
});

test('IOMMU-73 mappings that cost pages stop in mid batch and give them back when they are unmapped', () => {
  const rig = rigOf({ poolPages: 14, pagesPerMapping: 2 });
  assert.equal(rig.map(ONE, 0, range(0, 9)), [INSUFFICIENT_MEMORY, 5], '14 pages: domain, three tables, two each');
  assert.equal(rig.unmap(ONE, 1, 2), [SUCCESS, 2]);
  assert.is(rig.iommu.domains.pool.free, 4);
  assert.is(rig.delete(ONE), SUCCESS);
  assert.is(rig.iommu.domains.pool.free, 14);
});

test('IOMMU-73 any rep of either call can be made to fail, with any status', () => {
  const points: FailPoint[] = [];
  const rig = rigOf({
    failAt: (point) => {
      points.push(point);
      return point.page === 1003 ? FAILED : undefined;
    },
  });
  assert.equal(rig.map(ONE, 1000, range(50, 6)), [FAILED, 3]);
  assert.equal(points.at(-1), { code: 0xb3, rep: 3, page: 1003, frame: 53 });
  assert.equal(rig.unmap(ONE, 1000, 6), [FAILED, 3]);
  assert.equal(points.at(-1), { code: 0xb4, rep: 3, page: 1003, frame: -1 });
  assert.equal(mappedOf(rig), []);
});

test('flags and VTL are checked before anything is mapped', () => {
  const rig = rigOf();
  for (const flags of [0, 2, 5, 0x8001]) assert.equal(rig.map(ONE, 0, [1], flags), [INVALID_PARAMETER, 0], `${flags}`);
  rig.memory.writeU8(0x1000 + 28, 3);
  rig.memory.writeU8(0x1000 + 24, 1);
  rig.gate.hypercall(0xb3, 1, 0x1000, 0);
  assert.is(rig.gate.resultLo, INVALID_PARAMETER, 'VTL 1');
  assert.equal(mappedOf(rig), []);
});

test('addresses inside of a page are refused', () => {
  const rig = rigOf();
  rig.map(ONE, 0, [1]);
  for (const [code, at] of [
    [0xb3, 32],
    [0xb4, 24],
  ] as const) {
    rig.memory.writeU8(0x1000 + at, 8);
    rig.gate.hypercall(code, 1, 0x1000, 0);
    assert.equal([rig.gate.resultLo, rig.gate.resultHi], [INVALID_ALIGNMENT, 0]);
    rig.memory.writeU8(0x1000 + at, 0);
  }
});

test('a domain that was deleted and made again is another one', () => {
  const rig = rigOf();
  rig.map(ONE, 0, [1]);
  rig.delete(ONE);
  assert.equal(rig.map(ONE, 0, [1]), [INVALID_PARAMETER, 0]);
  rig.create(ONE);
  assert.equal(rig.map(ONE, 0, [2]), [SUCCESS, 1]);
  assert.equal(mappedOf(rig), ['0+1 2 3']);
});

interface Step {
  readonly isMap: boolean;
  readonly domain: number;
  readonly page: number;
  readonly count: number;
  readonly frame: number;
  readonly flags: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  isMap: fc.boolean(),
  domain: fc.constantFrom(1, 2),
  page: fc.tuple(fc.constantFrom(0, 0x80000, 2 ** 36 - 40), fc.nat(30)).map(([base, by]) => base + by),
  count: fc.integer({ min: 1, max: 24 }),
  frame: fc.nat(2 ** 24),
  flags: fc.constantFrom(1, 3),
});

test('IOMMU-73 IOMMU-67 calls in parts, with little memory and failing reps, leave what their counts say', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 2, max: 30 }),
      fc.integer({ min: 2, max: 40 }),
      (steps, maxRepsPerCall, poolPages, failEvery) => {
        let asked = 0;
        const failAt = () => (++asked % failEvery === 0 ? FAILED : undefined);
        const rig = new IommuRig({ maxRepsPerCall, poolPages, pagesPerMapping: poolPages % 2, failAt }, {});
        const models = [1, 2].map((id) => {
          if (rig.create({ id }) === FAILED) rig.create({ id });
          return new Map<number, string>();
        });
        for (const { isMap, domain, page, count, frame, flags } of steps) {
          const model = models[domain - 1]!;
          let from = 0;
          for (;;) {
            const frames = range(frame, count);
            const [status, done] = isMap
              ? rig.map({ id: domain }, page, frames, flags, from)
              : rig.unmap({ id: domain }, page, count, from);
            assert.ok(done >= from && done <= count);
            for (let i = from; i < done; i++) {
              assert.is(model.has(page + i), !isMap);
              if (isMap) model.set(page + i, `${frames[i]} ${flags}`);
              else model.delete(page + i);
            }
            if (status !== SUCCESS || done === count) break;
            assert.ok(done > from, 'success without progress');
            from = done;
          }
        }
        for (const [i, model] of models.entries()) {
          const report = rig.iommu.domains.list().find(({ id }) => id === i + 1);
          const held = [...(report?.runs() ?? [])].flatMap(({ page, frame, count, permissions }) =>
            range(0, count).map((k) => `${page + k} ${frame + k} ${permissions}`),
          );
          const wanted = [...model].sort(([a], [b]) => a - b).map(([page, text]) => `${page} ${text}`);
          assert.equal(held, wanted);
          assert.is(report?.mapped ?? 0, model.size);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test.run();
