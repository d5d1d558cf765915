import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommufd_ioctl as io } from '../../../src/abi/iommufd/command.js';
import { IommufdDevice } from '../../../src/guest/iommufd/ioctl.js';
import { IommufdContext } from '../../../src/guest/iommufd/iommufd-context.js';
import { errnoOf, got, nestedMachine, physical, SMMU_TYPE, smmu } from './machine.js';

const closing = suite('iommufd: descriptors that close');
const request = (...words: number[]): Uint8Array => new Uint8Array(new Uint32Array(words).buffer);

/** The id and the descriptor of a new queue of page faults. */
function openFault(device: IommufdDevice): { id: number; fd: number } {
  const bytes = request(16, 0, 0, 0);
  got(device.ioctl(io.IOMMU_FAULT_QUEUE_ALLOC, bytes));
  const [, , id = 0, fd = 0] = new Uint32Array(bytes.buffer);
  return { id, fd };
}

closing('an open queue has the context open: all that is not a device stays, and goes with the last descriptor', () => {
  const { context, device, viommu, nested } = nestedMachine();
  got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 1n }));
  const queue = got(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 4 }));
  got(context.attachDevice(device, nested));
  const held = [got(context.hold(queue)), got(context.hold(queue))];
  assert.is(errnoOf(context.hold(99)), 'ENOENT');
  const left = context.close();
  assert.equal(
    left.map((id) => context.kindOf(id)),
    ['ioas', 'hwpt', 'viommu', 'fault', 'hwpt', 'veventq'],
  );
  assert.is(errnoOf(context.viommu(viommu)!.reportEvent(SMMU_TYPE, new Uint8Array(32))), 'ok');
  held[0]!.letGo();
  held[0]!.letGo();
  assert.is(context.kindOf(queue), 'veventq');
  held[1]!.letGo();
  assert.is(context.taken, 0);
});

closing('once closed nothing new is made: EBADF', () => {
  const { context, device, ioas, viommu, parent, fault } = nestedMachine();
  const held = got(context.hold(fault));
  context.close();
  const made = {
    allocIoas: context.allocIoas(),
    allocFault: context.allocFault(),
    allocHwpt: context.allocHwpt({ deviceId: device, ptId: ioas }),
    allocViommu: context.allocViommu({ type: SMMU_TYPE, deviceId: device, hwptId: parent }),
    allocVdevice: context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 1n }),
    allocVeventq: context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 1 }),
    bindDevice: context.bindDevice(physical(smmu(), 1)),
  };
  for (const [name, outcome] of Object.entries(made)) assert.is(errnoOf(outcome), 'EBADF', name);
  held.letGo();
  assert.is(errnoOf(context.allocIoas()), 'EBADF');
  assert.is(context.taken, 0);
});

closing('a context that nobody holds goes at once, users before what they use', () => {
  const { context, device, viommu, nested } = nestedMachine();
  got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 1n }));
  got(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 4 }));
  got(context.attachDevice(device, nested));
  assert.equal([context.close(), context.taken], [[], 0]);
});

for (const order of ['/dev/iommu first', 'a queue first', 'both queues first'] as const)
  closing(`VIO-66 /dev/iommu and two queues, ${order}: nothing is left behind the last one`, () => {
    const machine = nestedMachine();
    const { context, device, viommu } = machine;
    const iommufd = new IommufdDevice(context);
    const [first, second] = [openFault(iommufd), openFault(iommufd)];
    const flags = { flags: 4, deviceId: device, dataType: 2, dataLength: 16 };
    const nested = got(context.allocHwpt({ ...flags, ptId: viommu, faultId: first.id }));
    got(context.attachDevice(device, nested));
    const answers: string[] = [];
    const asked = { grpid: 1, perm: 1, address: 0n, last: true };
    got(context.reportPageRequest(device, asked, (answer) => answers.push(answer)));
    const steps = {
      '/dev/iommu first': ['device', first.fd, second.fd],
      'a queue first': [first.fd, 'device', second.fd],
      'both queues first': [first.fd, second.fd, 'device'],
    }[order];
    for (const [n, step] of steps.entries()) {
      assert.ok(context.taken > 0, `before step ${n}`);
      if (typeof step === 'number') iommufd.close(step);
      else {
        iommufd.release();
        assert.equal(answers, ['invalid']);
        for (const [asked, bytes] of [
          [io.IOMMU_IOAS_ALLOC, request(12, 0, 0)],
          [io.IOMMU_DESTROY, request(8, nested)],
          [0x1234, request(8, 0)],
        ] as const)
          assert.is(errnoOf(iommufd.ioctl(asked, bytes)), 'EBADF');
      }
    }
    assert.is(context.taken, 0);
    assert.is(errnoOf(context.allocIoas()), 'EBADF');
  });

closing('a queue that is closed while /dev/iommu is open closes nothing else', () => {
  const device = new IommufdDevice(new IommufdContext());
  const { fd, id } = openFault(device);
  device.close(fd);
  assert.is(device.context.kindOf(id), 'fault');
  assert.is(errnoOf(device.ioctl(io.IOMMU_IOAS_ALLOC, request(12, 0, 0))), 'ok');
});

closing.run();
