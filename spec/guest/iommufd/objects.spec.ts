import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IommufdContext } from '../../../src/guest/iommufd/iommufd-context.js';
import type { ViommuHandle } from '../../../src/guest/iommufd/viommu-handle.js';
import { errnoOf, got, nestedMachine, physical, SMMU_TYPE, smmu } from './machine.js';

const objects = suite('iommufd objects');

const handle = (context: IommufdContext, id: number): ViommuHandle => {
  const viommu = context.viommu(id);
  if (viommu === undefined) throw new Error('no virtual IOMMU');
  return viommu;
};

objects('ids ascend from 1, per context, and the lowest free one is next', () => {
  const one = new IommufdContext();
  const two = new IommufdContext();
  assert.equal(
    [1, 2, 3, 4].map(() => got(one.allocIoas())),
    [1, 2, 3, 4],
  );
  assert.is(got(two.allocFault()), 1);
  for (const id of [3, 2]) assert.is(errnoOf(one.destroy(id)), 'ok');
  assert.is(errnoOf(one.destroy(2)), 'ENOENT');
  assert.equal(
    [1, 2, 3].map(() => got(one.allocFault())),
    [2, 3, 5],
  );
  assert.is(one.kindOf(2), 'fault');
  assert.is(one.kindOf(9), undefined);
});

objects('VIO-01 DEVICE and VDEVICE are two objects: each has an id of its own, and goes alone', () => {
  const { context, device, viommu } = nestedMachine();
  const vdevice = got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 0x77n }));
  assert.is.not(vdevice, device);
  assert.equal([context.kindOf(device), context.kindOf(vdevice)], ['device', 'vdevice']);
  assert.is(errnoOf(context.destroy(vdevice)), 'ok');
  assert.is(context.kindOf(device), 'device');
});

objects('VIO-02 allocating a VIOMMU: what is refused, and with which error first', () => {
  const { context, device, ioas, parent, nested } = nestedMachine();
  const plain = got(context.allocHwpt({ deviceId: device, ptId: ioas }));
  const other = got(context.bindDevice(physical(smmu('none', { viommuTypes: [] }), 1)));
  const ask = { type: SMMU_TYPE, deviceId: device, hwptId: parent };
  const rows = [
    ['EOPNOTSUPP', { ...ask, flags: 1 }],
    ['EOPNOTSUPP', { ...ask, type: 0 }],
    ['EOPNOTSUPP', { ...ask, type: 0, hwptId: 99 }],
    ['EOPNOTSUPP', { ...ask, type: 2 }],
    ['EOPNOTSUPP', { ...ask, deviceId: other, hwptId: plain }],
    ['EINVAL', { ...ask, hwptId: plain }],
    ['ENOENT', { ...ask, hwptId: ioas }],
    ['ENOENT', { ...ask, hwptId: nested }],
    ['ENOENT', { ...ask, deviceId: 99 }],
    ['ok', ask],
  ] as const;
  for (const [errno, row] of rows) assert.is(errnoOf(context.allocViommu(row)), errno, JSON.stringify(row));
});

objects('VIO-02 VIO-04 what an object holds cannot be destroyed before it', () => {
  const { context, ioas, device, parent, viommu, fault, nested } = nestedMachine();
  const vdevice = got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 1n }));
  const veventq = got(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 4 }));
  got(context.attachDevice(device, nested));
  for (const id of [ioas, parent, viommu, fault, nested, device]) assert.is(errnoOf(context.destroy(id)), 'EBUSY');
  assert.is(errnoOf(context.detachDevice(device)), 'ok');
  for (const id of [nested, fault, vdevice]) assert.is(errnoOf(context.destroy(id)), 'ok');
  assert.is(errnoOf(context.destroy(viommu)), 'EBUSY');
  for (const id of [veventq, viommu, parent, ioas]) assert.is(errnoOf(context.destroy(id)), 'ok');
  assert.is(errnoOf(context.unbindDevice(device)), 'ok');
  assert.is(context.taken, 0);
});

