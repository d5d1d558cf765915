import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AbiError } from '../../src/bytes/errors.js';
import { numberOf, READING_KINDS, readings } from '../../src/capture/readings.js';

const test = suite('capture: readings');

const best: readonly { value: string; kind: string; title: RegExp }[] = [
  { value: '0x1fb000000b3', kind: 'control', title: /HVCALL_MAP_DEVICE_GPA_PAGES/ },
  { value: '0x4007e', kind: 'control', title: /HVCALL_RETARGET_INTERRUPT/ },
  { value: '0x1005d', kind: 'control', title: /HVCALL_SIGNAL_EVENT/ },
  { value: '0x1f00000000b', kind: 'result', title: /HV_STATUS_INSUFFICIENT_MEMORY after 496 reps/ },
  { value: '0xb', kind: 'status', title: /HV_STATUS_INSUFFICIENT_MEMORY/ },
  { value: '0x0', kind: 'status', title: /HV_STATUS_SUCCESS/ },
  { value: '0xb3', kind: 'call-code', title: /HVCALL_MAP_DEVICE_GPA_PAGES/ },
  { value: '0x40000001', kind: 'msr', title: /HV_X64_MSR_HYPERCALL/ },
  { value: '0x4000000000000018', kind: 'device-id', title: /^PCI device id 0000:00:03\.0$/ },
  { value: '0x4000000000010300', kind: 'device-id', title: /^PCI device id 0001:03:00\.0$/ },
  { value: '0x8000000000000000', kind: 'device-id', title: /^I\/O APIC device id 0$/ },
  { value: '0x37a94e00', kind: 'device-id', title: /^logical device id 0x37a94e00$/ },
  { value: '0xffffffffa84b42c0', kind: 'device-id', title: /^logical device id 0xa84b42c0, sign-extended$/ },
  { value: '0xfee01000', kind: 'msi-address', title: /APIC id 1/ },
  { value: '0x3b93', kind: 'ioctl', title: /IOMMU_VEVENTQ_ALLOC/ },
  { value: '15232', kind: 'ioctl', title: /IOMMU_DESTROY/ },
  { value: '0x42490017', kind: 'vpci-message', title: /PCI_CREATE_INTERRUPT_MESSAGE2/ },
  { value: '0x10004', kind: 'vpci-version', title: /1\.4/ },
  { value: '0x50003', kind: 'vmbus-version', title: /5\.3/ },
  { value: '0x80000010', kind: 'synic-message', title: /HVMSG_TIMER_EXPIRED/ },
  { value: '0xc0000059', kind: 'ntstatus', title: /STATUS_REVISION_MISMATCH/ },
  { value: '0x810000060c750000', kind: 'guest-os-id', title: /Linux 6\.12\.117/ },
  { value: '0x90002', kind: 'register', title: /HV_REGISTER_GUEST_OS_ID/ },
  { value: '0xffffffffffffffff', kind: 'partition-id', title: /HV_PARTITION_ID_SELF/ },
  { value: '44c4f61d-4444-4400-9d52-802e27ede19f', kind: 'guid', title: /HV_PCIE_GUID/ },
  { value: '{44C4F61D-4444-4400-9D52-802E27EDE19F}', kind: 'guid', title: /HV_PCIE_GUID/ },
];

for (const { value, kind, title } of best) {
  test(`${value} is first of all a ${kind}`, () => {
    const [first] = readings(value);
    assert.is(first?.kind, kind);
    assert.match(first?.title ?? '', title);
  });
}

test('likelier readings stand in front', () => {
  for (const value of ['0xb', '0x10004', '0x21', '0x0']) {
    const found = readings(value).map((reading) => reading.likely);
    assert.equal(
      found,
      [...found].sort((a, b) => b - a),
    );
    assert.ok(found.length >= 1);
  }
});

test('an ioctl says what it takes, and what its number stood for once', () => {
  const notes = (value: string): readonly string[] => readings(value)[0]?.notes ?? [];
  assert.equal(notes('0x3b80'), ['takes iommu_destroy: 8 bytes']);
  assert.equal(notes('0x3b90'), [
    'takes iommu_viommu_alloc: 40 bytes, 24 at least',
    'IOMMU_VIOMMU_SET_VDEV_ID in the series of 2024',
  ]);
});

