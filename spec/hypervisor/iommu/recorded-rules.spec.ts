import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hiOf, loOf } from '../../../src/bytes/word.js';
import {
  type RecordedCaller,
  type RecordedHostKnobs,
  recordedHost,
} from '../../../src/hypervisor/iommu/recorded-host.js';
import { INPUT } from '../partition-rig.js';
import {
  bytes,
  DEVICE,
  domainBytes,
  IommuRig,
  LOGICAL,
  NULL_ID,
  pciId,
  qwords,
  range,
  SELF,
  words,
} from './iommu-rig.js';

// Control words, results and orders of calls are those that the captured scenarios of the Linux series have.
const test = suite('hypervisor: rules of the recorded host');

const ONE = { id: 1 };
const FRAME = 0x1000;

class RecordedRig extends IommuRig {
  constructor(caller: RecordedCaller, knobs: RecordedHostKnobs = {}) {
    const { iommu, ...options } = recordedHost(caller, knobs);
    super(iommu, { ...options, memoryBytes: 4 << 20 });
  }

  /** A call by its control word; the whole result word, in hexadecimal. */
  word(control: bigint, input: Uint8Array, gpa = INPUT, outputGpa = gpa + 0x1000): string {
    this.memory.write(gpa, input.subarray(0, 0x1000 - (gpa % 0x1000)));
    this.gate.hypercall(loOf(control), hiOf(control), gpa, outputGpa);
    return `0x${((BigInt(this.gate.resultHi) << 32n) | BigInt(this.gate.resultLo)).toString(16)}`;
  }
}

const mapInput = (iova: bigint, count: number, flags = 3, frame = FRAME, id = 1) =>
  bytes(domainBytes({ id }), words(0, flags), qwords(iova, ...range(frame, count).map(BigInt)));
const unmapInput = (iova: bigint, id = 1) => bytes(domainBytes({ id }), qwords(iova));

function rootWith(knobs: RecordedHostKnobs = {}): RecordedRig {
  const rig = new RecordedRig('root', knobs);
  assert.is(rig.create(ONE), 0);
  return rig;
}

test('IOMMU-74 root-iommu-detach: a count of 4,096 is a reserved bit, answered 3', () => {
  const rig = rootWith();
  assert.is(rig.word(0x1000_0000_00b4n, unmapInput(0x40000000n)), '0x3');
  for (const bit of [27n, 31n, 44n, 47n, 60n, 63n])
    assert.is(rig.word((1n << bit) | 0x1_0000_00b4n, unmapInput(0n)), '0x3', `bit ${bit}`);
});

test('IOMMU-74 root-iommu-overrun: lists that leave their page are answered 4, then no reps at all 5', () => {
  const rig = rootWith();
  for (const count of [508, 512, 1014, 1015]) {
    assert.is(rig.word((BigInt(count) << 32n) | 0xb3n, mapInput(0x40000000n, count)), '0x4', `${count} reps`);
    assert.is(rig.word(0xb4n, unmapInput(0x40000000n)), '0x5');
  }
  assert.is(rig.word(0x1fb_0000_00b3n, mapInput(0x40000000n, 507)), '0x1fb00000000');
  assert.is(rig.word(0xc5n, domainBytes(ONE), INPUT + 4), '0x4', 'not a multiple of 8');
  assert.is(rig.word(0xb4n, unmapInput(0n), INPUT + 4), '0x5');
});

test('IOMMU-70 the caller is all ones or 1; what is reserved is zero', () => {
  const rig = rootWith();
  assert.is(rig.word(0xc5n, domainBytes({ ...ONE, partition: 2n })), '0xd');
  for (const at of [8, 9, 15, 17, 19]) {
    const input = domainBytes(ONE);
    input[at]! |= 0x10;
    assert.is(rig.word(0xc5n, input), '0x5', `byte ${at}`);
  }
  assert.is(rig.word(0xc5n, domainBytes({ ...ONE, partition: 1n })), '0x0');
});

