import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommufd_ioctl as io } from '../../src/abi/iommufd/command.js';
import { at } from '../support/captures.js';
import { u32, u64, zeros } from '../support/trace-events.js';
import { ioctl, last } from './iommufd-trace.js';

const pointed = suite('capture: what requests of /dev/iommu point to (E2E-10)');

const ADDRESS = u64(0x7000n);
const hwpt = (dataType: number, dataLength: number): string =>
  u32(48) + u32(0) + u32(1) + u32(6) + u32(0) + u32(0) + u32(dataType) + u32(dataLength) + ADDRESS + u64(0);
const hwInfo = (dataLength: number, type = 0): string =>
  u32(40) + u32(0) + u32(1) + u32(dataLength) + ADDRESS + u32(type) + u32(0) + u64(0);
const viommu = (type: number, dataLength: number): string =>
  u32(40) + u32(0) + u32(type) + u32(1) + u32(4) + u32(0) + u32(dataLength) + u32(0) + ADDRESS;
const slackOf = (json: unknown): unknown =>
  (at(json, 'slack') as { offset: number; length: number }[] | undefined)?.map(({ offset, length }) => [
    offset,
    length,
  ]);

for (const [type, bytes, struct] of [
  [1, 24, 'iommu_hwpt_vtd_s1'],
  [2, 16, 'iommu_hwpt_arm_smmuv3'],
  [3, 32, 'iommu_hwpt_amd_guest'],
] as const)
  pointed(`of a page table: ${struct}`, () => {
    const { json, tally, issues } = last(
      ioctl(io.IOMMU_HWPT_ALLOC, hwpt(type, bytes), { data: `0b${zeros(bytes - 1)}` }),
    );
    assert.equal([at(json, 'data.struct'), tally.ok, issues], [struct, true, []]);
    const cut = last(ioctl(io.IOMMU_HWPT_ALLOC, hwpt(type, bytes), { data: zeros(bytes - 1) }));
    assert.equal([cut.tally.ok, cut.issues], [true, ['I_SHORT 0']]);
  });

pointed('what no source names', () => {
  const { tally, issues } = last(ioctl(io.IOMMU_HWPT_ALLOC, hwpt(77, 4), { data: '01020304' }));
  assert.equal([tally.unattributed, tally.unknown, issues], [4, 1, ['I_ENUM 24', 'I_UNKNOWN 0']]);
  assert.is(last(ioctl(io.IOMMU_DESTROY, u32(8) + u32(7), { data: '01' })).tally.unattributed, 1);
});

for (const [type, bytes, struct, field] of [
  [1, 24, 'iommu_hw_info_vtd', 'ecap_reg'],
  [2, 40, 'iommu_hw_info_arm_smmuv3', 'aidr'],
  [3, 8, 'iommu_hw_info_tegra241_cmdqv', 'log2vsids'],
  [4, 16, 'iommu_hw_info_amd', 'efr2'],
] as const)
  pointed(`of the hardware, by the type that the kernel gives: ${struct}`, () => {
    // The caller has room for 64 bytes; the kernel fills it up with zeroes and says how many it knows.
    const wide = { out: hwInfo(bytes, type), data: zeros(64) };
    const { json, tally, issues } = last(ioctl(io.IOMMU_GET_HW_INFO, hwInfo(64), wide));
    assert.equal([at(json, 'data.struct'), tally.ok, tally.unattributed, issues], [struct, true, 0, []]);
    assert.is.not(at(json, `data.value.${field}`), undefined);
    assert.equal(slackOf(json), [[bytes, 64 - bytes]]);
    const exact = last(ioctl(io.IOMMU_GET_HW_INFO, hwInfo(bytes), { out: hwInfo(bytes, type), data: zeros(bytes) }));
    assert.equal([exact.tally.ok, exact.issues, slackOf(exact.json)], [true, [], undefined]);
    // An older caller has less room, which is no fault; a recorder that cuts is one.
    const older = { out: hwInfo(bytes, type), data: zeros(4) };
    const little = last(ioctl(io.IOMMU_GET_HW_INFO, hwInfo(4), older));
    assert.equal([at(little.json, 'data.struct'), little.tally.ok, little.issues], [struct, true, []]);
    assert.equal(last(ioctl(io.IOMMU_GET_HW_INFO, hwInfo(8), older)).issues, ['I_SHORT 0']);
    // The request before and behind in one structure.
    const { in: _, ...behind } = ioctl(io.IOMMU_GET_HW_INFO, '', { out: hwInfo(bytes, type), data: zeros(bytes) });
    assert.is(at(last(behind).json, 'data.struct'), struct);
  });

pointed('of the hardware, where there is nothing to say, and of a type that no source names', () => {
  const none = last(ioctl(io.IOMMU_GET_HW_INFO, hwInfo(16), { out: hwInfo(0), data: zeros(16) }));
  assert.equal([none.tally.ok, none.tally.unattributed, none.issues], [true, 0, []]);
  for (const event of [
    { out: hwInfo(0), data: `01${zeros(15)}` },
    { out: hwInfo(16, 9), data: zeros(16) },
  ])
    assert.is(last(ioctl(io.IOMMU_GET_HW_INFO, hwInfo(16), event)).tally.unattributed, 16);
});

