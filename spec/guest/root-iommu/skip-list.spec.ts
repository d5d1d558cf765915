import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SkipList } from '../../../src/guest/root-iommu/skip-list.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { codesOf, errnoOf, nvme, rig } from './rig.js';

const FIRST = { segment: 0, bus: 3, device: 0, function: 0 };
const SECOND = { segment: 1, bus: 0x5e, device: 0x1f, function: 7 };
const THIRD = { segment: 0xffff, bus: 0, device: 2, function: 1 };

/** Text, entries that hold, where reading stops. */
const LISTS: readonly [string | undefined, readonly object[], number | undefined][] = [
  [undefined, [], undefined],
  ['', [], undefined],
  ['   ', [], undefined],
  ['(0000:03:00.0)', [FIRST], undefined],
  ['(0000:03:00.0)(0001:5e:1f.7)', [FIRST, SECOND], undefined],
  [' (0:3:0.0) \t (0x1: 0x5E:0X1f. 7) (ffff:0:2.1) ', [FIRST, SECOND, THIRD], undefined],
  ['(0000:03:00.0)(0001:5e:1f.7)nonsense', [FIRST, SECOND], 28],
  ['(0000:03:00.0)(0001:5e:zz.7)(ffff:0:2.1)', [FIRST], 14],
  ['(0000:03:00.0', [], 0],
  ['0000:03:00.0', [], 0],
  ['(123456789:0:0.0)', [], 0],
  ['()', [], 0],
];

const parser = suite('skip list');

for (const [text, entries, malformedAt] of LISTS) {
  parser(`IOMMU-11, IOMMU-12, IOMMU-13: ${JSON.stringify(text)}`, () => {
    const log: LogLine[] = [];
    const list = new SkipList(text, (line) => log.push(line));
    assert.equal(list.entries, entries);
    assert.is(list.malformedAt, malformedAt);
    assert.equal(codesOf(log), malformedAt === undefined ? [] : ['iommu-skip-list-malformed']);
  });
}

// The seed's scan test was inverted: reading stopped at the first entry that was well formed, and nothing was ever skipped.
for (const [place, device] of [
  ['first', 3],
  ['second', 4],
  ['last', 5],
] as const) {
  parser(`IOMMU-12, IOMMU-10: the ${place} entry is skipped`, () => {
    const { iommu, log } = rig({ skip: '(0:0:3.0)(0:0:4.0)(0:0:5.0)' });
    assert.is(errnoOf(iommu.probe(nvme({}, device))), 'ENODEV');
    assert.equal(codesOf(log), ['iommu-device-skipped']);
    assert.is(errnoOf(iommu.probe(nvme({}, 6))), undefined);
  });
}

parser('IOMMU-10: a device that is not PCI is not for this driver; probe gives no domain', () => {
  const { iommu, hv } = rig();
  assert.is(errnoOf(iommu.probe(nvme({ isPci: false }))), 'ENODEV');
  const device = nvme();
  assert.is(errnoOf(iommu.probe(device)), undefined);
  assert.is(device.domain, undefined);
  assert.equal(hv.codes, []);
});

parser.run();
