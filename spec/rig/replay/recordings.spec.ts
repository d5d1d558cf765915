import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import { replayDeviceDomainCalls, replayDeviceDomains } from '../../../src/rig/replay/device-domain-replay.js';
import { CALL_FIXTURES, readCallFixture } from '../../hypervisor/iommu/call-fixture.js';
import { readCapture } from '../../support/captures.js';

const test = suite(
  'replay: recorded calls of the Linux IOMMU series get the recorded answers (IOMMU-70 IOMMU-73 PVI-50 E2E-11)',
);

const isCall = ({ k }: Event) => k === 'hypercall';

for (const name of CALL_FIXTURES) {
  test(`${name} is what was recorded, to the byte`, () => {
    const { calls, sha256, events } = readCallFixture(name);
    const lines = events
      .filter(isCall)
      .map(({ n, vp, control, rdx, r8, in: input, out = '', result }) =>
        [n, vp, control, rdx, r8, input, out, result].join(' '),
      );
    assert.is(lines.length, calls);
    assert.is(
      createHash('sha256')
        .update(lines.map((line) => `${line}\n`).join(''))
        .digest('hex'),
      sha256,
    );
  });

  test(`${name}: every call, and the domains, devices and pages at the end`, () => {
    const { calls, events } = readCallFixture(name);
    const replay = replayDeviceDomains(events);
    assert.equal(replay.differences, []);
    assert.equal([replay.calls, replay.states, replay.scripted.size], [calls, 1, 0]);
  });

  test(`${name}: whatever is recorded otherwise is told, call by call`, () => {
    const { events } = readCallFixture(name);
    for (const [at, event] of events.entries()) {
      if (!isCall(event) || at % 7 !== 0) continue;
      const result = `0x${(BigInt(String(event.result)) ^ 0x71n).toString(16)}`;
      const found = replayDeviceDomainCalls(
        events.map((one, i) => (i === at ? { ...one, result } : one)),
        {
          knobs: { domPool: 2 ** 30, domBad: [], refuseList: 0, starveAttach: 0 },
        },
      );
      assert.equal(
        found.filter(({ n }) => n === event.n).map(({ expected }) => expected.split(' ')[0]),
        [result],
      );
    }
  });
}

test('states at the end: a domain, a device or a page more or less is told', () => {
  const { events } = readCallFixture('pviommu-linux-7.2.calls.jsonl');
  const [state] = events.slice(-1);
  const change = (changed: Event) => replayDeviceDomainCalls([...events.slice(0, -1), { ...state, ...changed }]);
  const n = Number(state!.n);
  const code = 'device_domains';
  const { '1:0x3': _, ...fewer } = state!.domains as Record<string, number>;
  assert.equal(change({ domains: fewer }), [{ n, code, expected: 'domain 1:0x3 none', got: 'domain 1:0x3 there' }]);
  assert.equal(change({ domains: { ...fewer, '1:0x3': 0, '1:0x9': 2 } }), [
    { n, code, expected: 'pages in 1:0x9 2', got: 'pages in 1:0x9 no domain' },
  ]);
  assert.equal(change({ devices: { '0x37a94e00': '1:0x1', '0x5': '1:0x2' } }), [
    { n, code, expected: 'device 0x37a94e00 in 1:0x1', got: 'device 0x37a94e00 in 1:0x3' },
    { n, code, expected: 'device 0x5 in 1:0x2', got: 'device 0x5 in none' },
  ]);
  assert.equal(change({ pool: 1073741820 }), [{ n, code, expected: 'pool 1073741820', got: 'pool 1073741821' }]);
});

test('a part of a recording differs where the missing part counts', () => {
  const found = replayDeviceDomainCalls(readCapture('map-device-gpa-pages.jsonl'));
  assert.equal(found, [
    { n: 511, code: '0xb4', expected: '0x3f700000000', got: '0x5' },
    { n: 512, code: '0xc5', expected: '0x0', got: '0x8' },
  ]);
  const partial = replayDeviceDomainCalls(readCapture('pviommu.jsonl'));
  assert.equal(
    partial.map(({ code, expected, got }) => `${code} ${expected} ${got}`),
    [
      'device_domains 0xb1/0x0 5 times 0xb1/0x0 4 times',
      'device_domains 0xce/0x0 5 times 0xce/0x0 4 times',
      'device_domains 0xb2/0x0 7 times 0xb2/0x0 5 times',
      'device_domains 0xd0/0x0 11 times 0xd0/0x0 1 times',
      'device_domains 0xd1/0x0 44 times 0xd1/0x0 4 times',
      'device_domains 0xc5/0x0 2 times 0xc5/0x0 1 times',
      'end 169 hypercalls 31 hypercalls',
    ],
  );
  assert.equal(replayDeviceDomainCalls(readCapture('root-interrupts.jsonl')), []);
});

test('several machines in one file are as many hosts', () => {
  const both = CALL_FIXTURES.flatMap((name) => readCallFixture(name).events);
  const { calls, differences, hosts } = replayDeviceDomains(both);
  assert.equal([calls, differences.length, hosts.map(({ caller }) => caller)], [388, 0, ['root', 'guest']]);
});

test.run();
