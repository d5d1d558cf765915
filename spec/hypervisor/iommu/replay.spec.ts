import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCapture } from '../../support/captures.js';
import { DomainReplay, familyCalls } from './domain-replay.js';
import { NULL_ID, pciId, range } from './iommu-rig.js';

const replay = suite('hypervisor: recorded calls of IOMMU drivers get the recorded answers (IOMMU-70 PVI-50)');

const DEVICE = pciId(0x18);

replay('root: map-device-gpa-pages.jsonl', () => {
  const host = new DomainReplay(true);
  const { domains } = host.partition.iommu!;
  const first = () => domains.find({ partitionId: 1n, ownerVtl: 0, type: 0, id: 1 })!;
  const nobody = domains.find({ partitionId: 1n, ownerVtl: 0, type: 0, id: NULL_ID })!;
  const calls = familyCalls(readCapture('map-device-gpa-pages.jsonl'));
  assert.ok(calls.length > 5);
  for (const call of calls) {
    // The trace is a part: what it leaves out in front of its unmap are the map of those pages and the device's leaving.
    if (call.code === '0xb4') {
      const words = Uint32Array.from(range(0, 2 * 1015).map((i) => (i % 2 === 0 ? 0x1000 + i / 2 : 0)));
      assert.equal(first().map!.mapped, 507 + 27);
      first().map!.mapList(0x7f00000, words, 0, 1015, 3);
      domains.attach(nobody, DEVICE);
    }
    const { got, wanted } = host.run(call);
    assert.is(got, wanted, `#${call.n}`);
  }
  assert.equal(
    domains.list().map(({ id, devices }) => [id, devices]),
    [
      [0, [DEVICE]],
      [NULL_ID, []],
    ],
  );
});

replay('guest: pviommu.jsonl', () => {
  const host = new DomainReplay(false);
  const calls = familyCalls(readCapture('pviommu.jsonl'));
  assert.ok(calls.length > 10);
  for (const call of calls) {
    const { got, wanted } = host.run(call);
    assert.is(got, wanted, `#${call.n}`);
  }
  const left = host.partition.iommu!.domains.list();
  assert.equal(left.map(({ id, type }) => [type, id]).slice(0, 2), [
    [1, 1],
    [1, 2],
  ]);
});

replay('the recorded rules are what makes it so: a second attach is refused without them', () => {
  const host = new DomainReplay(true, { rules: {} });
  const calls = familyCalls(readCapture('map-device-gpa-pages.jsonl')).filter(({ code }) => code === '0xb1');
  for (const call of calls) assert.is(host.run(call).got, '0x0 ');
  for (const call of calls) assert.is(host.run(call).got, '0x8 ');
});

replay.run();
