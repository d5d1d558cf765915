import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NvmeDevice } from '../../../src/vsp/pci/nvme-device.js';
import { randomBytes } from '../../support/random.js';
import { HostRig } from '../vpci/host-rig.js';
import { ADMIN_CQ, BAR, DATA, NvmeDriver } from './nvme-driver.js';

const FLUSH = 0;
const WRITE = 1;
const READ = 2;

const registers = suite('NVMe registers');

registers('capabilities and version as in the captures', () => {
  const driver = new NvmeDriver();
  assert.is(driver.read(0), 0x0a01003f);
  assert.is(driver.read(4), 0x20);
  assert.is(driver.read(8), 0x10300);
  assert.is(driver.rig.mmioRead(BAR, 8), 0x20_0a01003fn);
  assert.is(driver.read(0x3c), 0);
  assert.is(driver.rig.mmioRead(BAR, 1), 0n);
});

registers('enable, disable, shut down', () => {
  const driver = new NvmeDriver();
  assert.is(driver.read(0x1c), 0);
  assert.is(driver.enable(), 1);
  assert.is(driver.read(0x14), 0x460001);
  assert.is(driver.read(0x28), 0x1000);
  driver.write(0x14, 0x464001);
  assert.is(driver.read(0x1c), 9);
  driver.write(0x14, 0x460000);
  assert.is(driver.read(0x1c), 0);
  assert.is(driver.enable(), 1);
});

for (const [note, prepare] of [
  ['a queue outside of memory', (driver: NvmeDriver) => driver.rig.mmioWrite(BAR + 0x28, 8, 1n << 40n)],
  ['a queue beyond any address', (driver: NvmeDriver) => driver.rig.mmioWrite(BAR + 0x30, 8, 1n << 60n)],
  ['queues of one entry', (driver: NvmeDriver) => driver.write(0x24, 0)],
  ['entries of another size', (driver: NvmeDriver) => driver.write(0x14, 0x570000)],
  ['a page size that there is not', (driver: NvmeDriver) => driver.write(0x14, 0x460080)],
] as const)
  registers(`fatal: ${note}`, () => {
    const driver = new NvmeDriver();
    driver.write(0x24, 0xf000f);
    driver.rig.mmioWrite(BAR + 0x28, 8, 0x1000n);
    driver.rig.mmioWrite(BAR + 0x30, 8, 0x2000n);
    prepare(driver);
    driver.write(0x14, driver.read(0x14) | (driver.read(0x14) === 0 ? 0x460001 : 1));
    assert.is(driver.read(0x1c), 2);
    driver.write(0x14, 0);
    assert.is(driver.read(0x1c), 0);
  });

registers('doorbells that mean nothing', () => {
  const driver = NvmeDriver.ready();
  for (const [at, value] of [
    [0x1000, 16],
    [0x1000, 0xffffffff],
    [0x1004, 99],
    [0x1008, 1],
    [0x1ff8, 1],
    [0x1002, 1],
  ] as const)
    driver.write(at, value);
  driver.rig.queue.drain();
  assert.equal(driver.reap(0), []);
  assert.is(driver.run(0, 6, { words: [1] }).status, 0);
});

registers.run();

const admin = suite('NVMe admin commands');

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes).trimEnd();

admin('identify controller', () => {
  const driver = NvmeDriver.ready({ serial: 0x1000 });
  assert.is(driver.run(0, 6, { words: [1] }).status, 0);
  const page = driver.bytes(DATA, 4096);
  const view = new DataView(page.buffer);
  assert.is(view.getUint16(0, true), 0x1414);
  assert.is(text(page.subarray(4, 24)), 'HVABI0000004096');
  assert.is(view.getUint32(80, true), 0x10300);
  assert.is(page[512], 0x66);
  assert.is(page[513], 0x44);
  assert.is(view.getUint32(516, true), 1);
  assert.is(text(page.subarray(768, 795)), 'nqn.2014-08.org.nvmexpress:');
});

