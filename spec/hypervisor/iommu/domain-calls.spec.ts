import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_status } from '../../../src/abi/hv/status.js';
import {
  bytes,
  DEVICE,
  domainBytes,
  IommuRig,
  LOGICAL,
  type NamedDomain,
  NULL_ID,
  OTHER,
  pciId,
  qwords,
  range,
  SELF,
  words,
} from './iommu-rig.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_HYPERCALL_CODE: INVALID_CODE,
  HV_STATUS_INVALID_HYPERCALL_INPUT: INVALID_INPUT,
  HV_STATUS_INVALID_ALIGNMENT: INVALID_ALIGNMENT,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_OPERATION_DENIED: OPERATION_DENIED,
  HV_STATUS_UNKNOWN_PROPERTY: UNKNOWN_PROPERTY,
  HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY,
  HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID,
  HV_STATUS_INVALID_DEVICE_ID: INVALID_DEVICE_ID,
  HV_STATUS_INVALID_DEVICE_STATE: INVALID_DEVICE_STATE,
  HV_STATUS_DEVICE_ALREADY_IN_DOMAIN: ALREADY,
  HV_STATUS_KEY_ALREADY_EXISTS: KEY_EXISTS,
} = hv_status;
const ONE = { id: 1 };
const TWO = { id: 2 };

const test = suite('hypervisor: calls of device domains');

test('IOMMU-70 a domain is found by partition, owner VTL, type and id together', () => {
  const rig = new IommuRig({ maxVtl: 1 });
  assert.is(rig.create(ONE), SUCCESS);
  assert.is(rig.create({ ...ONE, vtl: 1 }), SUCCESS);
  assert.is(rig.create({ ...ONE, partition: 1n }), OPERATION_DENIED, 'its own number is the same partition');
  const others: readonly (readonly [NamedDomain, number])[] = [
    [{ id: 2 }, INVALID_PARAMETER],
    [{ ...ONE, type: 1 }, INVALID_PARAMETER],
    [{ ...ONE, type: 2 }, INVALID_PARAMETER],
    [{ ...ONE, vtl: 2 }, INVALID_PARAMETER],
    [{ ...ONE, partition: 7n }, INVALID_PARTITION_ID],
  ];
  for (const [domain, status] of others) {
    assert.is(rig.attach(domain, DEVICE), status);
    assert.equal(rig.map(domain, 0, [1]), [status, 0]);
    assert.equal(rig.unmap(domain, 0, 1), [status, 0]);
    assert.is(rig.delete(domain), status);
  }
  assert.equal(rig.map({ ...ONE, vtl: 1 }, 5, [6]), [SUCCESS, 1]);
  assert.equal(
    rig.iommu.domains.list().map(({ ownerVtl, id, mapped }) => [ownerVtl, id, mapped]),
    [
      [0, 0, 0],
      [0, NULL_ID, 0],
      [1, 0, 0],
      [1, NULL_ID, 0],
      [0, 1, 0],
      [1, 1, 1],
    ],
  );
});

test('IOMMU-70 no domain is made for a VTL that is not there', () => {
  for (const [maxVtl, statuses] of [
    [0, [SUCCESS, INVALID_PARAMETER, INVALID_PARAMETER]],
    [1, [SUCCESS, SUCCESS, INVALID_PARAMETER]],
  ] as const) {
    const rig = new IommuRig({ maxVtl });
    assert.equal(
      [0, 1, 2].map((vtl) => rig.create({ ...ONE, vtl })),
      [...statuses],
    );
    assert.is(rig.iommu.domains.list().filter(({ id }) => id === 1).length, 1 + maxVtl);
  }
});

