import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_status } from '../../../src/abi/hv/status.js';
import type { DmaFault } from '../../../src/hypervisor/iommu/dma.js';
import { walkStage1 } from '../../../src/hypervisor/iommu/stage1-walk.js';
import { DEVICE, IommuRig, LOGICAL, NULL_ID, OTHER, pciId, range } from './iommu-rig.js';

const { HV_STATUS_SUCCESS: SUCCESS, HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER } = hv_status;
const test = suite('hypervisor: what devices reach');

/** `iova>gpa+length` of each segment, or the fault. */
function reach(rig: IommuRig, device: bigint, iova: bigint, length: number, access: 'read' | 'write'): string {
  const result = rig.iommu.dma.access(device, iova, length, access);
  if (!result.ok) return `${result.fault.reason} at ${result.fault.iova.toString(16)}`;
  const text = result.segments.map(
    (one) => `${one.iova.toString(16)}>${one.gpa.toString(16)}+${one.length.toString(16)}`,
  );
  return `${text.join(' ')}${result.staleTlbHits > 0 ? ` stale ${result.staleTlbHits}` : ''}`;
}

test('IOMMU-75 a device reaches what its domain maps, as it is mapped, and nothing else', () => {
  const faults: DmaFault[] = [];
  const rig = new IommuRig({ onFault: (fault) => void faults.push(fault) });
  rig.create({ id: 1 });
  rig.map({ id: 1 }, 0x10, [0x100, 0x101, 0x200]);
  rig.map({ id: 1 }, 0x13, [0x300], 1);
  rig.attach({ id: 1 }, DEVICE);
  assert.is(reach(rig, DEVICE, 0x10ff0n, 0x2020, 'write'), 'not writable at 13000');
  assert.is(reach(rig, DEVICE, 0x10ff0n, 0x2020, 'read'), '10ff0>100ff0+1010 12000>200000+1000 13000>300000+10');
  assert.is(reach(rig, DEVICE, 0x13000n, 4, 'write'), 'not writable at 13000');
  assert.is(reach(rig, DEVICE, 0x13ffcn, 8, 'read'), 'not mapped at 14000');
  assert.is(reach(rig, DEVICE, 1n << 48n, 1, 'read'), 'beyond width at 1000000000000');
  assert.is(reach(rig, DEVICE, (1n << 64n) - 4n, 8, 'read'), 'beyond width at fffffffffffffffc');
  assert.is(reach(rig, pciId(0x99), 0n, 1, 'read'), 'unknown device at 0');
  assert.is(reach(rig, OTHER, 0x10000n, 0x3000, 'write'), '10000>10000+3000', 'in the default domain');
  rig.unmap({ id: 1 }, 0x11, 1);
  assert.is(reach(rig, DEVICE, 0x10000n, 0x2000, 'read'), 'not mapped at 11000', 'an unmap needs no flush');
  rig.attach({ id: NULL_ID }, DEVICE);
  assert.is(reach(rig, DEVICE, 0x10000n, 1, 'read'), 'blocked at 10000');
  rig.detach(DEVICE);
  assert.is(reach(rig, DEVICE, 0x10000n, 1, 'read'), '10000>10000+1');
  assert.equal(
    faults.map(({ reason, access }) => `${reason} ${access}`),
    [
      'not writable write',
      'not writable write',
      'not mapped read',
      'beyond width read',
      'beyond width read',
      'unknown device read',
      'not mapped read',
      'blocked read',
    ],
  );
  assert.is(rig.iommu.dma.faultCount, faults.length);
  assert.equal(rig.iommu.dma.faults.at(-1), { deviceId: DEVICE, iova: 0x10000n, access: 'read', reason: 'blocked' });
});

test('IOMMU-75 faults are counted without end and kept up to a number', () => {
  const rig = new IommuRig();
  for (let i = 0; i < 1000; i++) rig.iommu.dma.access(pciId(0x99), BigInt(i), 1, 'read');
  assert.equal([rig.iommu.dma.faultCount, rig.iommu.dma.faults.length], [1000, 256]);
  assert.is(rig.iommu.dma.faults[0]!.iova, 744n);
});