test('IOMMU-70 create: the type of the caller, an id that is free, two flags, a page of the pool', () => {
  const rig = rootWith({ domPool: 2 });
  const create = (id: number, type: number, flags: number) =>
    // The root leaves four bytes of an earlier call behind its 28.
    rig.word(0xb1n, bytes(domainBytes({ id, type }), words(flags, 0x40000000)));
  for (const [id, type, flags] of [
    [0, 0, 1],
    [NULL_ID, 0, 1],
    [1, 0, 1],
    [2, 1, 1],
    [2, 0, 4],
  ] as const)
    assert.is(create(id, type, flags), '0x5');
  assert.is(create(2, 0, 3), '0x0');
  assert.is(create(3, 0, 1), '0xb');
});

test('IOMMU-71 attach: a bridge and the device behind it have one id, and it is attached twice', () => {
  const rig = rootWith();
  for (const id of [pciId(0x20), pciId(0x20), pciId(0), DEVICE]) assert.is(rig.attach({ id: 0 }, id), 0);
  for (const domain of [NULL_ID, 1, NULL_ID, 0]) assert.is(rig.attach({ id: domain }, DEVICE), 0, 'no detach between');
  assert.is(rig.attach(ONE, DEVICE), 0);
  assert.is(rig.delete(ONE), 8);
  assert.is(rig.detach(DEVICE), 0);
  assert.equal(rig.map(ONE, 0, [1]), [0, 1]);
  assert.is(rig.delete(ONE), 0, 'mappings are dropped');
  assert.is(rig.iommu.domains.pool.free, 2 ** 30);
  assert.is(rig.attach(ONE, DEVICE), 5);
  for (const id of [0, NULL_ID]) assert.is(rig.delete({ id }), 5);
});

test('IOMMU-73 map: address, VTL, flags, width and pages that are mapped', () => {
  const rig = rootWith();
  assert.is(rig.word(0x1_0000_00b3n, mapInput(0x40000800n, 1)), '0x4');
  for (const flags of [0, 2, 4, 7]) assert.is(rig.word(0x1_0000_00b3n, mapInput(0n, 1, flags)), '0x5');
  const vtl = mapInput(0n, 1);
  vtl[24] = 1;
  assert.is(rig.word(0x1_0000_00b3n, vtl), '0x5');
  assert.is(rig.word(0x2_0000_00b3n, mapInput(0xffff_ffff_f000n, 2)), '0x100000005', 'beyond 48 bits');
  assert.is(rig.word(0x1_0000_00b3n, mapInput(0x3000n, 1)), '0x100000000');
  assert.is(rig.word(0x8_0000_00b3n, mapInput(0n, 8)), '0x300000005');
  assert.is(rig.word(0x8_0000_00b4n, unmapInput(0n)), '0x400000005');
});

test('IOMMU-73 low memory: 496 of 507 pages are done, 256 pages deposited, the rest mapped by a call of its own', () => {
  // One page for the domain, two for each of the first three tables, one too few for the next.
  const rig = rootWith({ domPool: 8, nodeCost: 2 });
  const iova = (1n << 30n) - 496n * 0x1000n;
  assert.is(rig.word(0x1fb_0000_00b3n, mapInput(iova, 507)), '0x1f00000000b');
  const deposit = (partition: bigint) => bytes(qwords(partition), qwords(...range(0x100, 256).map(BigInt)));
  assert.is(rig.word(0x100_0000_0048n, deposit(0x42n)), '0xd', 'no such partition');
  assert.is(rig.word(0x100_0000_0048n, deposit(1n)), '0x10000000000');
  assert.is(rig.word(0xb_0000_00b3n, mapInput(1n << 30n, 11, 3, FRAME + 496)), '0xb00000000');
  // A page of 8 was left, and the tables of levels 2 and 1 cost 2 each.
  assert.is(rig.iommu.domains.pool.free, 1 + 256 - 4);
  assert.is(rig.delete(ONE), 0);
  assert.is(rig.iommu.domains.pool.free, 8 + 256, 'deposits stay');
});