admin('identify namespace, list and descriptors', () => {
  const driver = NvmeDriver.ready();
  driver.run(0, 6, { nsid: 1, words: [0] });
  assert.is(driver.hex(DATA, 24), '001000000000000000100000000000000010000000000000');
  assert.is(driver.hex(DATA + 128, 4), '00000900');
  driver.run(0, 6, { words: [2] });
  assert.is(driver.hex(DATA, 8), '0100000000000000');
  driver.run(0, 6, { nsid: 1, words: [2] });
  assert.is(driver.hex(DATA, 8), '0000000000000000');
  driver.run(0, 6, { nsid: 1, words: [3] });
  assert.is(driver.hex(DATA, 4), '03100000');
  driver.run(0, 6, { words: [6] });
  assert.is(driver.hex(DATA, 8), '0000000000000000');
});

interface Refusal {
  readonly note: string;
  readonly opcode: number;
  readonly nsid?: number;
  readonly prp1?: number | bigint;
  readonly flags?: number;
  readonly words?: number[];
  readonly status: number;
}

const REFUSALS: readonly Refusal[] = [
  { note: 'unknown opcode', opcode: 0x7f, status: 1 },
  { note: 'identify of an unknown kind', opcode: 6, words: [0x10], status: 2 },
  { note: 'identify of another command set', opcode: 6, words: [6, 2 << 24], status: 2 },
  { note: 'identify of namespace 2', opcode: 6, nsid: 2, words: [0], status: 0xb },
  { note: 'identify outside of memory', opcode: 6, prp1: 1n << 40n, words: [1], status: 4 },
  { note: 'identify beyond any address', opcode: 6, prp1: 0xffff_ffff_ffff_f000n, words: [1], status: 4 },
  { note: 'identify by SGL', opcode: 6, flags: 0x40, words: [1], status: 4 },
  { note: 'completion queue 0', opcode: 5, words: [0x70000, 3], status: 0x101 },
  { note: 'completion queue 8', opcode: 5, words: [0x70008, 3], status: 0x101 },
  { note: 'completion queue of one entry', opcode: 5, words: [0x00001, 3], status: 0x102 },
  { note: 'completion queue of 65 entries', opcode: 5, words: [0x400001, 3], status: 0x102 },
  { note: 'completion queue in pieces', opcode: 5, words: [0x70001, 2], status: 2 },
  { note: 'completion queue that is no page', opcode: 5, prp1: DATA + 64, words: [0x70001, 3], status: 2 },
  { note: 'completion queue outside of memory', opcode: 5, prp1: 1 << 30, words: [0x70001, 3], status: 4 },
  { note: 'completion queue of vector 8', opcode: 5, words: [0x70001, 3 | (8 << 16)], status: 0x108 },
  { note: 'submission queue without completions', opcode: 1, words: [0x70001, 1 | (1 << 16)], status: 0x100 },
  { note: 'submission queue on the admin completions', opcode: 1, words: [0x70001, 1], status: 0x100 },
  { note: 'delete of no queue', opcode: 0, words: [3], status: 0x101 },
  { note: 'delete of the admin queue', opcode: 0, words: [0], status: 0x101 },
  { note: 'delete of no completions', opcode: 4, words: [3], status: 0x101 },
  { note: 'delete of the admin completions', opcode: 4, words: [0], status: 0x101 },
  { note: 'a feature that is not there', opcode: 9, words: [0x0c, 0], status: 2 },
  { note: 'a feature read that is not there', opcode: 10, words: [0x7f], status: 2 },
  { note: 'a feature to be saved', opcode: 9, words: [0x80000006, 1], status: 0x10d },
  { note: '65536 queues', opcode: 9, words: [7, 0xffff], status: 2 },
  { note: 'a log that is not there', opcode: 2, words: [0x55 | (127 << 16)], status: 0x109 },
  { note: 'a log of 16 GiB', opcode: 2, words: [(0xffff << 16) | 2, 0xffff], status: 2 },
  { note: 'a log outside of memory', opcode: 2, prp1: 1n << 50n, words: [(127 << 16) | 2], status: 4 },
];

for (const { note, opcode, status, ...fields } of REFUSALS)
  admin(`refused: ${note}`, () => {
    const driver = NvmeDriver.ready();
    assert.is(driver.run(0, opcode, fields).status, status);
    assert.is(driver.run(0, 6, { words: [1] }).status, 0, 'the controller goes on');
  });

