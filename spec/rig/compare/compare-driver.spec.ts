import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DecodeError } from '../../../src/bytes/errors.js';
import type { Event } from '../../../src/capture/event.js';
import { compareDriver } from '../../../src/rig/compare/compare-driver.js';
import { guestRecording, lineOf, rootRecording } from './recordings.js';

const test = suite('a recorded IOMMU driver is known by its calls (E2E-03 E2E-11)');

test('the root partition: which driver, which generation, who is behind a bridge, and all calls', () => {
  const found = compareDriver(rootRecording())!;
  assert.equal([found.driver, found.choice], ['root', { generation: 'newest', habits: 'own' }]);
  assert.equal([found.requests, found.calls, found.same], [31, 311, 311]);
  assert.equal(found.differences, []);
});

test('the guest: which flushes, and all calls', () => {
  const found = compareDriver(guestRecording())!;
  assert.equal([found.driver, found.choice], ['guest', { flush: 'single', detachFirst: false }]);
  assert.equal([found.calls, found.same], [76, 76]);
  assert.equal(found.differences, []);
});

const codeOf = ({ control = '0x0' }: Event): bigint => BigInt(String(control)) & 0xffffn;
const HEAD = 'ffffffffffffffff000000000000000001000000';

test('IOMMU-48: the newest root driver is told by its habits where a map is refused', () => {
  const found = compareDriver(refusedMap(), {})!;
  assert.equal(found.choice, { generation: 'newest', habits: 'newest' });
  assert.equal(found.differences, []);
  const own = compareDriver(refusedMap(), { habits: 'own' })!;
  assert.equal(
    own.differences.map(({ what, n, code }) => [what, n, code]),
    [
      ['extra', undefined, 0xb4],
      ['missing', 255, 0xb4],
    ],
  );
});

/** A map of which page 200 was refused, and the unmap of all its pages by which the newest series takes it back. */
function refusedMap(): Event[] {
  const head = 'ffffffffffffffff000000000000000000000000010000000000014000000000';
  return rootRecording()
    .flatMap((event): Event[] =>
      event.n === 255
        ? [
            { ...event, result: '0xc800000005' },
            { n: 255, k: 'hypercall', control: '0x1fa000000b4', in: head, result: '0xc800000005' },
          ]
        : [event],
    )
    .filter(({ n, text }) => n !== 259 && !(n === 261 && text !== undefined));
}

/** What each range that was flushed by one block takes when nothing else may go: its first page, and shifts by hand. */
const EXACT: Readonly<Record<string, readonly [page: number, shifts: readonly number[]]>> = {
  '0a00004000000000': [0x40010, [4, 5, 6, 7, 8, 3, 1]],
  '0900004100000000': [0x41000, [8, 7, 6, 5, 4, 3, 1, 0]],
  '0a00000001000000': [0x100000, [9, 8, 7, 6, 5, 4, 2, 1]],
  '0600004400000000': [0x44000, [5, 4]],
  '0900004200000000': [0x42000, [8, 7, 6, 5, 4, 3, 2]],
  '0a0000007f000000': [0x7f00000, [9, 8, 7, 6, 5, 4, 2, 1, 0]],
};

function exactRecording(): Event[] {
  return guestRecording().map((event): Event => {
    const input = String(event.in);
    const exact = codeOf(event) === 0xd1n ? EXACT[input.slice(64)] : undefined;
    if (exact === undefined) return event;
    const [first, shifts] = exact;
    let page = first;
    const words = shifts.map((shift) => {
      const word = (BigInt(page) << 12n) | BigInt(shift);
      page += 2 ** shift;
      return word.toString(16).padStart(16, '0').match(/../g)!.reverse().join('');
    });
    const count = `0x${shifts.length}00000000`;
    return {
      ...event,
      control: `0x${shifts.length}000000d1`,
      in: `${input.slice(0, 64)}${words.join('')}`,
      result: count,
    };
  });
}

test('PVI-32: the first version of the guest series is told by flushes that cover a range and no more', () => {
  const found = compareDriver(exactRecording())!;
  assert.equal(found.choice, { flush: 'exact', detachFirst: false });
  assert.equal(found.differences, []);
  assert.ok(compareDriver(exactRecording(), { flush: 'single' })!.differences.length > 0);
});

