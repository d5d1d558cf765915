import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/capture/decoder.js';
import { at } from '../support/captures.js';
import { u32, u64, zeros } from '../support/trace-events.js';
import { ioctl, last, lastOf } from './iommufd-trace.js';

const old = suite('capture: requests of the iommufd series of 2024 (VIO-40)');

const ABI = { abi: 'series-2024' };
const setVdevId = u32(24) + u32(4) + u32(1) + u32(0) + u64(0x21n);
const virq = (id: number, fd: number): string => u32(24) + u32(0) + u32(4) + u32(1) + u32(id) + u32(fd);
const opened = ioctl(0x3b92, virq(0, 0), { out: virq(7, 5) });
const record = (stream: number, id = 0x10): string => u32(id) + u32(stream) + u64(0) + u64(0x4000n) + u64(0);
const read = (raw: string, more: Record<string, unknown> = {}): Event => ({ k: 'fd_read', fd: 5, raw, ...more });

for (const [cmd, input, name, struct, path, value] of [
  [
    0x3b8f,
    u32(24) + u32(0) + u32(1) + u32(2) + u32(3) + u32(0),
    'IOMMU_VIOMMU_ALLOC',
    'iommu_viommu_alloc',
    'hwpt_id',
    3,
  ],
  [0x3b90, setVdevId, 'IOMMU_VIOMMU_SET_VDEV_ID', 'iommu_viommu_set_vdev_id', 'vdev_id', '0x0000000000000021'],
  [0x3b91, setVdevId, 'IOMMU_VIOMMU_UNSET_VDEV_ID', 'iommu_viommu_unset_vdev_id', 'viommu_id', 4],
  [0x3b92, virq(0, 0), 'IOMMU_VIRQ_ALLOC', 'iommu_virq_alloc', 'viommu_id', 4],
] as const)
  old(`0x${cmd.toString(16)} is ${name} there, and nothing of the sort today`, () => {
    const { json, tally, issues } = lastOf(ABI, ioctl(cmd, input));
    assert.equal([json.name, json.struct, at(json, `value.${path}`)], [name, struct, value]);
    assert.equal([tally.ok, tally.identical, issues], [true, 1, []]);
    assert.is.not(last(ioctl(cmd, input)).json.name, name);
  });

old('other numbers are what they are today', () => {
  const { json, tally } = lastOf(ABI, ioctl(0x3b80, u32(8) + u32(7)));
  assert.equal([json.name, tally.ok], ['IOMMU_DESTROY', true]);
  assert.is(last(ioctl(0x3b90, u32(40) + zeros(36))).json.name, 'IOMMU_VIOMMU_ALLOC');
});

old('without the option: a VIOMMU with flags is reported, as the kernel refuses all', () => {
  const { json, tally, issues } = last(ioctl(0x3b90, setVdevId));
  assert.equal([json.name, tally.ok, issues], ['IOMMU_VIOMMU_ALLOC', true, ['I_RESERVED 4']]);
  const [{ path, text }] = json.issues as [{ path: string; text: string }];
  assert.match(`${path}: ${text}`, /flags: .*IOMMU_VIOMMU_SET_VDEV_ID/);
  // Once, though it is in what comes back, too.
  assert.equal(last(ioctl(0x3b90, setVdevId, { out: setVdevId })).issues, ['I_RESERVED 4']);
  for (let length = 4; length < 8; length++)
    assert.not.ok(last(ioctl(0x3b90, setVdevId.slice(0, length * 2))).issues.includes('I_RESERVED 4'));
  const flagged = u32(24) + u32(2) + zeros(16);
  const [issue] = lastOf(ABI, ioctl(0x3b8f, flagged)).json.issues as [{ text: string }];
  assert.not.match(issue.text, /SET_VDEV_ID/);
});

old('a vIRQ: its descriptor is learnt, and gives records without headers', () => {
  const { json, tally, issues } = lastOf(ABI, opened, read(record(0x100) + record(0x108, 0x13), { result: 64 }));
  assert.equal(
    [json.name, json.struct, tally.ok, issues],
    ['iommu_virq_arm_smmuv3', 'iommu_virq_arm_smmuv3', true, []],
  );
  assert.equal(
    [at(json, 'inner.name'), at(json, 'inner.value.EVTQ_0_SID'), at(json, 'raw[1].inner.name')],
    ['EVT_ID_TRANSLATION_FAULT', 0x100, 'EVT_ID_PERMISSION_FAULT'],
  );
  assert.is(at(json, 'raw[1].inner.value.EVTQ_0_SID'), 0x108);
  assert.equal(lastOf(ABI, opened, read(record(1), { result: 40 })).issues, ['I_COUNT 0']);
  for (let length = 1; length < 32; length++) {
    const cut = lastOf(ABI, opened, read(record(1).slice(0, length * 2)));
    assert.equal([cut.tally.ok, cut.issues], [true, ['I_SHORT 0']], `${length}`);
  }
  // Without the option the number is another request, whose descriptor nobody knows.
  assert.is(last(opened, read(record(1))).tally.unattributed, 32);
});

old('a vIRQ by the event itself, of a type that no source names, refused, and closed', () => {
  assert.is(last(read(record(1), { object: 'virq', type: 1 })).tally.ok, true);
  assert.is(last(read('', { object: 'virq', type: 7 })).tally.ok, true);
  for (const events of [
    [read(record(1), { object: 'virq', type: 7 })],
    [{ ...opened, errno: 'EINVAL' }, read(record(1))],
    [opened, { k: 'fd_close', fd: 5 }, read(record(1))],
  ])
    assert.equal([lastOf(ABI, ...events).tally.unattributed, lastOf(ABI, ...events).tally.unknown], [32, 1]);
});

old.run();
