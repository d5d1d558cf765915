import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DirectDma } from '../../../src/memory/direct-dma.js';
import type { DmaPort } from '../../../src/ports/dma-port.js';
import { randomWords } from '../../support/random.js';
import { HostRig } from '../vpci/host-rig.js';
import { ADMIN_CQ, ADMIN_SQ, DATA, NvmeDriver } from './nvme-driver.js';

const test = suite('NVMe through a DMA port');

const PAGE = 0x1000;
const TRANSFER_ERROR = 0x004;
const FATAL = 2;
const CSTS = 0x1c;
const ASQ = 0x28;
const ACQ = 0x30;
const READ = 2;
const WRITE = 1;

/** A way to memory with holes: addresses are what a device has, `SHIFT` above memory, and pages may be refused. */
class PartialDma implements DmaPort {
  static readonly SHIFT = 1n << 40n;
  readonly refused = new Set<number>();
  readonly writeProtected = new Set<number>();
  readonly shift: bigint;
  accesses = 0;
  private readonly memory: DirectDma;

  constructor(rig: HostRig, shift = 0n) {
    this.memory = new DirectDma(rig.memory);
    this.shift = shift;
  }

  read(address: bigint, into: Uint8Array): boolean {
    return this.may(address, into.length, false) && this.memory.read(address - this.shift, into);
  }

  write(address: bigint, from: Uint8Array): boolean {
    return this.may(address, from.length, true) && this.memory.write(address - this.shift, from);
  }

  storeU32(address: bigint, value: number): boolean {
    return this.may(address, 4, true) && this.memory.storeU32(address - this.shift, value);
  }

  private may(address: bigint, length: number, writes: boolean): boolean {
    this.accesses++;
    const first = Number((address - this.shift) >> 12n);
    const last = Number((address - this.shift + BigInt(length) - 1n) >> 12n);
    for (let page = first; page <= last; page++)
      if (this.refused.has(page) || (writes && this.writeProtected.has(page))) return false;
    return true;
  }
}

/** A ready controller behind such a way, with an I/O queue pair. */
function ready(): { driver: NvmeDriver; dma: PartialDma } {
  const rig = new HostRig();
  const dma = new PartialDma(rig);
  const driver = NvmeDriver.ready({ dma }, rig);
  assert.equal(driver.createPair(1), [0, 0]);
  return { driver, dma };
}

const page = (gpa: number): number => gpa / PAGE;