test('PVI-37 flags of flushes that nobody defined are refused, and nothing is flushed', () => {
  const rig = new IommuRig({}, { isRoot: false });
  const [root, second, third, last] = [0x40000, 0x41000, 0x42000, 0x43000] as const;
  for (const [table, next] of [
    [root, second],
    [second, third],
    [third, last],
    [last, 0x50000],
  ] as const)
    rig.memory.writeU64(table, BigInt(next) | 3n);
  const name = { ...ONE, type: 1 };
  rig.create(name);
  rig.configure(ONE, 1n, BigInt(root));
  rig.attach(name, LOGICAL);
  const isReached = () => rig.iommu.dma.access(LOGICAL, 0n, 1, 'read').ok;
  assert.ok(isReached());
  rig.memory.writeU64(last, 0n);
  for (const flags of [1n, 1n << 31n, 1n << 32n])
    assert.is(rig.call(0xd0, bytes(domainBytes(name), qwords(flags)))[0], INVALID_PARAMETER, `${flags}`);
  for (const flags of [2, 3, 0x8000_0001])
    assert.equal(rig.flushList(ONE, [0n], flags), [INVALID_PARAMETER, 0], `${flags}`);
  assert.ok(isReached(), 'still in the IOTLB');
  assert.is(rig.flush(ONE), SUCCESS);
  assert.not(isReached());
});

test('IOMMU-70 reserved bits of the name are no other name', () => {
  const rig = new IommuRig();
  rig.create(ONE);
  for (const at of [9, 12, 15, 17, 19]) {
    const input = domainBytes(ONE);
    input[at]! |= 0x10;
    assert.is(rig.call(0xc5, input)[0], INVALID_PARAMETER, `byte ${at}`);
  }
});

test('IOMMU-70 a domain that exists is not created again, with the status that the rules name', () => {
  for (const [rules, status] of [
    [{}, OPERATION_DENIED],
    [{ createAgain: KEY_EXISTS }, KEY_EXISTS],
  ] as const) {
    const rig = new IommuRig({ rules });
    assert.is(rig.create(ONE), SUCCESS);
    assert.is(rig.create(ONE), status);
  }
});

test('IOMMU-70 default and null domains are there, not made and not deleted', () => {
  const rig = new IommuRig();
  for (const id of [0, NULL_ID]) {
    assert.is(rig.create({ id }), INVALID_PARAMETER);
    assert.is(rig.delete({ id }), INVALID_PARAMETER);
    assert.equal(rig.map({ id }, 0, [1]), [INVALID_PARAMETER, 0]);
  }
  assert.is(rig.create(ONE, 4), INVALID_PARAMETER, 'flags');
});

test('IOMMU-70 a create call has 28 bytes in one series and 32 in the other', () => {
  const root = new IommuRig();
  const input = bytes(domainBytes(ONE), words(1));
  assert.is(root.call(0xb1, input)[0], SUCCESS);
  const at = 0x1000 - 28;
  for (const [rig, status] of [
    [root, SUCCESS],
    [new IommuRig({}, { isRoot: false }), INVALID_INPUT],
  ] as const) {
    rig.memory.write(0x1000 + at, bytes(domainBytes({ id: 9 }), words(1)));
    rig.gate.hypercall(0xb1, 0, 0x1000 + at, 0);
    // 28 bytes do not start at a multiple of 8 that ends with the page.
    assert.is(rig.gate.resultLo, status === SUCCESS ? INVALID_ALIGNMENT : INVALID_INPUT);
  }
});

test('IOMMU-71 attaching moves a device; where it is already is said', () => {
  const rig = new IommuRig();
  rig.create(ONE);
  rig.create(TWO);
  assert.is(rig.attach({ id: 0 }, DEVICE), ALREADY, 'devices start in the default domain');
  assert.is(rig.attach(ONE, DEVICE), SUCCESS);
  assert.is(rig.attach(ONE, DEVICE), ALREADY);
  assert.is(rig.attach(TWO, DEVICE), SUCCESS);
  assert.is(rig.delete(ONE), SUCCESS, 'nothing is left in it');
  assert.is(rig.attach({ id: NULL_ID }, DEVICE), SUCCESS);
  assert.is(rig.detach(DEVICE), SUCCESS);
  assert.is(rig.attach({ id: 0 }, DEVICE), ALREADY, 'detached is the default domain');
  assert.is(new IommuRig({ rules: { attachAgain: SUCCESS } }).attach({ id: 0 }, DEVICE), SUCCESS);
});

