import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, IommuRig, NULL_ID, pciId, qwords, range, words } from './iommu-rig.js';

const test = suite('hypervisor: one address, many places (IOMMU-75)');

const GUEST = 0x42n;
const [inOne, inTwo, given, blocked, home] = range(1, 5).map((rid) => pciId(8 * rid)) as [
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
];

/** Five devices: two in domains of their own, one given to a guest, one in the null domain, one where devices start. */
function rigOfFive(): IommuRig {
  const rig = new IommuRig({ devices: [inOne, inTwo, given, blocked, home], guestPartitions: [GUEST] });
  for (const id of [1, 2]) rig.create({ id });
  rig.map({ id: 1 }, 0x10, [0x100, 0x101, 0x102]);
  rig.map({ id: 2 }, 0x10, [0x200, 0x300]);
  rig.attach({ id: 1 }, inOne);
  rig.attach({ id: 2 }, inTwo);
  rig.attach({ id: NULL_ID }, blocked);
  assert.is(rig.call(0x82, bytes(qwords(GUEST, given), words(1, 0), qwords(0x18n, 0n)))[0], 0);
  return rig;
}

function reach({ iommu }: IommuRig, device: bigint, iova = 0x10ff8n, length = 0x1010): string {
  const result = iommu.dma.access(device, iova, length, 'write');
  if (!result.ok) return `${result.fault.reason} at ${result.fault.iova.toString(16)}`;
  const parts = result.segments.map(({ gpa, length: part }) => `${gpa.toString(16)}+${part.toString(16)}`);
  return `${result.partitionId}: ${parts.join(' ')}`;
}

test('IOMMU-75 a request over pages comes out in the place of its device, in one piece where frames are neighbours', () => {
  const rig = rigOfFive();
  assert.equal(
    [inOne, inTwo, given, blocked, home].map((device) => reach(rig, device)),
    ['1: 100ff8+1010', 'not mapped at 12000', '66: 10ff8+1010', 'blocked at 10ff8', '1: 10ff8+1010'],
  );
  assert.is(reach(rig, inTwo, 0x10ff8n, 0x1008), '1: 200ff8+8 300000+1000');
  assert.is(reach(rig, inOne, 0x10ff8n, 0), '1: ');
});

test('IOMMU-75 a device that moves takes nothing along', () => {
  const rig = rigOfFive();
  rig.attach({ id: 2 }, inOne);
  assert.is(reach(rig, inOne, 0x10000n, 4), '1: 200000+4');
  assert.is(rig.delete({ id: 1 }), 0);
  assert.is(rig.call(0x83, qwords(GUEST, 0x18n))[0], 0);
  assert.is(reach(rig, given), '1: 10ff8+1010', 'the partition is the root again');
  rig.attach({ id: 2 }, given);
  assert.is(reach(rig, given, 0x11000n, 4), '1: 300000+4');
  rig.attach({ id: 0 }, blocked);
  assert.is(reach(rig, blocked), '1: 10ff8+1010');
});

test('IOMMU-75 nothing of a request is done that fails in its last page, and one fault says where', () => {
  const rig = rigOfFive();
  assert.is(reach(rig, inOne, 0x10000n, 0x3001), 'not mapped at 13000');
  assert.is(rig.iommu.dma.faultCount, 1);
  assert.is(reach(rig, home, (1n << 48n) - 8n, 16), 'beyond width at 1000000000000');
  assert.is(reach(rig, given, 0xffff_ffff_ffff_fff8n, 16), 'beyond width at fffffffffffffff8');
});

test.run();