test('all of a controller goes through its port: memory of the machine is not touched', () => {
  const rig = new HostRig();
  const dma = new PartialDma(rig, PartialDma.SHIFT);
  const without = new Proxy(rig, {
    get: (target, name) => {
      if (name === 'memory') throw new Error('memory without the port');
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const driver = new NvmeDriver({ dma, port: without }, rig);
  const far = (gpa: number): bigint => PartialDma.SHIFT + BigInt(gpa);
  driver.enableAt(far(ADMIN_SQ), far(ADMIN_CQ));
  assert.is(driver.run(0, 6, { prp1: far(DATA), words: [1] }).status, 0);
  assert.is(driver.hex(DATA, 2), '1414');
  // The same numbers without the shift are nowhere.
  assert.is(driver.run(0, 6, { prp1: DATA - 0x10_0000_0000, words: [1] }).status, TRANSFER_ERROR);
  assert.ok(dma.accesses > 4);
});

for (const [note, make] of [
  ['identify', (driver: NvmeDriver) => driver.run(0, 6, { words: [1] })],
  ['a log page', (driver: NvmeDriver) => driver.run(0, 2, { words: [(127 << 16) | 2] })],
  ['a read', (driver: NvmeDriver) => driver.run(1, READ, { nsid: 1, words: [0, 0, 7] })],
  ['a write', (driver: NvmeDriver) => driver.run(1, WRITE, { nsid: 1, words: [0, 0, 7] })],
  ['a compare', (driver: NvmeDriver) => driver.run(1, 5, { nsid: 1, words: [0, 0, 7] })],
  ['a list of ranges', (driver: NvmeDriver) => driver.run(1, 9, { nsid: 1, words: [0, 4] })],
  ['a completion queue', (driver: NvmeDriver) => driver.run(0, 5, { words: [2 | (7 << 16), 1] })],
  ['a submission queue', (driver: NvmeDriver) => driver.run(0, 1, { words: [2 | (7 << 16), 1 | (1 << 16)] })],
] as const)
  test(`refused data, ${note}: the command fails, the controller goes on`, () => {
    const { driver, dma } = ready();
    dma.refused.add(page(DATA));
    assert.is(make(driver).status, TRANSFER_ERROR);
    dma.refused.clear();
    assert.is(driver.read(CSTS), 1);
    assert.is(make(driver).status, 0);
  });

test('data that may be read and not written: writes to the disk are done, reads fail', () => {
  const { driver, dma } = ready();
  dma.writeProtected.add(page(DATA));
  assert.is(driver.run(1, WRITE, { nsid: 1, words: [0, 0, 7] }).status, 0);
  assert.is(driver.run(1, READ, { nsid: 1, words: [0, 0, 7] }).status, TRANSFER_ERROR);
});

test('a list of pages that cannot be read, and a page of it that cannot: the command fails', () => {
  const { driver, dma } = ready();
  const list = DATA + 8 * PAGE;
  for (let i = 0; i < 3; i++) driver.rig.memory.writeU64(list + i * 8, BigInt(DATA + (i + 1) * PAGE));
  const read = () => driver.run(1, READ, { nsid: 1, prp2: list, words: [0, 0, 31] }).status;
  assert.is(read(), 0);
  for (const gpa of [list, DATA + 2 * PAGE, DATA + 3 * PAGE]) {
    dma.refused.clear();
    dma.refused.add(page(gpa));
    assert.is(read(), TRANSFER_ERROR);
  }
});

for (const [note, gpa] of [
  ['submission', ADMIN_SQ],
  ['completion', ADMIN_CQ],
] as const) {
  test(`a ${note} queue that cannot be reached at the start is fatal`, () => {
    const rig = new HostRig();
    const dma = new PartialDma(rig);
    dma.refused.add(page(gpa));
    const driver = new NvmeDriver({ dma }, rig);
    assert.is(driver.enable(), FATAL);
    assert.ok(driver.device.controller.hasFailed);
    dma.refused.clear();
    driver.write(0x14, 0);
    assert.is(driver.read(CSTS), 0);
    assert.is(driver.enable(), 1);
  });

  test(`a ${note} queue that is taken away is fatal: nothing more is done until the controller is disabled`, () => {
    const { driver, dma } = ready();
    const raised = driver.raised.length;
    dma.refused.add(page(gpa));
    driver.add(0, 6, { words: [1] });
    driver.ring(0);
    assert.is(driver.read(CSTS), 1 | FATAL);
    assert.is(driver.raised.length, raised);
    dma.refused.clear();
    const { accesses } = dma;
    driver.add(1, READ, { nsid: 1, words: [0, 0, 7] });
    driver.ring(1);
    assert.not(driver.device.controller.notify(1));
    assert.is(dma.accesses, accesses);
    driver.write(0x14, 0);
    driver.rig.memory.clear(ADMIN_CQ, PAGE);
    assert.is(driver.enable(), 1);
    assert.is(driver.run(0, 6, { words: [1] }).status, 0);
  });
}

test('an event for which the completion queue cannot be written is fatal, too', () => {
  const { driver, dma } = ready();
  driver.add(0, 0x0c);
  driver.ring(0);
  assert.is(driver.device.controller.heldEvents, 1);
  dma.writeProtected.add(page(ADMIN_CQ));
  assert.not(driver.device.controller.notify(1));
  assert.is(driver.read(CSTS), 1 | FATAL);
});

test('any command with any pages refused: it completes or the controller fails, and nothing throws', () => {
  const next = randomWords(11);
  for (let round = 0; round < 400; round++) {
    const { driver, dma } = ready();
    for (let n = next() % 3; n > 0; n--) (next() % 2 ? dma.refused : dma.writeProtected).add(next() % 40);
    const prp = (): bigint => (next() % 4 === 0 ? BigInt(next()) << BigInt(next() % 33) : BigInt(next() % 0x28000));
    const admin = next() % 2 === 0;
    const opcode = [0, 1, 2, 4, 5, 6, 9, 10, 0x0c][next() % 9]!;
    const words = [next() % 0x40, next() % 8, next() % 0x90, 0, 0, 0];
    driver.add(admin ? 0 : 1, opcode, { nsid: 1, prp1: prp(), prp2: prp(), flags: next() % 8 ? 0 : 0x40, words });
    driver.ring(admin ? 0 : 1);
    const ended = driver.reap(admin ? 0 : 1).length === 1;
    assert.ok(ended || driver.device.controller.hasFailed || driver.device.controller.heldEvents === 1);
  }
});

for (const [order, halves] of [
  ['the low word alone', ['low']],
  ['low, then high', ['low', 'high']],
  ['high, then low', ['high', 'low']],
] as const)
  test(`queues above 2 GiB are where their registers say, written ${order}`, () => {
    const { driver } = ready();
    const { controller } = driver.device;
    const base = halves.length === 1 ? 0x8000_1000n : 0x1_8000_1000n;
    for (const [n, register] of [ASQ, ACQ].entries())
      for (const half of halves) {
        const word = base + BigInt(n * PAGE);
        if (half === 'low') controller.write(register, 4, word & 0xffff_ffffn);
        else controller.write(register + 4, 4, word >> 32n);
      }
    assert.is(controller.read(ASQ, 8), base);
    assert.is(controller.read(ACQ, 8), base + BigInt(PAGE));
  });

test.run();
