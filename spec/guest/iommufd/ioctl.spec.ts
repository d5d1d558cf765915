import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommufd_ioctl } from '../../../src/abi/iommufd/command.js';
import { iommufdRequests } from '../../../src/abi/iommufd/requests.js';
import {
  iommu_viommu_set_vdev_id,
  iommu_viommu_unset_vdev_id,
  iommu_virq_alloc,
  iommu_virq_arm_smmuv3,
} from '../../../src/abi/iommufd/series-2024.js';
import { iommu_veventq_alloc, iommu_viommu_alloc } from '../../../src/abi/iommufd/viommu.js';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { ownRows } from '../../../src/export/own-rows.js';
import { IommufdDevice } from '../../../src/guest/iommufd/ioctl.js';
import { IommufdContext } from '../../../src/guest/iommufd/iommufd-context.js';
import {
  vdeviceOfSetVdevId,
  vdeviceOfUnsetVdevId,
  veventqOfVirq,
  veventTypeOfVirq,
} from '../../../src/guest/iommufd/series-2024-names.js';
import { encodeSmmuv3Event, type Smmuv3Words } from '../../../src/guest/iommufd/smmuv3-event.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { pick } from '../../../src/layout/group.js';
import { errnoOf, got, nestedMachine, physical, smmu } from './machine.js';

const ioctls = suite('iommufd ioctl');
const words = (...values: number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);

/** The words after a request that must succeed. */
function call(device: IommufdDevice, request: number, ...values: number[]): number[] {
  const bytes = words(...values);
  got(device.ioctl(request, bytes));
  return [...new Uint32Array(bytes.buffer)];
}

ioctls('VIO-01 VIO-40 the objects of a virtual machine by their structures, and the descriptors of the queues', () => {
  const device = new IommufdDevice(new IommufdContext());
  const io = iommufd_ioctl;
  const dev = got(device.context.bindDevice(physical(smmu(), 1)));
  const steps: readonly (readonly [number, readonly number[], readonly number[]])[] = [
    [io.IOMMU_IOAS_ALLOC, [12, 0, 0], [12, 0, 2]],
    [io.IOMMU_HWPT_ALLOC, [48, 1, dev, 2, 0, 0, 0, 0, 0, 0, 0, 0], [48, 1, dev, 2, 3, 0, 0, 0, 0, 0, 0, 0]],
    [io.IOMMU_VIOMMU_ALLOC, [40, 0, 1, dev, 3, 0, 0, 0, 0, 0], [40, 0, 1, dev, 3, 4, 0, 0, 0, 0]],
    [io.IOMMU_FAULT_QUEUE_ALLOC, [16, 0, 0, 0], [16, 0, 5, 3]],
    [io.IOMMU_VDEVICE_ALLOC, [24, 4, dev, 0, 0x21, 0], [24, 4, dev, 6, 0x21, 0]],
    [io.IOMMU_VEVENTQ_ALLOC, [32, 0, 4, 1, 16, 0, 0, 0], [32, 0, 4, 1, 16, 7, 4, 0]],
    [io.IOMMU_DESTROY, [8, 6], [8, 6]],
  ];
  for (const [request, asked, answered] of steps) assert.equal(call(device, request, ...asked), answered);
  assert.is(device.file(3), device.context.faultFile(5));
  assert.is(device.file(4), device.context.veventFile(7));
  device.close(3);
  assert.is(device.file(3), undefined);
  assert.equal(call(device, io.IOMMU_FAULT_QUEUE_ALLOC, 16, 0, 0, 0), [16, 0, 6, 3]);
});