/** Puts an entry at an index of a table. */
function put(rig: IommuRig, table: number, index: number, entry: bigint): void {
  rig.memory.writeU64(table + 8 * index, entry);
}

const ROOT = 0x40000;
const at = (level: number) => ROOT + level * 0x1000;

/** A guest with tables for the page `iova` >> 12 with 4 or 5 levels; leaf entries are put by the caller. */
function guestOf(levels: 4 | 5, slots: readonly number[], leaf: { level: number; entry: bigint }): IommuRig {
  const rig = new IommuRig({ capabilities: { maxIovaWidth: levels === 5 ? 57 : 48 } }, { isRoot: false });
  for (let level = levels; level > leaf.level; level--)
    put(rig, at(level), slots[levels - level]!, BigInt(at(level - 1)) | 3n);
  put(rig, at(leaf.level), slots[levels - leaf.level]!, leaf.entry);
  assert.is(rig.create({ id: 1, type: 1 }), SUCCESS);
  assert.is(rig.configure({ id: 1 }, levels === 5 ? 5n : 1n, BigInt(at(levels))), SUCCESS);
  assert.is(rig.attach({ id: 1, type: 1 }, LOGICAL), SUCCESS);
  return rig;
}

/** The address that the indices of all levels make. */
const addressOf = (...slots: number[]) => slots.reduce((sum, slot) => sum * 512n + BigInt(slot), 0n) << 12n;

test('PVI-52 pages of 4K, 2M and 1G are found with 4 and 5 levels', () => {
  const slots = [1, 2, 3, 4, 5];
  for (const levels of [4, 5] as const) {
    const path = slots.slice(5 - levels);
    for (const [level, entry, gpa] of [
      [1, 0x7777003n, 0x7777000n],
      [1, 0x7777083n, 0x7777000n],
      [2, 0x40000083n, 0x40000000n + 5n * 0x1000n],
      [2, 0x40001083n, 0x40000000n + 5n * 0x1000n],
      [3, 0x80000083n, 0x80000000n + 4n * 0x200000n + 5n * 0x1000n],
      [1, 0xf_ffff_ffff_f003n | (1n << 63n), 0xf_ffff_ffff_f000n],
    ] as const) {
      const rig = guestOf(levels, path, { level, entry });
      const iova = addressOf(...path) + 0x123n;
      const want = `${iova.toString(16)}>${(gpa + 0x123n).toString(16)}+4`;
      assert.is(reach(rig, LOGICAL, iova, 4, 'write'), want);
    }
  }
});

test('PVI-52 what is not present, not writable or no table is a fault', () => {
  const path = [2, 3, 4, 5];
  const iova = addressOf(...path);
  const text = iova.toString(16);
  const cases: readonly (readonly [number, bigint, 'read' | 'write', string])[] = [
    [1, 0x7777002n, 'read', `not mapped at ${text}`],
    [1, 0x7777001n, 'write', `not writable at ${text}`],
    [1, 0x7777001n, 'read', `${text}>7777000+1`],
    [2, 0x40002083n, 'read', `bad table at ${text}`],
    [3, 0x40200083n, 'read', `bad table at ${text}`],
    [4, 0x83n, 'read', `bad table at ${text}`],
    [2, 0x7fff_f000_0003n, 'read', `bad table at ${text}`],
  ];
  for (const [level, entry, access, want] of cases)
    assert.is(reach(guestOf(4, path, { level, entry }), LOGICAL, iova, 1, access), want);
  // Write permission is missing in an upper table.
  const rig = guestOf(4, path, { level: 1, entry: 0x7777003n });
  put(rig, at(3), 3, BigInt(at(2)) | 1n);
  assert.is(reach(rig, LOGICAL, iova, 1, 'write'), `not writable at ${text}`);
  assert.is(walkStage1(rig.memory, ROOT, 4, 2 ** 36), 'beyond width');
});