objects('VIO-03 allocating a VDEVICE: what is refused', () => {
  const { context, device, iommu, viommu } = nestedMachine();
  const second = got(context.bindDevice(physical(iommu, 0x22)));
  const foreign = got(context.bindDevice(physical(smmu('smmu1'), 0x21)));
  const ask = { viommuId: viommu, deviceId: device, virtId: 5n };
  const rows = [
    ['EINVAL', { ...ask, deviceId: foreign }],
    ['EINVAL', { ...ask, virtId: 1n << 32n }],
    ['ENOENT', { ...ask, viommuId: device }],
    ['ok', ask],
    ['EEXIST', { ...ask, virtId: 6n }],
    ['EEXIST', { ...ask, deviceId: second }],
    ['ok', { ...ask, deviceId: second, virtId: 0xffff_ffffn }],
  ] as const;
  for (const [errno, row] of rows) assert.is(errnoOf(context.allocVdevice(row)), errno, String(row.virtId));
});

objects('VIO-03 an id space of 64 bits takes all of them', () => {
  const { context, device, viommu } = nestedMachine({}, smmu('wide', { virtIdBits: 64 }));
  assert.is(errnoOf(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: (1n << 64n) - 1n })), 'ok');
});

objects('VIO-03 a device that is being destroyed gets no VDEVICE', () => {
  const { context, device, viommu, nested } = nestedMachine();
  got(context.attachDevice(device, nested));
  const seen: string[] = [];
  const request = { grpid: 1, perm: 1, address: 0n, last: true };
  got(
    context.reportPageRequest(device, request, (answer) => {
      seen.push(answer, errnoOf(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 1n })));
      seen.push(errnoOf(context.unbindDevice(device)));
    }),
  );
  got(context.unbindDevice(device));
  assert.equal(seen, ['invalid', 'ENOENT', 'ENOENT']);
});

objects(
  'VIO-04 unbinding a DEVICE destroys its VDEVICE by force and leaves its id dead until it is destroyed once',
  () => {
    const { context, device, iommu, viommu } = nestedMachine();
    const vdevice = got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 5n }));
    assert.is(errnoOf(context.unbindDevice(device)), 'ok');
    assert.is(context.kindOf(vdevice), undefined);
    assert.is(errnoOf(context.attachDevice(vdevice, vdevice)), 'ENOENT');
    // The device's own id is free at once, the dead one is not.
    assert.is(got(context.bindDevice(physical(iommu, 0x30))), device);
    assert.is.not(got(context.allocIoas()), vdevice);
    assert.is(errnoOf(context.destroy(vdevice)), 'ok');
    assert.is(errnoOf(context.destroy(vdevice)), 'ENOENT');
    assert.is(got(context.allocIoas()), vdevice);
    assert.is(
      handle(context, viommu).withVdevices((lookup) => lookup.findDevice(5n)),
      null,
    );
  },
);

objects('VIO-05 lookups are good under the lock alone, and nothing changes there', () => {
  const { context, device, host, iommu, viommu } = nestedMachine();
  const vdevice = got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 5n }));
  const second = got(context.bindDevice(physical(iommu, 0x22)));
  const kept = handle(context, viommu).withVdevices((lookup) => {
    assert.is(lookup.findDevice(5n), host);
    assert.throws(() => context.destroy(vdevice), /lock/);
    assert.throws(() => context.unbindDevice(device), /lock/);
    const ask = { viommuId: viommu, deviceId: second, virtId: 6n };
    assert.throws(() => context.allocVdevice(ask), /lock/);
    return lookup;
  });
  assert.is(kept.findDevice(5n), null);
  assert.is(errnoOf(kept.vdevId(host)), 'ENOENT');
  assert.is(errnoOf(context.destroy(vdevice)), 'ok');
});

objects('VIO-06 VIO-07 both directions, with the virtual id 0', () => {
  const { context, device, host, iommu, viommu } = nestedMachine();
  const stranger = physical(iommu, 0x55);
  handle(context, viommu).withVdevices((lookup) => assert.is(errnoOf(lookup.vdevId(host)), 'ENOENT'));
  got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 0n }));
  handle(context, viommu).withVdevices((lookup) => {
    assert.is(lookup.findDevice(0n), host);
    assert.is(lookup.findDevice(1n), null);
    assert.equal(lookup.vdevId(host), { ok: true, value: 0n });
    assert.is(errnoOf(lookup.vdevId(stranger)), 'ENOENT');
    assert.is(errnoOf(lookup.vdevId(null)), 'EINVAL');
  });
});