test('IOMMU-73 in parts: the count is that of rep 0, and the next part names where it starts', () => {
  const rig = rootWith({ domChunk: 100 });
  for (const [control, result] of [
    [0x1fa_0000_00b3n, '0x6400000000'],
    [0x64_01fa_0000_00b3n, '0xc800000000'],
    [0xc8_01fa_0000_00b3n, '0x12c00000000'],
    [0x12c_01fa_0000_00b3n, '0x19000000000'],
    [0x190_01fa_0000_00b3n, '0x1f400000000'],
    [0x1f4_01fa_0000_00b3n, '0x1fa00000000'],
  ] as const)
    assert.is(rig.word(control, mapInput(0x40010000n, 506)), result);
  assert.equal(
    [...rig.iommu.domains.list().at(-1)!.runs()],
    [{ page: 0x40010, frame: FRAME, count: 506, permissions: 3 }],
  );
  assert.is(rig.word(0x1fa_0000_00b4n, unmapInput(0x40010000n)), '0x6400000000');
  assert.is(rig.word(0x64_01fa_0000_00b4n, unmapInput(0x40010000n)), '0xc800000000');
});

test('IOMMU-73 root-iommu-fail: a refused page ends a map, and the unmap of the whole range ends at that page', () => {
  for (const [reps, k, whole] of [
    [506, 0, 506],
    [506, 300, 512],
    [507, 506, 4095],
  ] as const) {
    const rig = rootWith({ domBad: [FRAME + k] });
    const failed = `0x${((BigInt(k) << 32n) | 5n).toString(16)}`;
    assert.is(rig.word((BigInt(reps) << 32n) | 0xb3n, mapInput(0x40010000n, reps)), failed);
    assert.is(rig.word((BigInt(whole) << 32n) | 0xb4n, unmapInput(0x40010000n)), failed);
    assert.is(rig.iommu.domains.list().at(-1)!.mapped, 0);
  }
  assert.equal(rootWith({ domBad: [7], domBadStatus: 6 }).map(ONE, 0, [6, 7]), [6, 1]);
});

test('PVI-50 refused flush lists: 0xD1 is refused, 0xD0 is done', () => {
  const rig = new RecordedRig('guest', { refuseList: 0x71 });
  rig.create({ id: 4, type: 1 });
  rig.configure({ id: 4 }, 1n, 0x8000n);
  const list = bytes(domainBytes({ id: 4, type: 1 }), words(1, 0), qwords(0x4000000an));
  assert.is(rig.word(0x1_0000_00d1n, list), '0x71');
  assert.is(rig.flush({ id: 4 }), 0);
  const fine = new RecordedRig('guest');
  fine.create({ id: 4, type: 1 });
  assert.is(fine.word(0x1_0000_00d1n, list), '0x100000000');
  list[28] = 1;
  assert.is(fine.word(0x1_0000_00d1n, list), '0x100000000', 'its reserved word is not looked at');
  list[24] = 2;
  assert.is(fine.word(0x1_0000_00d1n, list), '0x5');
});

const direct = (device: bigint, logical: bigint, flags = 1, partition = 0x42n) =>
  bytes(qwords(partition, device), words(flags, 0), qwords(logical, 0n));

test('IOMMU-35 direct attachment of a root: partition 0x42, flags 1, starved once, a page deposited', () => {
  const rig = new RecordedRig('root', { starveAttach: 1, guests: [0x42n] });
  assert.is(rig.word(0x82n, direct(DEVICE, 0x18n, 1, 0x43n)), '0xd');
  assert.is(rig.word(0x82n, direct(DEVICE, 0x18n, 0)), '0x5', 'no logical id');
  assert.is(rig.word(0x82n, direct(DEVICE, 0x18n, 0x101)), '0x5');
  assert.is(rig.word(0x82n, direct(DEVICE, 0x18n)), '0xb');
  assert.is(rig.word(0x1_0000_0048n, qwords(0x42n, 0x100n)), '0x100000000');
  assert.is(rig.word(0x82n, direct(DEVICE, 0x18n)), '0x0');
  assert.is(rig.word(0x82n, direct(DEVICE, 0x18n)), '0x5', 'the pair is given');
  assert.is(rig.word(0x83n, qwords(0x42n, 0x18n)), '0x0');
  assert.is(rig.word(0x83n, qwords(0x42n, 0x18n)), '0x5');
  assert.is(rig.attach({ id: 0 }, DEVICE), 0, 'it is in the default domain again');
});

