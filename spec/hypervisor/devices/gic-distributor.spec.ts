import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GicDistributor, type GicDistributorOptions } from '../../../src/hypervisor/devices/gic-distributor.js';
import { PartitionRig } from '../partition-rig.js';

const CTLR = 0x0;
const SETSPI = 0x40;
const CLRSPI = 0x48;
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const ISACTIVER = 0x300;
const ICACTIVER = 0x380;
const IPRIORITYR = 0x400;
const ICFGR = 0xc00;
const IROUTER = 0x6000;
const BASE = 0xffff0000;

class Bench {
  readonly delivered: [number, number][] = [];
  readonly gic: GicDistributor;

  constructor(options: Partial<GicDistributorOptions> = {}) {
    this.gic = new GicDistributor({
      vps: [0, 1, 0x130],
      deliver: (vp, intid) => void this.delivered.push([vp, intid]),
      ...options,
    });
  }

  /** Writes the bit of an interrupt into a register with one bit each. */
  bit(register: number, intid: number): void {
    this.gic.write(register + (intid >> 5) * 4, 4, 1n << BigInt(intid & 31));
  }

  route(intid: number, affinity: bigint): void {
    this.gic.write(IROUTER + 8 * intid, 8, affinity);
  }
}

const gicd = suite('ARM-16 GICv3 distributor');

gicd('an SPI goes to the VP whose affinity it is routed to', () => {
  const bench = new Bench();
  bench.bit(ISENABLER, 64);
  assert.equal(bench.gic.signal(64), [0]);
  for (const [affinity, vp] of [
    [1n, 1],
    [0x130n, 0x130],
    [0n, 0],
  ] as const) {
    bench.route(64, affinity);
    assert.equal(bench.gic.signal(64), [vp]);
  }
  assert.equal(bench.delivered, []);
});

gicd('an affinity has a field above bit 31, and a machine may number as it likes', () => {
  const bench = new Bench({ affinityOf: (vp) => (vp === 1 ? 0x1_00_02_03_04n : BigInt(vp)) });
  bench.bit(ISENABLER, 70);
  bench.route(70, 0x1_00_02_03_04n);
  assert.is(bench.gic.read(IROUTER + 8 * 70, 8), 0x1_00_02_03_04n);
  assert.equal(bench.gic.signal(70), [1]);
  bench.gic.write(IROUTER + 8 * 70 + 4, 4, 0n);
  assert.is(bench.gic.targetOf(70), undefined);
});

gicd('routed to any VP it goes to the first', () => {
  const bench = new Bench({ vps: [3, 5] });
  bench.bit(ISENABLER, 99);
  bench.route(99, 0x80000000n);
  assert.equal(bench.gic.signal(99), [3]);
});

gicd('one that is off waits, once, and comes when it is let through', () => {
  const bench = new Bench();
  assert.equal([bench.gic.signal(65), bench.gic.signal(65)], [[], []]);
  assert.ok(bench.gic.isPending(65));
  assert.is(bench.gic.read(ISPENDR + 8, 4), 2n);
  bench.bit(ISENABLER, 65);
  assert.equal(bench.delivered, [[0, 65]]);
  assert.not.ok(bench.gic.isPending(65));
  bench.bit(ICENABLER, 65);
  assert.not.ok(bench.gic.isEnabled(65));
  assert.equal(bench.gic.signal(65), []);
  bench.bit(ICPENDR, 65);
  bench.bit(ISENABLER, 65);
  assert.is(bench.delivered.length, 1);
});

gicd('one that is aimed at nobody waits for a route', () => {
  const bench = new Bench();
  bench.bit(ISENABLER, 80);
  bench.route(80, 0x77n);
  assert.equal(bench.gic.signal(80), []);
  bench.route(80, 1n);
  assert.equal(bench.delivered, [[1, 80]]);
});

gicd('nothing passes while forwarding is off', () => {
  const bench = new Bench();
  bench.bit(ISENABLER, 64);
  bench.gic.write(CTLR, 4, 0n);
  assert.equal(bench.gic.signal(64), []);
  bench.gic.write(CTLR, 4, 0x12n);
  assert.equal(bench.delivered, [[0, 64]]);
  assert.is(bench.gic.read(CTLR, 4), 0x52n);
});