const wrong: readonly {
  readonly note: string;
  readonly change: (events: Event[]) => Event[];
  readonly lines: number;
}[] = [
  { note: 'a call that is not there', change: (events) => events.filter(({ n }) => n !== 255), lines: 1 },
  {
    note: 'a call too many',
    change: (events) => events.flatMap((event) => (event.n === 255 ? [event, event] : [event])),
    lines: 1,
  },
  {
    note: 'a map of another domain',
    change: (events) =>
      events.map((event) =>
        event.n === 255 ? { ...event, in: String(event.in).replace(/^(.{40})01/, '$102') } : event,
      ),
    lines: 2,
  },
  {
    note: 'a map that says it is read-only',
    change: (events) =>
      events.map((event) =>
        event.n === 255 ? { ...event, in: String(event.in).replace(/^(.{56})03/, '$101') } : event,
      ),
    lines: 2,
  },
];

for (const { note, change, lines } of wrong)
  test(`${note} is found, and nothing else is blamed`, () => {
    const { differences } = compareDriver(change(rootRecording()))!;
    assert.ok(differences.length >= 1 && differences.length <= lines, differences.map(lineOf).join('\n'));
    assert.ok(differences.some(({ n, what }) => what === 'extra' || n === 255));
  });

test('a recording of something else has nothing to compare', () => {
  assert.is(compareDriver([{ n: 1, k: 'rdmsr', msr: '0x40000002', value: '0x1' }]), undefined);
  assert.is(compareDriver([]), undefined);
});

test('calls that make no sense are differences, not crashes', () => {
  const calls = [0xb1, 0xb2, 0xb3, 0xb4, 0xc4, 0xc5, 0xce, 0xd0, 0xd1, 0x125, 0x127, 0x82, 0x83];
  for (const driver of ['root', 'l1vh', 'guest'] as const)
    for (const [i, first] of calls.entries()) {
      const events = [first, ...calls.slice(i)].map((code, n): Event => {
        const reps = code === 0xb3 || code === 0xd1 ? 3 : 0;
        return {
          n,
          k: 'hypercall',
          control: `0x${reps}${'0'.repeat(8 - code.toString(16).length)}${code.toString(16)}`,
          in: n % 2 === 0 ? HEAD : '',
          result: '0x5',
        };
      });
      const notes: Event[] = [
        { n: 90, k: 'marker', text: 'group 0 type identity devices nonsense 0000:zz:00.0 0000:00:03.0 ' },
        { n: 91, k: 'marker', text: 'vfio iommu set' },
        { n: 92, k: 'marker', text: 'vfio map iova 0xffffffffffffffff size 0x1 pages 1 rw -> 0 ' },
        { n: 93, k: 'marker', text: 'vfio unmap iova 0x0 size 0xffffffffffffffff -> 0 , unmapped 0x0' },
        { n: 94, k: 'marker', text: 'vfio closing' },
      ];
      const found = compareDriver([...events, ...notes, ...events], { driver })!;
      assert.ok(found.calls === 0 || found.differences.length > 0);
    }
});

test('a note of a mapping that cannot be followed is an error with its place, one in no words is none', () => {
  for (const [recording, driver] of [
    [rootRecording(), 'root'],
    [guestRecording(), 'guest'],
  ] as const) {
    const open = recording.findIndex(({ text }) => /^vfio map/.test(String(text)));
    const noted = (text: string): Event[] => recording.toSpliced(open, 0, { n: recording[open]!.n, k: 'marker', text });
    for (const size of ['0x1000001000', '0xffffffffffffffff'])
      assert.throws(
        () => compareDriver(noted(`vfio map iova 0x0 size ${size} pages 1 rw -> 0 `), { driver }),
        (error: unknown) => error instanceof DecodeError && error.code === 'E_RECORD' && /64 GiB/.test(error.message),
      );
    for (const iova of ['0xzz', `0x${'f'.repeat(17)}`, '-1'])
      assert.equal(
        compareDriver(noted(`vfio map iova ${iova} size 0x1000 pages 1 rw -> 0 `), { driver })!.differences,
        [],
      );
  }
});

test.run();