test('IOMMU-32 root-iommu-detach: a detach before each attach but the first and that behind a direct one; numbers 2 and 3 are left out', () => {
  const rig = new RecordedRig('root', { starveAttach: 1, guests: [0x42n] });
  const where = () => rig.iommu.domains.places.of(DEVICE);
  assert.is(rig.attach({ id: 0 }, DEVICE), 0);
  for (const id of [1, 4]) {
    for (const domain of [NULL_ID, id]) {
      if (domain === id) assert.is(rig.create({ id }), 0);
      assert.is(rig.detach(DEVICE), 0);
      assert.is(rig.attach({ id: domain }, DEVICE), 0);
    }
    assert.equal(rig.map({ id }, 0x40010, range(FRAME, 507)), [0, 507]);
    assert.is(rig.word(0x1000_0000_00b4n, unmapInput(0x40010000n, id)), '0x3');
    for (const domain of [NULL_ID, 0]) {
      assert.is(rig.detach(DEVICE), 0);
      assert.is(rig.attach({ id: domain }, DEVICE), 0);
      if (domain === NULL_ID) assert.is(rig.delete({ id }), 0);
    }
    if (id === 4) break;
    assert.is(rig.detach(DEVICE), 0);
    assert.is(rig.word(0x82n, direct(DEVICE, 0x18n)), '0xb');
    assert.equal(rig.deposit(0x42n, 0x100), [0, 1]);
    assert.is(rig.word(0x82n, direct(DEVICE, 0x18n)), '0x0');
    assert.is(where().kind, 'direct');
    assert.is(rig.word(0x83n, qwords(0x42n, 0x18n)), '0x0');
    assert.is(rig.attach({ id: 0 }, DEVICE), 0);
  }
  assert.is(rig.iommu.domains.pool.free, 2 ** 30);
});

test('IOMMU-31 an L1VH attaches by logical ids, which are no more than 32 bits, and has no domains', () => {
  const rig = new RecordedRig('l1vh', { guests: [0x42n] });
  const id = 0x0000_0000_a84b_42c0n;
  assert.is(rig.word(0x82n, direct(id, id)), '0x0');
  assert.is(rig.word(0x83n, qwords(0x42n, id)), '0x0');
  assert.is(rig.word(0xb1n, bytes(domainBytes(ONE), words(1, 0))), '0x2');
  assert.is(rig.word(0xb2n, bytes(domainBytes({ id: 0 }), qwords(id))), '0x2');
});

test('PVI-50 capabilities: 48 bits, 57 with five levels, 4K pages only; output in the same page', () => {
  const ask = (rig: RecordedRig, at: number) => {
    assert.is(rig.word(0x125n, qwords(SELF, 0n), INPUT, INPUT + at), '0x0');
    return rig.hex(INPUT + at, 24);
  };
  assert.is(ask(new RecordedRig('root'), 0x1000), '180000000000300003000000000000000010000000000000');
  assert.is(ask(new RecordedRig('guest'), 0x10), '180000000000300005000000000000000010204000000000');
  const five = new RecordedRig('guest', { iovaWidth: 57 });
  assert.is(ask(five, 0x10), '18000000000039000d000000000000000010204000000000');
  assert.is(
    ask(new RecordedRig('guest', { pgSizes: 0x1000n }), 0x10),
    '180000000000300005000000000000000010000000000000',
  );
  five.create({ id: 3, type: 1 });
  assert.is(five.configure({ id: 3 }, 5n, 0x8000n), 0);
  assert.is(five.attach({ id: 3, type: 1 }, LOGICAL), 0);
  assert.is(five.configure({ id: 3 }, 2n, 0x8000n), 5);
  assert.is(five.configure({ id: 3 }, 8n, 0x8000n), 5);
  assert.is(five.configure({ id: 3 }, 1n, 0x8008n), 5);
});

test('a 57-bit map of that host pays for three levels, ours for four', () => {
  const rig = rootWith({ iovaWidth: 57, domPool: 4 });
  assert.equal(rig.map(ONE, 2 ** 40, [1]), [0, 1]);
  assert.is(rig.iommu.domains.pool.free, 0);
  const usual = new IommuRig({ capabilities: { maxIovaWidth: 57 }, poolPages: 4 });
  usual.create(ONE);
  assert.equal(usual.map(ONE, 2 ** 40, [1]), [0xb, 0]);
});

test.run();