test('identity and blocked domains of a guest; a guest device in none is not translated', () => {
  const rig = new IommuRig({}, { isRoot: false });
  assert.is(reach(rig, LOGICAL, 0x5000n, 4, 'write'), '5000>5000+4');
  for (const [id, flags, want] of [
    [1, 0n, '5000>5000+4'],
    [2, 3n, 'blocked at 5000'],
  ] as const) {
    rig.create({ id, type: 1 });
    rig.configure({ id }, flags);
    rig.attach({ id, type: 1 }, LOGICAL);
    assert.is(reach(rig, LOGICAL, 0x5000n, 4, 'write'), want);
  }
});

/** A guest with pages 0x1000 to 0x1000 + count of its device mapped and all used once, then taken away. */
function staleGuest(count: number): IommuRig {
  const rig = guestOf(4, [0, 0, 8, 0], { level: 1, entry: 0x100003n });
  for (const i of range(0, count)) put(rig, at(1), i, (0x100n + BigInt(i)) * 0x1000n + 3n);
  assert.is(rig.iommu.dma.access(LOGICAL, 0x100_0000n, count * 0x1000, 'write').ok, true);
  for (const i of range(0, count)) put(rig, at(1), i, 0n);
  return rig;
}

/** Which of the pages are still reached through the IOTLB. */
function stalePages(rig: IommuRig, count: number): number[] {
  return range(0, count).filter((i) => {
    const result = rig.iommu.dma.access(LOGICAL, 0x100_0000n + BigInt(i) * 0x1000n, 1, 'write');
    return result.ok && result.staleTlbHits === 1;
  });
}

test('PVI-51 what was used stays until it is flushed, and a stale hit is told', () => {
  const rig = staleGuest(8);
  assert.equal(stalePages(rig, 8), range(0, 8));
  assert.is(reach(rig, LOGICAL, 0x100_0000n, 0x2000, 'write'), '1000000>100000+2000 stale 2');
  assert.equal(rig.flushList({ id: 1 }, [0x100_1000n]), [SUCCESS, 1]);
  assert.equal(stalePages(rig, 8), [0, 2, 3, 4, 5, 6, 7]);
  assert.is(reach(rig, LOGICAL, 0x100_1000n, 1, 'read'), 'not mapped at 1001000');
  assert.is(rig.flush({ id: 1 }), SUCCESS);
  assert.equal(stalePages(rig, 8), []);
});

test('PVI-51 blocks of a flush list are aligned powers of two, of one page up to everything', () => {
  for (const [entry, left] of [
    [0x100_5000n | 0n, [0, 1, 2, 3, 4, 6, 7]],
    [0x100_5000n | 1n, [0, 1, 2, 3, 6, 7]],
    [0x100_7000n | 2n, [0, 1, 2, 3]],
    [0x200_0000n | 14n, []],
    [0x100_0000n | 12n, []],
    [0x200_0000n | 12n, range(0, 8)],
    [52n, []],
    [63n, []],
  ] as const) {
    const rig = staleGuest(8);
    assert.equal(rig.flushList({ id: 1 }, [entry]), [SUCCESS, 1]);
    assert.equal(stalePages(rig, 8), [...left], entry.toString(16));
  }
});

test('PVI-51 a list without the flag has ranges of pages; other flags are refused', () => {
  const rig = staleGuest(8);
  assert.equal(rig.flushList({ id: 1 }, [0x100_1002n], 0), [SUCCESS, 1]);
  assert.equal(stalePages(rig, 8), [0, 4, 5, 6, 7]);
  assert.equal(rig.flushList({ id: 1 }, [0x100_1002n], 2), [INVALID_PARAMETER, 0]);
});

test('PVI-51 a replaced frame and lost write permission are stale, more permission is not', () => {
  for (const [entry, access, stale] of [
    [0x300003n, 'read', 1],
    [0x100001n, 'read', 1],
    [0x100003n, 'read', 0],
  ] as const) {
    const rig = staleGuest(1);
    put(rig, at(1), 0, entry);
    const result = rig.iommu.dma.access(LOGICAL, 0x100_0000n, 1, access);
    assert.is(result.ok && result.staleTlbHits, stale);
  }
  const rig = guestOf(4, [0, 0, 8, 0], { level: 1, entry: 0x100001n });
  assert.is(reach(rig, LOGICAL, 0x100_0000n, 1, 'read'), '1000000>100000+1');
  put(rig, at(1), 0, 0x100003n);
  assert.is(reach(rig, LOGICAL, 0x100_0000n, 1, 'write'), '1000000>100000+1');
});