test('IOMMU-71 devices that are not there, or are called by the wrong kind of id, are none', () => {
  const rig = new IommuRig();
  rig.create(ONE);
  for (const id of [pciId(0x99), LOGICAL, DEVICE | (2n << 62n)]) {
    assert.is(rig.attach(ONE, id), INVALID_DEVICE_ID);
    assert.is(rig.detach(id), INVALID_DEVICE_ID);
  }
  assert.is(rig.call(0xc4, qwords(9n, DEVICE))[0], INVALID_PARTITION_ID);
});

test('IOMMU-72 a domain with devices is not deleted, with the status that the rules name', () => {
  for (const [rules, status] of [
    [{}, OPERATION_DENIED],
    [{ deleteBusy: INVALID_DEVICE_STATE }, INVALID_DEVICE_STATE],
  ] as const) {
    const rig = new IommuRig({ rules });
    rig.create(ONE);
    rig.attach(ONE, DEVICE);
    assert.is(rig.delete(ONE), status);
    rig.attach({ id: 0 }, DEVICE);
    assert.is(rig.delete(ONE), SUCCESS);
    assert.is(rig.delete(ONE), INVALID_PARAMETER);
  }
});

test('IOMMU-74 input is 8-aligned and does not cross a page', () => {
  const rig = new IommuRig();
  rig.create(ONE);
  const at = (control: readonly [number, number], gpa: number) => {
    rig.gate.hypercall(control[0], control[1], gpa, 0);
    return rig.gate.resultLo;
  };
  assert.is(at([0xc5, 0], 0x1004), INVALID_ALIGNMENT);
  assert.is(at([0xc5, 0], 0x1ff0), INVALID_INPUT);
  assert.is(at([0xb3, 508], 0x1000), INVALID_INPUT, '508 frames do not fit');
  assert.is(at([0xb3, 507], 0x1008), INVALID_INPUT);
  assert.is(at([0xb3, 0], 0x1000), INVALID_INPUT, 'a rep call without reps');
  assert.is(at([0xb4, 0x1000], 0x1000), INVALID_INPUT, 'a count of 4096 is a reserved bit');
  assert.equal(rig.map(ONE, 0, range(0, 507)), [SUCCESS, 507]);
});

test('0x82 and 0x83 give a device to a partition and take it back', () => {
  const GUEST = 0x42n;
  const rig = new IommuRig({ guestPartitions: [GUEST], pagesPerAttachment: 2 });
  const attach = (partition: bigint, deviceId: bigint, flags: number, logicalId: bigint) =>
    rig.call(0x82, bytes(qwords(partition, deviceId), words(flags, 0), qwords(logicalId, 0n)))[0];
  const detach = (partition: bigint, logicalId: bigint) => rig.call(0x83, qwords(partition, logicalId))[0];
  assert.is(attach(GUEST, DEVICE, 1, 0x18n), INSUFFICIENT_MEMORY);
  assert.equal(rig.deposit(GUEST, 0x40), [SUCCESS, 1]);
  assert.is(attach(GUEST, DEVICE, 1, 0x18n), INSUFFICIENT_MEMORY);
  assert.equal(rig.deposit(GUEST, 0x41), [SUCCESS, 1]);
  for (const [partition, device, flags, status] of [
    [SELF, DEVICE, 1, INVALID_PARTITION_ID],
    [0x43n, DEVICE, 1, INVALID_PARTITION_ID],
    [GUEST, LOGICAL, 1, INVALID_DEVICE_ID],
    [GUEST, DEVICE, 0, INVALID_PARAMETER],
    [GUEST, DEVICE, 0x101, INVALID_PARAMETER],
    [GUEST, DEVICE, 1, SUCCESS],
    [GUEST, DEVICE, 1, INSUFFICIENT_MEMORY],
  ] as const)
    assert.is(attach(partition, device, flags, 0x18n), status);
  assert.is(rig.attach({ id: NULL_ID }, DEVICE), INVALID_DEVICE_STATE);
  assert.is(rig.detach(DEVICE), INVALID_DEVICE_STATE);
  const reached = rig.iommu.dma.access(DEVICE, 0x5008n, 8, 'write');
  assert.equal(reached, {
    ok: true,
    partitionId: GUEST,
    segments: [{ iova: 0x5008n, gpa: 0x5008, length: 8 }],
    staleTlbHits: 0,
  });
  assert.is(detach(GUEST, 0x19n), INVALID_PARAMETER);
  assert.is(detach(0x43n, 0x18n), INVALID_PARTITION_ID);
  assert.is(detach(GUEST, 0x18n), SUCCESS);
  assert.is(detach(GUEST, 0x18n), INVALID_PARAMETER);
  assert.is(attach(GUEST, OTHER, 1, 0x18n), SUCCESS, 'the two pages are free again');
});