admin('queue numbers and features', () => {
  const driver = NvmeDriver.ready();
  assert.is(driver.run(0, 9, { words: [7, 0x00010001] }).result, 0x00060006);
  assert.is(driver.run(0, 10, { words: [7] }).result, 0x00060006);
  assert.is(driver.run(0, 10, { words: [6] }).result, 1);
  driver.run(0, 9, { words: [0x0b, 0x300] });
  assert.is(driver.run(0, 10, { words: [0x0b] }).result, 0x300);
  driver.run(0, 9, { words: [4, 0x00010150] });
  assert.is(driver.run(0, 10, { words: [4, 0] }).result, 0);
  assert.is(driver.run(0, 10, { words: [4, 0x10000] }).result, 0x00010150);
});

admin('logs: health, errors, firmware, from an offset', () => {
  const driver = NvmeDriver.ready();
  const log = (id: number, bytes: number, offset = 0) => {
    driver.rig.memory.write(DATA, new Uint8Array(bytes).fill(0xee));
    const words = [id | ((bytes / 4 - 1) << 16), 0, offset, 0];
    assert.is(driver.run(0, 2, { nsid: 0xffffffff, words }).status, 0);
    return driver.hex(DATA, bytes);
  };
  assert.is(log(2, 512).slice(0, 10), '002c01640a');
  assert.is(log(2, 8, 4), '0a00000000000000');
  assert.is(log(1, 64), '00'.repeat(64));
  assert.is(log(3, 16), '0100000000000000312e302020202020');
  assert.is(log(3, 1024).slice(1024), '00'.repeat(512));
});

admin('asynchronous event requests are held, told, and limited', () => {
  const driver = NvmeDriver.ready();
  const ids = Array.from({ length: 5 }, () => driver.add(0, 0x0c));
  driver.ring(0);
  assert.equal(
    driver.reap(0).map(({ commandId, status }) => [commandId, status]),
    [[ids[4], 0x105]],
  );
  assert.is(driver.device.controller.heldEvents, 4);
  assert.is(driver.run(0, 8, { words: [ids[0]! << 16] }).result, 1);
  assert.ok(driver.device.controller.notify(0x30102));
  assert.equal(
    driver.reap(0).map(({ commandId, result }) => [commandId, result]),
    [[ids[0], 0x30102]],
  );
  driver.write(0x14, 0x460000);
  assert.not.ok(driver.device.controller.notify(1), 'forgotten by a reset');
});

admin.run();

const io = suite('NVMe I/O');

function withPair(options = {}): NvmeDriver {
  const driver = NvmeDriver.ready(options);
  assert.equal(driver.createPair(1), [0, 0]);
  return driver;
}

for (const sectors of [1, 8, 9, 16, 17, 64, 256])
  io(`what is written is read: ${sectors} sectors`, () => {
    const driver = withPair();
    const length = sectors * 512;
    const bytes = randomBytes(length, sectors);
    // One page, two, or a list of them; every other page in between stays free.
    const place = (base: number) => {
      const pages = Math.ceil(length / 4096);
      const list = base - 0x1000;
      for (let i = 1; i < pages; i++) driver.rig.memory.writeU64(list + (i - 1) * 8, BigInt(base + i * 0x2000));
      return { prp1: base, prp2: pages === 2 ? base + 0x2000 : pages > 2 ? list : 0, pages };
    };
    const from = place(0x20000);
    for (let i = 0; i < from.pages; i++)
      driver.rig.memory.write(0x20000 + i * 0x2000, bytes.slice(i * 4096, (i + 1) * 4096));
    const words = [100, 0, sectors - 1];
    assert.is(driver.run(1, WRITE, { nsid: 1, ...from, words }).status, 0);
    const into = place(0x80000);
    const done = driver.run(1, READ, { nsid: 1, ...into, words });
    assert.is(done.status, 0);
    assert.is(done.queueId, 1);
    for (let i = 0; i < into.pages; i++) {
      const piece = bytes.slice(i * 4096, (i + 1) * 4096);
      assert.is(driver.hex(0x80000 + i * 0x2000, piece.length), Buffer.from(piece).toString('hex'));
      assert.is(driver.hex(0x81000 + i * 0x2000, 4096), '00'.repeat(4096), 'nothing beside');
    }
  });