objects('VIO-06 VIO-07 a destroyed VDEVICE is found in neither direction, and its virtual id is free', () => {
  const { context, device, host, viommu } = nestedMachine();
  const ask = { viommuId: viommu, deviceId: device, virtId: 3n };
  got(context.destroy(got(context.allocVdevice(ask))));
  handle(context, viommu).withVdevices((lookup) => {
    assert.is(lookup.findDevice(3n), null);
    assert.is(errnoOf(lookup.vdevId(host)), 'ENOENT');
  });
  assert.is(errnoOf(context.allocVdevice(ask)), 'ok');
});

objects('VIO-07 S3 a lookup that returns the id itself cannot tell id 0 from no id; ours does', () => {
  const { context, device, host, iommu, viommu } = nestedMachine();
  got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 0n }));
  const stranger = physical(iommu, 0x55);
  handle(context, viommu).withVdevices((lookup) => {
    const criticised = (asked: typeof host): bigint => {
      const reply = lookup.vdevId(asked);
      return reply.ok ? reply.value : 0n;
    };
    assert.is(criticised(host), criticised(stranger));
    assert.not.equal(lookup.vdevId(host), lookup.vdevId(stranger));
  });
});

objects('VIO-08 the reverse lookup knows the devices of this virtual IOMMU alone', () => {
  const { context, device, host, iommu, parent, viommu } = nestedMachine();
  const other = got(context.allocViommu({ type: SMMU_TYPE, deviceId: device, hwptId: parent }));
  const second = physical(iommu, 0x22);
  const secondId = got(context.bindDevice(second));
  got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 7n }));
  got(context.allocVdevice({ viommuId: other, deviceId: secondId, virtId: 7n }));
  handle(context, viommu).withVdevices((lookup) => {
    assert.equal(lookup.vdevId(host), { ok: true, value: 7n });
    assert.is(errnoOf(lookup.vdevId(second)), 'ENOENT');
  });
  handle(context, other).withVdevices((lookup) => assert.is(lookup.findDevice(7n), second));
});

objects('VIO-09 a driver gets a handle: no object of iommufd is reachable from it', () => {
  const { context, device, host, viommu } = nestedMachine();
  got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 7n }));
  const seen = handle(context, viommu);
  assert.equal(Object.keys(seen).sort(), ['reportEvent', 'type', 'withVdevices']);
  assert.equal(
    seen.withVdevices((lookup) => [Object.keys(lookup).sort(), lookup.findDevice(7n) === host]),
    [['findDevice', 'vdevId'], true],
  );
});

objects('VIO-04 dead ids that Linux keeps: ENOENT for ever, and free when the context closes', () => {
  const { context, device, viommu } = nestedMachine({ deadIds: 'kept' });
  const vdevice = got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 1n }));
  assert.is(errnoOf(context.unbindDevice(device)), 'ok');
  for (let n = 0; n < 2; n++) assert.is(errnoOf(context.destroy(vdevice)), 'ENOENT');
  const next = [got(context.allocIoas()), got(context.allocIoas())];
  assert.not.ok(next.includes(vdevice), `${next}`);
  assert.equal(context.close(), []);
  assert.is(context.taken, 0);
});

objects('a device on an IOAS has a page table of its own making, gone with the last device', () => {
  const context = new IommufdContext();
  const iommu = smmu();
  const ioas = got(context.allocIoas());
  const [a, b] = [1, 2].map((stream) => got(context.bindDevice(physical(iommu, stream)))) as [number, number];
  const hwpt = got(context.attachDevice(a, ioas));
  assert.is(got(context.attachDevice(b, ioas)), hwpt);
  assert.is(got(context.attachDevice(b, ioas)), hwpt);
  assert.equal([errnoOf(context.destroy(hwpt)), errnoOf(context.destroy(ioas))], ['EBUSY', 'EBUSY']);
  got(context.detachDevice(a));
  assert.is(context.kindOf(hwpt), 'hwpt');
  got(context.unbindDevice(b));
  assert.is(context.kindOf(hwpt), undefined);
  assert.is(errnoOf(context.destroy(ioas)), 'ok');
  assert.is(errnoOf(context.bindDevice(physical(iommu, 1))), 'EBUSY');
});

objects.run();
