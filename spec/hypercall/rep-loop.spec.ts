import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../../src/abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../../src/abi/hypercalls/memory.js';
import { HVCALL_CREATE_PARTITION } from '../../src/abi/hypercalls/partition.js';
import {
  HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST,
  HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX,
} from '../../src/abi/hypercalls/tlb.js';
import { AbiError } from '../../src/bytes/errors.js';
import { batchLimit, callsFor, planBatches } from '../../src/hypercall/batch.js';
import { callReps } from '../../src/hypercall/rep-loop.js';
import { errnoOf } from '../../src/hypercall/status.js';
import { scriptedGate } from './scripted-gate.js';

const loop = suite('rep loop');

loop('COM-08: issued again from the reps completed until all are done', () => {
  const gate = scriptedGate([
    { status: 0, done: 100 },
    { status: 0, done: 506 },
  ]);
  const outcome = callReps(gate, 0xb3, 506, 0x1000, 0x2000);
  assert.equal(gate.controls, ['0x000001fa000000b3', '0x006401fa000000b3']);
  assert.equal(outcome, { resultLo: 0, resultHi: 506, done: 506, calls: 2, stuck: false });
});

loop('COM-08: all ones, where there is no hypercall page, is the result and not a count', () => {
  const none = { status: 0xffffffff, done: 0xffffffff };
  const rows = [
    [[none], 0],
    [[{ status: 0, done: 7 }, none], 7],
  ] as const;
  for (const [answers, done] of rows) {
    const outcome = callReps(scriptedGate(answers), 0xb3, 20, 0x1000, 0);
    assert.equal(outcome, { resultLo: 0xffffffff, resultHi: 0xffffffff, done, calls: answers.length, stuck: false });
  }
});

loop('COM-08: an error ends it with the exact result and the completed count', () => {
  const gate = scriptedGate([{ status: 0xb, done: 496 }]);
  const outcome = callReps(gate, 0xb3, 507, 0x1000, 0);
  assert.equal(outcome, { resultLo: 0xb, resultHi: 496, done: 496, calls: 1, stuck: false });
});

loop(
  'COM-08: a refusal that says nothing of earlier parts takes nothing back, and no host does more than it was asked',
  () => {
    const half = callReps(
      scriptedGate([
        { status: 0, done: 10 },
        { status: 5, done: 0 },
      ]),
      0xb3,
      20,
      0x1000,
      0,
    );
    assert.is(half.done, 10);
    const more = [callReps(scriptedGate([{ status: 0, done: 21 }]), 0xb3, 20, 0x1000, 0)];
    more.push(callReps(scriptedGate([{ status: 5, done: 21 }]), 0xb3, 20, 0x1000, 0));
    assert.equal(
      more.map(({ done }) => done),
      [20, 20],
    );
  },
);

loop('COM-08: success without progress stops', () => {
  const gate = scriptedGate([
    { status: 0, done: 10 },
    { status: 0, done: 10 },
  ]);
  const outcome = callReps(gate, 0xb3, 507, 0x1000, 0);
  assert.is(outcome.stuck, true);
  assert.is(outcome.done, 10);
  assert.is(outcome.calls, 2);
});

loop('COM-08: going backwards is no progress', () => {
  assert.is(
    callReps(
      scriptedGate([
        { status: 0, done: 10 },
        { status: 0, done: 4 },
      ]),
      0xb3,
      20,
      0,
      0,
    ).stuck,
    true,
  );
});

loop('COM-08: no reps, no call', () => {
  const gate = scriptedGate([]);
  assert.equal(callReps(gate, 0xb3, 0, 0x1000, 0), { resultLo: 0, resultHi: 0, done: 0, calls: 0, stuck: false });
  assert.equal(gate.controls, []);
});

for (const count of [4096, -1, 1.5]) {
  loop(`COM-08: ${count} reps are refused`, () => {
    assert.throws(
      () => callReps(scriptedGate([]), 0xb3, count, 0, 0),
      (e: unknown) => e instanceof AbiError && e.code === 'E_RANGE',
    );
  });
}

loop('COM-05: the errno of a result', () => {
  const rows: [number, number, string | undefined][] = [
    [0, 507, undefined],
    [0x2, 0, 'EINVAL'],
    [0x3, 0, 'EINVAL'],
    [0x5, 0, 'EINVAL'],
    [0xd, 0, 'EINVAL'],
    [0xe, 0, 'EINVAL'],
    [0x11, 0, 'EINVAL'],
    [0x12, 0, 'EINVAL'],
    [0x41, 0, 'EINVAL'],
    [0x50, 0, 'EINVAL'],
    [0xb, 0, 'ENOMEM'],
    [0x73, 0, 'ENOMEM'],
    [0x75, 0, 'ENOMEM'],
    [0x83, 0, 'ENOMEM'],
    [0x6, 0, 'EIO'],
    [0x1d, 0, 'EIO'],
    [0xffffffff, 0xffffffff, 'EOPNOTSUPP'],
  ];
  for (const [lo, hi, errno] of rows) assert.is(errnoOf(lo, hi), errno, `0x${lo.toString(16)}`);
});

loop.run();

const batch = suite('batch planning');

// Max reps as the headers give them: (4096 - header) / element, or the 12-bit field.
const LIMITS = [
  [HVCALL_MAP_DEVICE_GPA_PAGES, 0, 507, 'input page'],
  [HVCALL_FLUSH_DEVICE_DOMAIN_LIST, 0, 508, 'input page'],
  [HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST, 0, 509, 'input page'],
  [HVCALL_DEPOSIT_MEMORY, 0, 511, 'input page'],
  [HVCALL_UNMAP_DEVICE_GPA_PAGES, 0, 4095, '12-bit rep field'],
  [HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, 1, 507, 'input page'],
  [HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, 64, 444, 'input page'],
] as const;

for (const [call, banks, max, boundBy] of LIMITS) {
  batch(`${call.name} with ${banks} header words: ${max} reps, bound by the ${boundBy}`, () => {
    const limit = batchLimit(call, 'x64', banks);
    assert.is(limit.maxReps, max);
    assert.is(limit.boundBy, boundBy);
  });
}

batch('batches of a map, exact call counts', () => {
  const pages = [1, 506, 507, 508, 1014, 4095, 4096, 262144];
  assert.equal(
    pages.map((n) => callsFor(HVCALL_MAP_DEVICE_GPA_PAGES, n)),
    [1, 1, 1, 2, 2, 9, 9, 518],
  );
  assert.is(callsFor(HVCALL_UNMAP_DEVICE_GPA_PAGES, 262144), 65);
  assert.equal(
    [...planBatches(HVCALL_MAP_DEVICE_GPA_PAGES, 1015)],
    [
      { first: 0, count: 507 },
      { first: 507, count: 507 },
      { first: 1014, count: 1 },
    ],
  );
});

batch('a call without reps has no batches', () => {
  assert.throws(
    () => batchLimit(HVCALL_CREATE_PARTITION),
    (e: unknown) => e instanceof AbiError && e.code === 'E_LAYOUT_KIND',
  );
});

batch.run();