test('an event of the SMMUv3 is one reading of a small number, or the one asked for', () => {
  for (const [value, name] of [
    ['0x10', 'EVT_ID_TRANSLATION_FAULT'],
    ['0x25', 'EVT_ID_VMS_FETCH_FAULT'],
  ] as const)
    assert.ok(
      readings(value).some((one) => one.kind === 'smmuv3-event' && one.title.endsWith(name)),
      value,
    );
  assert.match(readings('2', { as: 'smmuv3-event' })[0]?.title ?? '', /EVT_ID_BAD_STREAMID_CONFIG$/);
  assert.match(readings('1', { as: 'smmuv3-event' })[0]?.title ?? '', /no source names/);
});

test('every kind reads any number when it is asked for', () => {
  for (const as of READING_KINDS.filter((kind) => kind !== 'guid')) {
    for (const value of ['0', '0xffffffffffffffff', '0x123456789abcdef0']) {
      const found = readings(value, { as });
      assert.is(found.length, 1, as);
      assert.is(found[0]?.kind, as);
    }
  }
});

const notes: readonly { value: string; note: RegExp }[] = [
  { value: '0x1000000000b4', note: /reserved bits are set: 0x100000000000/ },
  { value: '0xb4', note: /is a rep call, the rep count is 0/ },
  { value: '0x1fc000000b3', note: /508 reps do not fit: the input page holds 507/ },
  { value: '0x10000005c', note: /takes no reps/ },
  { value: '0x640064000000b3', note: /rep start 100 is not below the rep count 100/ },
  { value: '0x2005c', note: /has no variable header, the word claims 1 qwords/ },
];

for (const { value, note } of notes) {
  test(`a control word that contradicts its call says so: ${value}`, () => {
    const [reading] = readings(value, { as: 'control' });
    assert.ok(
      reading?.notes.some((text) => note.test(text)),
      reading?.notes.join('; '),
    );
  });
}

test('bits of a control word', () => {
  const [reading] = readings('0x6401fa000000b3', { as: 'control' });
  const field = (name: string): unknown => reading?.fields.find((one) => one.name === name)?.value;
  assert.equal([field('code'), field('fast'), field('rep count'), field('rep start')], [0xb3, 0, 506, 100]);
});

test('the value of a register, by its name; of a struct, by its', () => {
  const fields = (as: string, arch?: 'arm64'): string[] =>
    readings('0x15f5001', { as, ...(arch ? { arch } : {}) })[0]?.fields.map((f) => `${f.name}=${f.value}`) ?? [];
  assert.equal(fields('HV_X64_MSR_HYPERCALL'), ['enable=1', 'reserved=0', 'guest_physical_address=5621']);
  assert.equal(fields('hv_vp_assist_msr_contents'), ['enable=1', 'reserved=0', 'pfn=5621']);
});

test('an instance GUID gives the numbers that pci-hyperv makes of it', () => {
  const values = readings('8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18')[0]?.fields.map((f) => f.value);
  assert.equal(values, ['c6 b1 d2 8f a9 37 05 4e b2 d4 6a 91 5c e0 7f 18', 0x37a9, '0x0000000037a94e00']);
});

const refused: readonly { value: string; as?: string; code: string }[] = [
  { value: 'hello', code: 'E_TYPE' },
  { value: '0x', code: 'E_TYPE' },
  { value: '-1', code: 'E_TYPE' },
  { value: '0x10000000000000000', code: 'E_RANGE' },
  { value: '1', as: 'guid', code: 'E_TYPE' },
  { value: '1', as: 'colour', code: 'E_UNKNOWN_NAME' },
  { value: '1', as: 'hv_message', code: 'E_TYPE' },
];

for (const { value, as, code } of refused) {
  test(`refused: ${value}${as ? ` as ${as}` : ''}`, () => {
    assert.throws(
      () => readings(value, as ? { as } : {}),
      (error: unknown) => error instanceof AbiError && error.code === code,
    );
  });
}

test('numbers as debuggers write them', () => {
  assert.is(numberOf('0x000001fb`000000b3'), 0x1fb000000b3n);
  assert.is(numberOf('0x1fb_0000_00b3'), 0x1fb000000b3n);
  assert.is(numberOf('92'), 92n);
});

test.run();