gicd('an active one comes again after its end, and only then', () => {
  const bench = new Bench({ completion: 'explicit' });
  bench.bit(ISENABLER, 64);
  assert.equal(bench.gic.signal(64), [0]);
  assert.is(bench.gic.read(ISACTIVER + 8, 4), 1n);
  assert.equal([bench.gic.signal(64), bench.gic.signal(64)], [[], []]);
  bench.route(64, 1n);
  assert.equal(bench.delivered, []);
  bench.gic.endOfInterrupt(64);
  assert.equal(bench.delivered, [[1, 64]]);
  bench.gic.endOfInterrupt(64);
  assert.is(bench.delivered.length, 1);
  assert.not.ok(bench.gic.isActive(64));
  bench.bit(ISACTIVER, 64);
  assert.equal(bench.gic.signal(64), []);
  bench.bit(ICACTIVER, 64);
  assert.is(bench.delivered.length, 2);
});

gicd('a write of an SPI number is a message', () => {
  const bench = new Bench();
  bench.bit(ISENABLER, 66);
  bench.gic.write(SETSPI, 4, 66n);
  assert.equal(bench.delivered, [[0, 66]]);
  bench.gic.write(SETSPI, 4, 67n);
  assert.ok(bench.gic.isPending(67));
  bench.gic.write(CLRSPI, 4, 67n);
  assert.not.ok(bench.gic.isPending(67));
});

gicd('the trigger of each is kept', () => {
  const bench = new Bench();
  assert.not.ok(bench.gic.isEdge(64));
  bench.gic.write(ICFGR + 16, 4, 0xffffffffn);
  assert.ok(bench.gic.isEdge(64));
  assert.is(bench.gic.read(ICFGR + 16, 4), 0xaaaaaaaan);
});

gicd('SGIs, PPIs and numbers beyond the last SPI have no state here', () => {
  const bench = new Bench();
  for (const intid of [0, 31, 1020, 1023, 5000, -1]) {
    assert.is(bench.gic.signal(intid), undefined);
    assert.not.ok(bench.gic.isPending(intid) || bench.gic.isEnabled(intid) || bench.gic.isActive(intid));
    bench.gic.endOfInterrupt(intid);
  }
  for (const register of [ISENABLER, ISPENDR, ISACTIVER]) {
    bench.gic.write(register, 4, 0xffffffffn);
    assert.is(bench.gic.read(register, 4), 0n);
    bench.gic.write(register + 31 * 4, 4, 0xffffffffn);
    assert.is(bench.gic.read(register + 31 * 4, 4), register === ISPENDR ? 0n : 0x0fffffffn);
  }
  bench.gic.write(IROUTER + 8 * 31, 8, 1n);
  assert.is(bench.gic.read(IROUTER + 8 * 31, 8), 0n);
});

gicd('identity and priorities read back; accesses of other sizes are nothing', () => {
  const bench = new Bench();
  assert.is(bench.gic.read(0xffe8, 4), 0x30n);
  assert.is(bench.gic.read(4, 4) & 31n, 31n);
  bench.gic.write(IPRIORITYR + 64, 4, 0xa0a1a2a3n);
  bench.gic.write(IPRIORITYR + 65, 1, 0x55n);
  assert.is(bench.gic.read(IPRIORITYR + 64, 4), 0xa0a155a3n);
  assert.is(bench.gic.read(IPRIORITYR + 67, 1), 0xa0n);
  bench.gic.write(ISENABLER + 8, 2, 1n);
  bench.gic.write(ISENABLER + 8, 8, 1n);
  bench.gic.write(ISENABLER + 9, 4, 1n);
  assert.not.ok(bench.gic.isEnabled(64));
});

gicd('in a partition: a device message lands on the VP that GICD_IROUTER names, without a hypercall', () => {
  const rig = new PartitionRig({ arch: 'arm64', vps: [0, 1, 2], gicdGpa: BASE });
  const { partition, interrupts } = rig;
  const gate = partition.gate(0);
  const message = partition.interrupts.create(0x1234n, 2, { vector: 64, vps: [0], lowestPriority: false })!;
  assert.ok(message !== undefined);
  assert.not.ok(partition.interrupts.raise(message), 'off as yet');
  gate.mmioWrite(BASE + IROUTER + 8 * 64, 8, 2n);
  gate.mmioWrite(BASE + ISENABLER + 8, 4, 3n);
  assert.equal(interrupts, [[2, 64]], 'the one that waited');
  for (const [affinity, vp] of [
    [1n, 1],
    [0n, 0],
    [2n, 2],
  ] as const) {
    gate.mmioWrite(BASE + IROUTER + 8 * 64, 8, affinity);
    assert.ok(partition.interrupts.raise(message));
    assert.equal(interrupts.at(-1), [vp, 64]);
  }
  assert.ok(partition.interrupts.raise({ ...message, data: message.data + 1 }));
  assert.equal(interrupts.at(-1), [0, 65]);
  assert.is(rig.kinds('hypercall').length, 0);
});

gicd.run();