io('data that starts inside of a page', () => {
  const driver = withPair();
  const bytes = randomBytes(1024, 3);
  driver.rig.memory.write(0x20e00, bytes.slice(0, 512));
  driver.rig.memory.write(0x30000, bytes.slice(512));
  assert.is(driver.run(1, WRITE, { nsid: 1, prp1: 0x20e00, prp2: 0x30000, words: [0, 0, 1] }).status, 0);
  const there = new Uint8Array(1024);
  driver.device.disk.read(0, there);
  assert.equal([...there], [...bytes]);
});

io('a list that goes on in another', () => {
  const driver = withPair();
  const { memory } = driver.rig;
  memory.writeU64(0x30ff8, 0x31ff0n);
  memory.writeU64(0x31ff0, 0x40000n);
  memory.writeU64(0x31ff8, 0x41000n);
  assert.is(driver.run(1, WRITE, { nsid: 1, prp1: 0x20000, prp2: 0x30ff8, words: [0, 0, 23] }).status, 0);
});

interface IoRefusal {
  readonly note: string;
  readonly opcode?: number;
  readonly nsid?: number;
  readonly prp1?: number | bigint;
  readonly prp2?: number | bigint;
  readonly words?: number[];
  readonly status: number;
}

const IO_REFUSALS: readonly IoRefusal[] = [
  { note: 'namespace 2', nsid: 2, status: 0xb },
  { note: 'unknown opcode', opcode: 0x40, status: 1 },
  { note: 'the sector behind the last', words: [4096, 0, 0], status: 0x80 },
  { note: 'over the end', words: [4095, 0, 1], status: 0x80 },
  { note: 'a sector that no number holds', words: [0xffffffff, 0xffffffff, 0], status: 0x80 },
  { note: 'more than a transfer takes', words: [0, 0, 256], status: 2 },
  { note: 'outside of memory', prp1: 1 << 20, status: 4 },
  { note: 'the second page not aligned', prp2: 0x30008, words: [0, 0, 15], status: 4 },
  { note: 'the second page outside of memory', prp2: 1n << 63n, words: [0, 0, 15], status: 4 },
  { note: 'a list outside of memory', prp2: 1n << 40n, words: [0, 0, 31], status: 4 },
  { note: 'a list that is not aligned', prp2: 0x30004, words: [0, 0, 31], status: 4 },
  { note: 'compare of other bytes', opcode: 5, prp1: 0x2000, status: 0x285 },
];

for (const { note, opcode = READ, nsid = 1, status, ...fields } of IO_REFUSALS)
  io(`refused: ${note}`, () => {
    const driver = withPair();
    assert.is(driver.run(1, opcode, { nsid, prp1: 0x20000, words: [0, 0, 0], ...fields }).status, status);
    assert.is(driver.run(1, FLUSH, { nsid: 0xffffffff }).status, 0);
  });

io('lists in a circle end', () => {
  const driver = withPair();
  driver.rig.memory.writeU64(0x30ff8, 0x30ff8n);
  assert.is(driver.run(1, READ, { nsid: 1, prp1: 0x20000, prp2: 0x30ff8, words: [0, 0, 255] }).status, 4);
});

io('write zeroes, deallocate, compare', () => {
  const driver = withPair();
  driver.rig.memory.write(0x20000, new Uint8Array(4096).fill(7));
  const at = (sector: number) => {
    const byte = new Uint8Array(1);
    driver.device.disk.read(sector * 512, byte);
    return byte[0];
  };
  driver.run(1, WRITE, { nsid: 1, prp1: 0x20000, words: [0, 0, 7] });
  assert.is(driver.run(1, 5, { nsid: 1, prp1: 0x20000, words: [0, 0, 7] }).status, 0);
  assert.is(driver.run(1, 8, { nsid: 1, words: [1, 0, 1] }).status, 0);
  assert.equal([0, 1, 2, 3].map(at), [7, 0, 0, 7]);
  const { memory } = driver.rig;
  memory.writeU32(0x21004, 1);
  memory.writeU64(0x21008, 5n);
  memory.writeU32(0x21014, 1);
  memory.writeU64(0x21018, 7n);
  assert.is(driver.run(1, 9, { nsid: 1, prp1: 0x21000, words: [1, 4] }).status, 0);
  assert.equal([4, 5, 6, 7].map(at), [7, 0, 7, 0]);
  memory.writeU64(0x21018, 4096n);
  assert.is(driver.run(1, 9, { nsid: 1, prp1: 0x21000, words: [1, 4] }).status, 0x80);
});