pointed('of a virtual IOMMU: that of the Tegra241 has a structure, others have none', () => {
  const asked = { out: viommu(2, 16), data: u64(0x10000n) + u64(0x1000n) };
  const { json, tally, issues } = last(ioctl(io.IOMMU_VIOMMU_ALLOC, viommu(2, 16), asked));
  assert.equal([at(json, 'data.struct'), tally.ok, issues], ['iommu_viommu_tegra241_cmdqv', true, []]);
  assert.is(at(json, 'data.value.out_vintf_mmap_offset'), '0x0000000000010000');
  assert.is(last(ioctl(io.IOMMU_VIOMMU_ALLOC, viommu(1, 16), { data: zeros(16) })).tally.unattributed, 16);
});

const range = (start: bigint, end: bigint): string => u64(start) + u64(end);

pointed('ranges of addresses: those that are asked for', () => {
  const ask = (count: number): string => u32(24) + u32(3) + u32(count) + u32(0) + ADDRESS;
  const both = range(0n, 0xfffn) + range(0x10000n, 0xfffffn);
  const { json, tally, issues } = last(ioctl(io.IOMMU_IOAS_ALLOW_IOVAS, ask(2), { data: both }));
  assert.equal([at(json, 'data.struct'), tally.ok, issues], ['iommu_iova_range', true, []]);
  assert.is(at(json, 'data[1].value.last'), '0x00000000000fffff');
  for (const count of [1, 3])
    assert.equal(last(ioctl(io.IOMMU_IOAS_ALLOW_IOVAS, ask(count), { data: both })).issues, ['I_COUNT 0']);
});

pointed('ranges of addresses: those that the kernel gives, as many as there is room for', () => {
  const ranges = (count: number): string => u32(32) + u32(3) + u32(count) + u32(0) + ADDRESS + u64(0x1000n);
  const given = (room: number, there: number, entries: number, more: Record<string, unknown> = {}) =>
    last(
      ioctl(io.IOMMU_IOAS_IOVA_RANGES, ranges(room), {
        out: ranges(there),
        data: range(0n, 0xfffn).repeat(entries),
        ...more,
      }),
    );
  // All; more than there is room for (EMSGSIZE); fewer, with the rest of the room recorded and without it.
  for (const [room, there, entries] of [
    [2, 2, 2],
    [2, 5, 2],
    [4, 2, 4],
    [4, 2, 2],
    [4, 2, 3],
  ] as const) {
    const { json, tally, issues } = given(room, there, entries);
    assert.equal([at(json, 'data.struct'), tally.ok, issues], ['iommu_iova_range', true, []], `${room} ${there}`);
  }
  for (const [room, there, entries] of [
    [2, 2, 1],
    [2, 2, 3],
    [4, 2, 1],
    [4, 2, 5],
  ] as const)
    assert.equal(given(room, there, entries).issues, ['I_COUNT 0'], `${room} ${there} ${entries}`);
  assert.equal(given(2, 0, 1, { out: '', result: -1, errno: 'EFAULT' }).issues, []);
});

pointed('a dirty bitmap is plain bytes', () => {
  const ask = u32(48) + u32(4) + u32(0) + u32(0) + u64(0) + u64(0x100000n) + u64(0x1000n) + ADDRESS;
  const { json, tally, issues } = last(ioctl(io.IOMMU_HWPT_GET_DIRTY_BITMAP, ask, { data: 'ff00ff00' }));
  assert.equal([at(json, 'data.struct'), tally.ok, tally.unattributed, issues], ['dirty bitmap', true, 0, []]);
  assert.is(tally.identical, 1);
});

pointed('invalidations: as many structures as there are entries, however far apart', () => {
  const ask = (step: number, count: number): string =>
    u32(32) + u32(6) + ADDRESS + u32(1) + u32(step) + u32(count) + u32(0);
  const plain = last(ioctl(io.IOMMU_HWPT_INVALIDATE, ask(16, 3), { data: zeros(48) }));
  assert.equal(
    [plain.tally.ok, plain.issues, 'data[2]' in plain.json, 'data[3]' in plain.json],
    [true, [], true, false],
  );
  const apart = last(ioctl(io.IOMMU_HWPT_INVALIDATE, ask(24, 2), { data: zeros(44) }));
  assert.equal([apart.tally.ok, apart.issues, 'data[1]' in apart.json], [true, [], true]);
  assert.equal(slackOf(apart.json), [
    [16, 8],
    [40, 4],
  ]);
  for (const count of [1, 2, 4, 5, 0xffffffff]) {
    const other = last(ioctl(io.IOMMU_HWPT_INVALIDATE, ask(16, count), { data: zeros(48) }));
    assert.equal([other.tally.ok, other.issues], [true, ['I_COUNT 0']], `${count}`);
  }
  // Nothing was recorded of what it points to.
  assert.equal(last(ioctl(io.IOMMU_HWPT_INVALIDATE, ask(16, 5))).issues, []);
});

pointed.run();