ioctls('sizes, flags and reserved words', () => {
  const device = new IommufdDevice(new IommufdContext());
  const io = iommufd_ioctl;
  const rows: readonly (readonly [string, number, Uint8Array])[] = [
    ['ENOTTY', io.IOMMU_IOAS_MAP, words(12, 0, 0)],
    ['EFAULT', io.IOMMU_IOAS_ALLOC, new Uint8Array(3)],
    ['EFAULT', io.IOMMU_IOAS_ALLOC, words(16, 0, 0)],
    ['EINVAL', io.IOMMU_IOAS_ALLOC, words(8, 0, 0)],
    ['E2BIG', io.IOMMU_IOAS_ALLOC, words(16, 0, 0, 1)],
    ['EOPNOTSUPP', io.IOMMU_IOAS_ALLOC, words(12, 1, 0)],
    ['EOPNOTSUPP', io.IOMMU_FAULT_QUEUE_ALLOC, words(16, 1, 0, 0)],
    ['EOPNOTSUPP', io.IOMMU_VEVENTQ_ALLOC, words(32, 0, 0, 1, 16, 0, 0, 1)],
    ['EOPNOTSUPP', io.IOMMU_HWPT_ALLOC, words(48, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)],
    // Reserved words that Linux does not look at.
    ['ENOENT', io.IOMMU_VIOMMU_ALLOC, words(40, 0, 1, 0, 0, 0, 0, 1, 0, 0)],
    ['ENOENT', io.IOMMU_HWPT_ALLOC, words(48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
    ['EINVAL', io.IOMMU_HWPT_ALLOC, words(48, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0)],
    // Something unknown that is not zero is seen before the end of the argument.
    ['E2BIG', io.IOMMU_IOAS_ALLOC, words(64, 0, 0, 1)],
    ['EFAULT', io.IOMMU_IOAS_ALLOC, words(64, 0, 0, 0)],
    ['ENOENT', io.IOMMU_DESTROY, words(8, 77)],
    ['ok', io.IOMMU_IOAS_ALLOC, words(16, 0, 0, 0)],
  ];
  for (const [errno, request, bytes] of rows) {
    const before = bytesToHex(bytes);
    assert.is(errnoOf(device.ioctl(request, bytes)), errno, before);
    if (errno !== 'ok') assert.is(bytesToHex(bytes), before);
  }
});

ioctls('the least of each structure, as its last mandatory member says', () => {
  const device = new IommufdDevice(new IommufdContext());
  for (const { request, struct, last, minSize } of iommufdRequests) {
    const rows = ownRows(pick(struct).type).filter((row) => row.path === last);
    assert.equal(
      rows.map((row) => (row.bitOffset + row.bitSize) / 8),
      [minSize],
      `${struct.name}.${last}`,
    );
    const short = new Uint8Array(minSize);
    new DataView(short.buffer).setUint32(0, minSize - 1, true);
    const known = errnoOf(device.ioctl(request, short));
    assert.ok(known === 'EINVAL' || known === 'ENOTTY', `${struct.name}: ${known}`);
    if (known === 'ENOTTY') continue;
    new DataView(short.buffer).setUint32(0, minSize, true);
    assert.is.not(errnoOf(device.ioctl(request, short)), 'EFAULT', struct.name);
  }
  assert.is(iommufdRequests.length, Object.keys(iommufd_ioctl).length - 1);
});

ioctls('VIO-04 a queue is destroyed when its descriptor is closed, not before', () => {
  const device = new IommufdDevice(new IommufdContext());
  const { IOMMU_FAULT_QUEUE_ALLOC, IOMMU_DESTROY } = iommufd_ioctl;
  assert.equal(call(device, IOMMU_FAULT_QUEUE_ALLOC, 16, 0, 0, 0), [16, 0, 1, 3]);
  assert.is(errnoOf(device.ioctl(IOMMU_DESTROY, words(8, 1))), 'EBUSY');
  device.close(3);
  device.close(3);
  assert.is(errnoOf(device.ioctl(IOMMU_DESTROY, words(8, 1))), 'ok');
  assert.is(device.context.taken, 0);
});

ioctls('VIO-04 a destroyed VDEVICE is dead for every request', () => {
  const machine = nestedMachine();
  const device = new IommufdDevice(machine.context);
  const asked = words(24, machine.viommu, machine.device, 0, 9, 0);
  got(device.ioctl(iommufd_ioctl.IOMMU_VDEVICE_ALLOC, asked));
  const id = new Uint32Array(asked.buffer)[3] ?? 0;
  got(machine.context.unbindDevice(machine.device));
  assert.is(errnoOf(device.ioctl(iommufd_ioctl.IOMMU_VDEVICE_ALLOC, words(24, machine.viommu, id, 0, 9, 0))), 'ENOENT');
  assert.is(errnoOf(device.ioctl(iommufd_ioctl.IOMMU_DESTROY, words(8, id))), 'ok');
  assert.is(errnoOf(device.ioctl(iommufd_ioctl.IOMMU_DESTROY, words(8, id))), 'ENOENT');
});

ioctls('VIO-30 VIO-40 the vIRQ names of 2024 are those of today: same record, same queue, same virtual ids', () => {
  const record: Smmuv3Words = [0x0000_0021_0000_0010n, 1n, 2n, 3n];
  assert.is(bytesToHex(encode(iommu_virq_arm_smmuv3, { evt: [...record] })), bytesToHex(encodeSmmuv3Event(record)));
  const { context, device, viommu } = nestedMachine();
  const virq = encode(iommu_virq_alloc, {
    size: 24,
    flags: 0,
    viommu_id: viommu,
    type: 1,
    out_virq_id: 0,
    out_virq_fd: 0,
  });
  assert.equal(veventqOfVirq(virq, 16), { flags: 0, viommuId: viommu, type: 1, depth: 16 });
  assert.is(errnoOf(context.allocVeventq(veventqOfVirq(virq, 16))), 'ok');
  assert.equal([0, 1, 7].map(veventTypeOfVirq), [0, 1, 7]);
  const vdev = { size: 24, viommu_id: viommu, dev_id: device, vdev_id: 0n };
  const asked = vdeviceOfSetVdevId(encode(iommu_viommu_set_vdev_id, vdev));
  assert.equal(vdeviceOfUnsetVdevId(encode(iommu_viommu_unset_vdev_id, vdev)), asked);
  assert.is(errnoOf(context.allocVdevice(asked)), 'ok');
});

ioctls('structures as a C program lays them out', () => {
  const bytes = hexToBytes('2000000000000000040000000100000010000000070000000400000000000000');
  assert.is(decode(iommu_veventq_alloc, bytes).out_veventq_fd, 4);
  assert.is(encode(iommu_viommu_alloc, decode(iommu_viommu_alloc, new Uint8Array(40))).length, 40);
});

ioctls.run();