test('PVI-51 new settings flush nothing: a driver that changes the tables has to; another domain starts with nothing', () => {
  const rig = staleGuest(2);
  assert.is(rig.configure({ id: 1 }, 1n, BigInt(at(5))), SUCCESS);
  assert.equal(stalePages(rig, 2), [0, 1], 'as by the old tables');
  rig.create({ id: 2, type: 1 });
  rig.configure({ id: 2 }, 1n, BigInt(at(4)));
  rig.attach({ id: 2, type: 1 }, LOGICAL);
  assert.equal(stalePages(rig, 2), []);
  rig.attach({ id: 1, type: 1 }, LOGICAL);
  assert.equal(stalePages(rig, 2), [0, 1]);
  assert.is(rig.flush({ id: 1 }), SUCCESS);
  assert.equal(stalePages(rig, 2), []);
});

test('IOMMU-75 PVI-05 no device reaches past the width that its IOMMU announces, whatever its domain', () => {
  const capabilities = { maxIovaWidth: 39 };
  const guest = new IommuRig({ capabilities }, { isRoot: false });
  const path = [0x100, 2, 3, 4];
  for (const level of [4, 3, 2]) put(guest, at(level), path[4 - level]!, BigInt(at(level - 1)) | 3n);
  put(guest, at(4), 0, BigInt(at(3)) | 3n);
  put(guest, at(1), 4, 0x7777003n);
  const within = addressOf(0, ...path.slice(1));
  const beyond = addressOf(...path);
  assert.is(reach(guest, LOGICAL, 1n << 50n, 1, 'read'), '4000000000000>4000000000000+1', 'no IOMMU is in its way');
  for (const [id, flags, want] of [
    [1, 1n, `${within.toString(16)}>7777000+1`],
    [2, 0n, `${within.toString(16)}>${within.toString(16)}+1`],
  ] as const) {
    guest.create({ id, type: 1 });
    assert.is(guest.configure({ id }, flags, BigInt(at(4))), SUCCESS);
    guest.attach({ id, type: 1 }, LOGICAL);
    assert.is(reach(guest, LOGICAL, within, 1, 'write'), want);
    assert.is(reach(guest, LOGICAL, beyond, 1, 'write'), `beyond width at ${beyond.toString(16)}`);
    assert.ok(reach(guest, LOGICAL, (1n << 39n) - 1n, 2, 'read').includes(' at '));
    assert.is(reach(guest, LOGICAL, 1n << 39n, 1, 'read'), 'beyond width at 8000000000');
  }
  const root = new IommuRig({ capabilities });
  assert.is(reach(root, DEVICE, (1n << 39n) - 1n, 1, 'read'), '7fffffffff>7fffffffff+1');
  assert.is(reach(root, DEVICE, 1n << 39n, 1, 'read'), 'beyond width at 8000000000');
});

test('PVI-51 the second version of the guest series has 12 bits for the size', () => {
  for (const [flushShiftBits, left] of [
    [6, range(0, 8)],
    [12, []],
  ] as const) {
    const rig = guestOf(4, [0, 0, 8, 0], { level: 1, entry: 0n });
    const other = new IommuRig({ flushShiftBits }, { isRoot: false, memory: rig.memory });
    other.create({ id: 1, type: 1 });
    other.configure({ id: 1 }, 1n, BigInt(at(4)));
    other.attach({ id: 1, type: 1 }, LOGICAL);
    for (const i of range(0, 8)) put(other, at(1), i, (0x100n + BigInt(i)) * 0x1000n + 3n);
    stalePages(other, 8);
    for (const i of range(0, 8)) put(other, at(1), i, 0n);
    other.flushList({ id: 1 }, [0x200_0000n | 0x40n]);
    assert.equal(stalePages(other, 8), [...left]);
  }
});

test.run();
