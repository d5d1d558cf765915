import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FailPoint } from '../../../src/hypervisor/iommu/iommu-options.js';
import { bytes, DEVICE, domainBytes, IommuRig, LOGICAL, qwords, words } from './iommu-rig.js';

const test = suite('hypervisor: flush lists in parts, and attachments that are asked about');

const ENTRIES = [0x1000n, 0x2000n, 0x5000n, 0x8000n];

function guestRig(options: ConstructorParameters<typeof IommuRig>[0] = {}): IommuRig {
  const rig = new IommuRig(options, { isRoot: false });
  rig.create({ type: 1, id: 3 });
  rig.configure({ id: 3 }, 1n, 0x8000n);
  return rig;
}

function flush(rig: IommuRig, start = 0, id = 3, flags = 1): [number, number] {
  const input = bytes(domainBytes({ type: 1, id }), words(flags, 0), qwords(...ENTRIES));
  return rig.call(0xd1, input, ENTRIES.length, start);
}

test('a list comes back after so many entries, as a number or by code', () => {
  for (const maxRepsPerCall of [3, (code: number) => (code === 0xd1 ? 3 : 1)]) {
    const rig = guestRig({ maxRepsPerCall });
    assert.equal(flush(rig), [0, 3]);
    assert.equal(flush(rig, 3), [0, 4]);
  }
});

test('any entry can be made to fail; a domain or flags that are wrong come first', () => {
  const points: FailPoint[] = [];
  const rig = guestRig({
    failAt: (point) => {
      if (point.code === 0xd1) points.push(point);
      return point.page === 5 ? 0x71 : undefined;
    },
  });
  assert.equal(flush(rig), [0x71, 2]);
  assert.equal(
    points.map(({ rep, page }) => [rep, page]),
    [
      [0, 1],
      [1, 2],
      [2, 5],
    ],
  );
  points.length = 0;
  assert.equal(flush(rig, 0, 9), [5, 0]);
  assert.equal(flush(rig, 0, 3, 2), [5, 0]);
  assert.equal(points, []);
});

const direct = (partition: bigint, flags: number) =>
  bytes(qwords(partition, DEVICE), words(flags, 0), qwords(0x18n, 0n));

test('whether there is memory for a direct attachment is asked when all else is sound', () => {
  let asked = 0;
  const rig = new IommuRig({
    guestPartitions: [0x42n],
    starvedAttachments: () => {
      asked++;
      return asked < 3;
    },
  });
  assert.is(rig.call(0x82, direct(0x42n, 0))[0], 5);
  assert.is(rig.call(0x82, direct(0x43n, 1))[0], 0xd);
  assert.is(asked, 0);
  assert.equal(
    [0, 1, 2, 3].map(() => rig.call(0x82, direct(0x42n, 1))[0]),
    [0xb, 0xb, 0, 5],
  );
  assert.is(asked, 3);
});

test('IOMMU-35 a partition that is not there is told before flags that are not', () => {
  const rig = new IommuRig({ guestPartitions: [0x42n] });
  for (const flags of [0, 1, 0xffff_ffff]) assert.is(rig.call(0x82, direct(0x43n, flags))[0], 0xd);
});

test('a root inside a partition has domains when it is told to, by logical ids', () => {
  const rig = new IommuRig({ isL1vh: true, hasL1vhDomains: true }, { isRoot: false });
  assert.is(rig.create({ id: 1 }), 0);
  assert.is(rig.attach({ id: 1 }, LOGICAL), 0);
  assert.is(rig.attach({ id: 1 }, DEVICE), 0x57);
  assert.equal(rig.map({ id: 1 }, 0x10, [0x100]), [0, 1]);
  const read = rig.iommu.dma.access(LOGICAL, 0x10010n, 4, 'read');
  assert.is(read.ok && read.segments[0]!.gpa, 0x100010);
  assert.is(rig.detach(LOGICAL), 0);
  assert.is(new IommuRig({ isL1vh: true }, { isRoot: false }).create({ id: 1 }), 2);
});

test.run();
