import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import type { RecordedHostKnobs } from '../../../src/hypervisor/iommu/recorded-host.js';
import { replayDeviceDomains } from '../../../src/rig/replay/device-domain-replay.js';
import { DEVICE, range } from '../../hypervisor/iommu/iommu-rig.js';
import { RecordedMachine } from './recorded-machine.js';

const test = suite('replay: random recordings, right ones and altered ones (IOMMU-73)');

const operation = fc.oneof(
  fc.record({
    do: fc.constant('map' as const),
    id: fc.constantFrom(1, 2),
    page: fc.nat(3000),
    count: fc.integer({ min: 1, max: 1200 }),
    frame: fc.nat(0x4000),
  }),
  fc.record({
    do: fc.constant('unmap' as const),
    id: fc.constantFrom(1, 2),
    page: fc.nat(3000),
    count: fc.integer({ min: 1, max: 5000 }),
  }),
  fc.record({
    do: fc.constantFrom('create' as const, 'delete' as const, 'attach' as const, 'detach' as const, 'overrun' as const),
    id: fc.constantFrom(0, 1, 2),
  }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;
const anyKnobs: fc.Arbitrary<RecordedHostKnobs> = fc.record(
  {
    domChunk: fc.integer({ min: 1, max: 300 }),
    domPool: fc.integer({ min: 0, max: 30 }),
    nodeCost: fc.integer({ min: 1, max: 7 }),
    domBad: fc.array(fc.nat(0x5000), { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

function recordingOf(knobs: RecordedHostKnobs, operations: readonly Operation[]): Event[] {
  const machine = new RecordedMachine('root', knobs);
  for (const one of operations) {
    if (one.do === 'map') machine.mapAll(one.id, one.page, range(one.frame, one.count), 5);
    else if (one.do === 'unmap') machine.unmapAll(one.id, one.page, one.count);
    else if (one.do === 'create') machine.createAny(one.id);
    else if (one.do === 'delete') machine.delete({ id: one.id });
    else if (one.do === 'attach') machine.attach({ id: one.id }, DEVICE);
    else if (one.do === 'detach') machine.detach(DEVICE);
    else machine.overrun(one.id);
  }
  return machine.recording();
}

test('IOMMU-73 whatever was done and refused, the recording is enough to do it again', () => {
  fc.assert(
    fc.property(anyKnobs, fc.array(operation, { maxLength: 12 }), (knobs, operations) => {
      const recording = recordingOf(knobs, operations);
      const { differences, scripted } = replayDeviceDomains(recording);
      assert.equal(differences, []);
      assert.not(scripted.has('no memory'), 'there is a pool that explains it');
      assert.equal(
        replayDeviceDomains(recording, { knobs: { domPool: 2 ** 30, domBad: [], ...knobs } }).differences,
        [],
      );
    }),
    { numRuns: 60 },
  );
});

test('an altered result is found: by a difference, or among the events that are named', () => {
  const status = fc.constantFrom(0, 2, 3, 4, 5, 6, 8, 0xb, 0xd, 0x57, 0x58, 0x66, 0x71, 0x75);
  const alteration = fc.record({ at: fc.nat(), status, done: fc.constantFrom(-1, 0, 0, 1) });
  fc.assert(
    fc.property(
      anyKnobs,
      fc.array(operation, { minLength: 1, maxLength: 12 }),
      alteration,
      (knobs, operations, one) => {
        const recording = recordingOf(knobs, operations);
        const calls = recording.filter(({ k }) => k === 'hypercall');
        fc.pre(calls.length > 0);
        const call = calls[one.at % calls.length]!;
        const done = Math.max(0, Number(BigInt(String(call.result)) >> 32n) + one.done);
        const result = `0x${((BigInt(done) << 32n) | BigInt(one.status)).toString(16)}`;
        fc.pre(result !== call.result);
        const altered = recording.map((event) => (event === call ? { ...event, result } : event));
        const { differences, scripted, hosts } = replayDeviceDomains(altered);
        const named = [...scripted.values(), ...hosts[0]!.explained.values()].flat();
        assert.ok(
          differences.length > 0 || named.includes(Number(call.n)),
          `#${call.n} ${call.code} ${call.result} ${result}`,
        );
      },
    ),
    { numRuns: 100 },
  );
});

test.run();