io('each queue interrupts by its vector, once for what came together', () => {
  const driver = withPair();
  driver.createPair(2, { vector: 5 });
  driver.rig.interrupts.raised.length = 0;
  for (let i = 0; i < 3; i++) driver.add(2, FLUSH, { nsid: 1 });
  driver.ring(2);
  assert.equal(driver.raised, [0x25]);
  assert.is(driver.reap(2).length, 3);
  driver.run(1, FLUSH, { nsid: 1 });
  assert.equal(driver.raised, [0x25, 0x21]);
});

io('a full completion queue stops the commands, and nothing is written over', () => {
  const driver = withPair();
  driver.createPair(2, { entries: 4, sq: 0x50000 });
  const queue = driver.queues.get(2)!;
  for (let i = 0; i < 3; i++) driver.add(2, FLUSH, { nsid: 1 });
  driver.ring(2);
  driver.add(2, FLUSH, { nsid: 1 });
  driver.ring(2);
  assert.is(driver.rig.memory.readU32(queue.cq + 3 * 16 + 12), 0, 'the fourth waits');
  assert.is(driver.reap(2).length, 3);
  driver.rig.queue.drain();
  assert.is(driver.reap(2).length, 1);
});

io('queues are deleted in order, and made again', () => {
  const driver = withPair();
  assert.is(driver.run(0, 4, { words: [1] }).status, 0x10c);
  assert.is(driver.run(0, 5, { prp1: 0x70000, words: [0x70001, 3] }).status, 0x101);
  assert.is(driver.run(0, 1, { prp1: 0x70000, words: [0x70001, 1 | (1 << 16)] }).status, 0x101);
  assert.is(driver.run(0, 0, { words: [1] }).status, 0);
  assert.is(driver.run(0, 4, { words: [1] }).status, 0);
  assert.equal(driver.createPair(1), [0, 0]);
});

io('the phase turns with every round', () => {
  const driver = withPair();
  for (let i = 0; i < 40; i++) assert.is(driver.run(1, FLUSH, { nsid: 1 }).queueHead, (i + 1) % 8);
});

io('a command leaves its 64 bytes in the trace', () => {
  const driver = withPair();
  driver.device.attached(0x20);
  driver.run(1, FLUSH, { nsid: 1 });
  const last = driver.rig.events.at(-1)!;
  assert.is(last.k, 'nvme');
  assert.is(last.slot, 0x20);
  assert.is(last.q, 1);
  assert.is((last.cmd as string).length, 128);
});

io('by plain MSI, and of sectors of 4096 bytes', () => {
  const driver = new NvmeDriver({ interrupts: 3, sectors: 16, sectorBytes: 4096 });
  assert.is(driver.device.readConfig(0x40, 1), 5);
  driver.device.writeConfig(0x44, 4, 0xfee01000);
  driver.device.writeConfig(0x4c, 2, 0x2c);
  driver.device.writeConfig(0x42, 2, 0x21);
  driver.enable();
  driver.createPair(2, { sq: 0x50000 });
  driver.run(2, WRITE, { nsid: 1, prp1: 0x2000, words: [15, 0, 0] });
  assert.is(driver.run(2, READ, { nsid: 1, prp1: 0x60000, words: [15, 0, 0] }).status, 0);
  assert.ok(driver.raised.includes(0x2e));
  assert.is(driver.hex(0x60000, 16), driver.hex(ADMIN_CQ, 16));
});

io('devices that cannot be', () => {
  const port = new HostRig();
  assert.throws(() => new NvmeDevice({ port, sectorBytes: 520 }), RangeError);
  assert.throws(() => new NvmeDevice({ port, interrupts: 64 }), RangeError);
  assert.throws(() => new NvmeDevice({ port, msixVectors: 0 }), RangeError);
});

io.run();