test('0x82: a device is given once, a logical id of a partition as well; a device that is gone costs nothing', () => {
  const GUEST = 0x42n;
  const rig = new IommuRig({ guestPartitions: [GUEST, 0x43n], pagesPerAttachment: 2 });
  const attach = (partition: bigint, deviceId: bigint, logicalId: bigint) =>
    rig.call(0x82, bytes(qwords(partition, deviceId), words(1, 0), qwords(logicalId, 0n)))[0];
  for (const partition of [GUEST, 0x43n])
    assert.equal(rig.deposit(partition, ...range(partition === GUEST ? 0x40 : 0x50, 2)), [SUCCESS, 2]);
  assert.is(attach(GUEST, DEVICE, 0x18n), SUCCESS);
  assert.equal(rig.deposit(GUEST, 0x60, 0x61), [SUCCESS, 2]);
  assert.is(attach(GUEST, DEVICE, 0x18n), INVALID_PARAMETER);
  assert.is(attach(GUEST, DEVICE, 0x19n), INVALID_PARAMETER, 'the device is given already');
  assert.is(attach(0x43n, DEVICE, 0x18n), INVALID_PARAMETER, 'to another partition, too');
  assert.is(attach(GUEST, OTHER, 0x18n), INVALID_PARAMETER, 'the logical id is another device’s');
  assert.is(attach(GUEST, OTHER, 0x20n), SUCCESS);
  rig.iommu.domains.removeDevice(DEVICE);
  rig.iommu.domains.addDevice(DEVICE);
  assert.is(attach(GUEST, DEVICE, 0x18n), SUCCESS, 'with the pages that came back, and under the same id');
  assert.is(rig.call(0x83, qwords(GUEST, 0x20n))[0], SUCCESS);
});

for (const isRoot of [false, true])
  test(`an L1VH partition attaches directly, by logical ids, and has no domains (other root calls: ${isRoot})`, () => {
    const rig = new IommuRig({ isL1vh: true, guestPartitions: [0x42n], pagesPerAttachment: 2 }, { isRoot });
    const attach = (id: bigint) => rig.call(0x82, bytes(qwords(0x42n, id), words(1, 0), qwords(id, 0n)))[0];
    assert.is(attach(DEVICE), INVALID_DEVICE_ID);
    for (const frame of [0x40, 0x41]) {
      assert.is(attach(LOGICAL), INSUFFICIENT_MEMORY);
      assert.equal(rig.deposit(0x42n, frame), [SUCCESS, 1]);
    }
    assert.is(attach(LOGICAL), SUCCESS);
    assert.is(rig.create({ id: 1 }), INVALID_CODE);
    assert.is(rig.call(0x125, qwords(SELF, 0n))[0], SUCCESS);
    assert.is(rig.hex(0x2008, 8), '0300000000000000');
  });

