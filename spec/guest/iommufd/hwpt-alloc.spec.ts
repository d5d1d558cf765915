import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommufd_hwpt_alloc_flags } from '../../../src/abi/iommufd/hwpt.js';
import { errnoOf, got, nestedMachine, physical, STE, smmu, WITH_STE } from './machine.js';

const hwpts = suite('iommufd page tables');
const NEST = iommufd_hwpt_alloc_flags.IOMMU_HWPT_ALLOC_NEST_PARENT;
const FAULT = iommufd_hwpt_alloc_flags.IOMMU_HWPT_FAULT_ID_VALID;
const DIRTY = iommufd_hwpt_alloc_flags.IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
const PASID = iommufd_hwpt_alloc_flags.IOMMU_HWPT_ALLOC_PASID;

hwpts('what is refused, and with which error first', () => {
  const iommu = smmu('smmu0', { nestsOnPageTables: true, nestedPasid: true });
  const { context, device, ioas, parent, viommu, nested, fault } = nestedMachine({}, iommu);
  const foreign = got(context.bindDevice(physical(smmu('smmu1', { nestsOnPageTables: true }), 1)));
  const tracking = got(context.bindDevice(physical(smmu('smmu2', { dirtyTracking: true }), 1)));
  const plain = got(context.allocHwpt({ deviceId: device, ptId: ioas }));
  const ask = { deviceId: device, ptId: ioas };
  const nest = { deviceId: device, ptId: viommu, ...WITH_STE };
  const rows = [
    // The device, then what the page table is on, then the flags.
    ['ENOENT', { ...ask, deviceId: 99, flags: 0x10 }],
    ['EINVAL', { ...ask, ptId: 99, flags: 0x10 }],
    ['EINVAL', { ...nest, ptId: nested, flags: NEST }],
    ['EINVAL', { ...ask, ptId: fault }],
    ['EINVAL', { ...ask, ptId: device }],
    ['EINVAL', { ...nest, deviceId: foreign, flags: NEST }],
    ['EOPNOTSUPP', { ...ask, flags: 0x10 }],
    ['EOPNOTSUPP', { ...ask, flags: NEST | FAULT, faultId: fault }],
    ['EOPNOTSUPP', { ...ask, flags: DIRTY }],
    ['ok', { deviceId: tracking, ptId: ioas, flags: DIRTY }],
    ['EOPNOTSUPP', { ...nest, flags: NEST, ptId: parent }],
    ['EOPNOTSUPP', { ...nest, deviceId: foreign, ptId: parent, flags: NEST }],
    ['EINVAL', { ...nest, deviceId: foreign, ptId: parent }],
    ['EINVAL', { ...nest, ptId: plain }],
    // A structure of the driver: with a type and a length, or without both.
    ['EINVAL', { ...ask, dataType: STE.type }],
    ['EINVAL', { ...ask, dataLength: STE.bytes, deviceId: 99 }],
    ['EOPNOTSUPP', { ...ask, ...WITH_STE }],
    ['EOPNOTSUPP', { deviceId: device, ptId: viommu }],
    ['EOPNOTSUPP', { deviceId: device, ptId: parent }],
    ['EINVAL', { ...nest, dataType: 1 }],
    ['EINVAL', { ...nest, dataLength: STE.bytes - 1 }],
    ['ok', { ...nest, dataLength: STE.bytes + 8 }],
    ['ENOENT', { ...ask, flags: FAULT, faultId: ioas }],
    ['ok', { ...nest, ptId: parent }],
    ['ok', { ...ask, flags: FAULT, faultId: fault }],
    ['ok', { ...ask, flags: PASID }],
    ['ok', { ...nest, flags: PASID | FAULT, faultId: fault }],
  ] as const;
  for (const [errno, row] of rows) assert.is(errnoOf(context.allocHwpt(row)), errno, JSON.stringify(row));
  assert.is(errnoOf(context.attachDevice(foreign, nested)), 'EINVAL');
  assert.is(errnoOf(context.attachDevice(device, viommu)), 'EINVAL');
});

hwpts('an SMMUv3 nests on virtual IOMMUs alone, and takes no flag of a PASID there', () => {
  const { context, device, ioas, parent, viommu, fault } = nestedMachine();
  const plain = got(context.allocHwpt({ deviceId: device, ptId: ioas }));
  const nest = { deviceId: device, ptId: viommu, ...WITH_STE };
  const rows = [
    ['EOPNOTSUPP', { ...nest, ptId: parent }],
    // Before anybody looks at what the parent is.
    ['EOPNOTSUPP', { ...nest, ptId: plain }],
    ['EOPNOTSUPP', { ...nest, flags: PASID }],
    ['EOPNOTSUPP', { ...nest, flags: PASID | FAULT, faultId: fault }],
    // And before it looks at the structure.
    ['EOPNOTSUPP', { ...nest, flags: PASID, dataType: 1 }],
    ['ok', { ...nest, flags: FAULT, faultId: fault }],
    ['ok', { deviceId: device, ptId: ioas, flags: PASID | NEST }],
  ] as const;
  for (const [errno, row] of rows) assert.is(errnoOf(context.allocHwpt(row)), errno, JSON.stringify(row));
});

hwpts('each of the two is a matter of its own', () => {
  const { context, device, parent, viommu } = nestedMachine({}, smmu('smmu0', { nestsOnPageTables: true }));
  const ask = { deviceId: device, ...WITH_STE };
  assert.is(errnoOf(context.allocHwpt({ ...ask, ptId: parent })), 'ok');
  for (const ptId of [parent, viommu])
    assert.is(errnoOf(context.allocHwpt({ ...ask, ptId, flags: PASID })), 'EOPNOTSUPP');
});

hwpts(
  'VIO-04 a dead id: ENOENT where a device is attached to it, EINVAL where a page table is to be made on it',
  () => {
    const { context, device, iommu, viommu } = nestedMachine();
    const second = got(context.bindDevice(physical(iommu, 0x22)));
    const dead = got(context.allocVdevice({ viommuId: viommu, deviceId: second, virtId: 1n }));
    got(context.unbindDevice(second));
    assert.is(errnoOf(context.attachDevice(device, dead)), 'ENOENT');
    for (const ptId of [dead, 99]) assert.is(errnoOf(context.allocHwpt({ deviceId: device, ptId })), 'EINVAL');
  },
);

hwpts.run();
