import fc from 'fast-check';
import type { Shot } from './failures.js';

// Random operations on a root partition's IOMMU. Domains are slots: what is in one is paging, direct, or not there (yet).

export const PAGING_SLOTS = 3;
/** The one behind them is for a direct domain. */
export const DIRECT_SLOT = PAGING_SLOTS;
export const DEVICES = 2;
/** Call codes. */
const [MAP, UNMAP, DEPOSIT] = [0xb3, 0xb4, 0x48];

const page = fc.nat(40);
const slot = fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 2, DIRECT_SLOT);
const device = fc.nat(DEVICES - 1);
/** Mostly within a call; sometimes around what one and two calls of either kind hold. */
const count = fc.oneof(
  { weight: 80, arbitrary: fc.integer({ min: 1, max: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: 500, max: 1020 }) },
  { weight: 1, arbitrary: fc.integer({ min: 4090, max: 4100 }) },
);
/** Refuses a rep, or the whole call where there are none: INVALID_PARAMETER, ACCESS_DENIED, or one of the four that ask for memory. */
const atRep = (...codes: number[]) =>
  fc.record({
    code: fc.constantFrom(...codes),
    after: fc.oneof({ weight: 6, arbitrary: fc.nat(8) }, { weight: 1, arbitrary: fc.constantFrom(255, 256, 506, 507) }),
    status: fc.constantFrom(0x05, 0x06, 0x06, 0x0b, 0x73, 0x75, 0x83),
    times: fc.constantFrom(1, 1, 1, 2, 20),
    whole: fc.constant(false),
  });
/** Refuses a call before its first rep, or says that it succeeded with none. */
const atExit = (...codes: number[]) =>
  fc.record({
    code: fc.constantFrom(...codes),
    after: fc.nat(2),
    status: fc.constantFrom(0x00, 0x06, 0x0b),
    times: fc.constantFrom(1, 2),
    whole: fc.constant(true),
  });
const simple = (...codes: number[]) =>
  fc.record({
    code: fc.constantFrom(...codes),
    after: fc.constantFrom(0, 0, 0, 1),
    status: fc.constantFrom(0x06, 0x57, 0x0b),
    times: fc.constantFrom(1, 1, 2),
    whole: fc.constant(false),
  });
/** What fails during one operation: mostly nothing, sometimes more than one call. */
const during = (...shots: fc.Arbitrary<Shot>[]): fc.Arbitrary<readonly Shot[]> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.tuple(...shots.slice(0, 1)) },
    { weight: 2, arbitrary: fc.array(fc.oneof(...shots), { minLength: 1, maxLength: 3 }) },
  );

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      op: fc.constant('map' as const),
      slot,
      page,
      count,
      writable: fc.boolean(),
      shots: during(atRep(MAP), atRep(UNMAP), atRep(DEPOSIT), atExit(MAP, UNMAP, DEPOSIT)),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constant('unmap' as const),
      slot,
      page,
      count: fc.oneof({ weight: 6, arbitrary: count }, { weight: 1, arbitrary: fc.constant(5000) }),
      shots: during(atRep(UNMAP), atExit(UNMAP)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('attach' as const),
      device,
      to: fc.nat(DIRECT_SLOT + 2),
      shots: during(simple(0xb2, 0x82), simple(0x83, 0xc4), atRep(DEPOSIT), atExit(DEPOSIT)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('detach' as const), device, shots: during(simple(0x83, 0xc4)) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('alloc' as const), slot, shots: during(simple(0xb1), atRep(DEPOSIT)) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('free' as const), slot, shots: during(simple(0xc5)) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('starve' as const), isStarved: fc.boolean() }) },
);

export const sequence = fc.record({
  steps: fc.array(step, { maxLength: 30 }),
  /** Reps after which a call comes back; 50 times as many in large operations. */
  maxReps: fc.constantFrom(1, 3, 7, 4095),
  pool: fc.constantFrom(3, 5, 1000),
  pagesPerMapping: fc.constantFrom(0, 0, 1),
  splitIntervals: fc.boolean(),
  maxIntervals: fc.constantFrom(4, 1000, 1000),
  detachPolicy: fc.constantFrom('move' as const, 'always' as const),
});

export type Sequence = typeof sequence extends fc.Arbitrary<infer T> ? T : never;
export type Step = Sequence['steps'][number];

const QUIET = {
  maxReps: 4095,
  pool: 3,
  pagesPerMapping: 0,
  splitIntervals: true,
  maxIntervals: 1000,
  detachPolicy: 'move',
} as const;
const mapping = (start: number, pages: number): Step => {
  return { op: 'map', slot: 0, page: start, count: pages, writable: true, shots: [] };
};
const unmapping = (start: number, pages: number): Step => {
  return { op: 'unmap', slot: 0, page: start, count: pages, shots: [] };
};

/** What chance seldom finds: more pages than a call of either kind holds, and a tree without room for both cuts. */
export const FIRST_SEQUENCES: [Sequence][] = [
  [{ ...QUIET, steps: [mapping(0, 4095), mapping(4095, 5), unmapping(3, 5000)] }],
  [{ ...QUIET, steps: [mapping(0, 8), mapping(20, 1), mapping(22, 1), unmapping(2, 3)], maxIntervals: 4 }],
];