test('PVI-50 a guest is told its capabilities; its domains are of the first stage and configured before use', () => {
  const rig = new IommuRig({ capabilities: { maxIovaWidth: 57 } }, { isRoot: false });
  assert.is(rig.call(0x125, qwords(SELF, 0n))[0], SUCCESS);
  assert.is(rig.hex(0x2000, 24), '18000000' + '0000' + '3900' + '0d00000000000000' + '0010204000000000');
  assert.is(rig.call(0x125, qwords(7n, 0n))[0], INVALID_PARTITION_ID);
  assert.is(rig.create(ONE), INVALID_PARAMETER, 'second stage');
  const domain = { ...ONE, type: 1 };
  assert.is(rig.create(domain), SUCCESS);
  assert.is(rig.attach(domain, LOGICAL), INVALID_PARAMETER, 'not configured');
  for (const [flags, root, status] of [
    [8n, 0n, INVALID_PARAMETER],
    [2n, 0n, INVALID_PARAMETER],
    [1n, 0x800n, INVALID_PARAMETER],
    [5n, 0x8000n, SUCCESS],
  ] as const)
    assert.is(rig.configure(ONE, flags, root), status);
  assert.equal(rig.iommu.domains.list()[0]!.settings, {
    isTranslating: true,
    isBlocked: false,
    levels: 5,
    root: 0x8000,
  });
  assert.is(rig.attach(domain, DEVICE), INVALID_DEVICE_ID, 'a PCI id');
  assert.is(rig.attach(domain, LOGICAL), SUCCESS);
  assert.is(rig.delete(domain), OPERATION_DENIED);
  rig.iommu.domains.removeDevice(LOGICAL);
  assert.is(rig.delete(domain), SUCCESS, 'a rescinded device is in no domain (PVI-25)');
  assert.equal(rig.map(domain, 0, [1]), [INVALID_CODE, 0]);
});

test('PVI-50 the root is told what it has', () => {
  const rig = new IommuRig();
  rig.call(0x125, qwords(SELF, 0n));
  assert.is(rig.hex(0x2000, 24), '180000000000300003000000000000000010000000000000');
});

test('0x127 tells whether a device is behind the IOMMU', () => {
  const rig = new IommuRig({ devices: [LOGICAL, 5n], enabled: (id) => id === LOGICAL }, { isRoot: false });
  const ask = (id: bigint, code = 10, partition = SELF) =>
    rig.call(0x127, bytes(qwords(partition, id), words(code, 0)))[0];
  assert.is(ask(LOGICAL), SUCCESS);
  assert.is(rig.hex(0x2000, 16), '01000000000000000000000000000000');
  assert.is(ask(5n), SUCCESS);
  assert.is(rig.hex(0x2000, 16), '00000000000000000000000000000000');
  assert.is(ask(6n), INVALID_DEVICE_ID);
  assert.is(ask(LOGICAL, 9), UNKNOWN_PROPERTY);
  assert.is(ask(LOGICAL, 10, 7n), INVALID_PARTITION_ID);
});

test('without the option no call of the family is served', () => {
  const rig = new IommuRig();
  const served = rig.partition.calls.codes();
  const family = [0x82, 0x83, 0xb1, 0xb2, 0xb3, 0xb4, 0xc4, 0xc5, 0xce, 0xd0, 0xd1, 0x125, 0x127];
  assert.equal(
    family.filter((code) => !served.includes(code)),
    [],
  );
  const { iommu: _, ...plain } = rig.partition.options;
  const bare = new (rig.partition.constructor as new (options: typeof plain) => typeof rig.partition)(plain);
  assert.is(bare.iommu, undefined);
  assert.equal(
    family.filter((code) => bare.calls.codes().includes(code)),
    [],
  );
});

test('a call fails as a whole where the rig says so, with nothing done', () => {
  const rig = new IommuRig({ failAt: ({ code }) => (code === 0xc4 || code === 0xc5 ? 0x71 : undefined) });
  rig.create(ONE);
  rig.attach(ONE, DEVICE);
  assert.is(rig.detach(DEVICE), 0x71);
  assert.is(rig.attach(ONE, DEVICE), ALREADY);
  assert.is(rig.delete(ONE), 0x71);
});

test.run();
