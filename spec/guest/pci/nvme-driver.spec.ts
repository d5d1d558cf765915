import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NvmeDriver } from '../../../src/guest/pci/nvme-driver.js';
import { Arm64Interrupts } from '../../../src/guest/vpci-interrupts/arm64-interrupts.js';
import type { IrqArch } from '../../../src/guest/vpci-interrupts/irq-arch.js';
import { X86Interrupts } from '../../../src/guest/vpci-interrupts/x86-interrupts.js';
import { type Routine, start } from '../../../src/sched/routine.js';
import { NvmeDevice, type NvmeDeviceOptions } from '../../../src/vsp/pci/nvme-device.js';
import { readCapture } from '../../support/captures.js';
import { FakeGic } from '../vpci-interrupts/fake-gic.js';
import { FakeGuest } from './fake-guest.js';
import { FakeSlotBus } from './fake-slot.js';

const nvme = suite('nvme-driver');

interface Setup {
  readonly vps?: readonly number[];
  readonly version?: number;
  readonly arch?: 'x64' | 'arm64';
  /** Vectors in use before, by CPU. */
  readonly taken?: Readonly<Record<number, number>>;
  readonly device?: Omit<NvmeDeviceOptions, 'port'>;
  readonly before?: (guest: FakeGuest, slot: FakeSlotBus) => void;
}

function probe(setup: Setup = {}) {
  const { vps = [0, 1], version = 0x10004, arch = 'x64', taken = {}, device: options = {}, before } = setup;
  const guest = new FakeGuest(vps, arch);
  for (const [cpu, vector] of Object.entries(taken)) guest.vectors[Number(cpu)]!.add(vector);
  const gic = new FakeGic();
  const strategy: IrqArch = arch === 'x64' ? new X86Interrupts(guest) : new Arm64Interrupts(guest, gic);
  const slot = new FakeSlotBus(guest, strategy);
  slot.bus.version = version;
  const device = new NvmeDevice({ port: slot.port, sectors: 2048, ...options });
  slot.devices.set(0, device);
  const driver = new NvmeDriver(guest);
  slot.core.register(driver);
  const bus = slot.core.makeBus(slot.options);
  const free = guest.frames.free;
  const found = slot.core.scan(bus);
  assert.is(slot.core.assign(bus, found), true);
  before?.(guest, slot);
  slot.core.add(found);
  guest.queue.drain();
  const run = <T>(routine: Routine<T>): T => {
    const running = start(guest.queue, routine);
    guest.queue.drain();
    return running.value;
  };
  return { guest, slot, device, driver, bus, run, gic, free };
}

interface CaptureEvent {
  readonly n: number;
  readonly k: string;
  readonly raw?: string;
  readonly direction?: string;
  readonly code?: string;
  readonly in?: string;
}

/** Creates, deletes and retargets of a capture's guest before event `until`, without the padding of packets. */
function captured(name: string, until: number): string[] {
  const texts: string[] = [];
  for (const event of readCapture(name) as unknown as CaptureEvent[]) {
    if (event.n >= until) break;
    if (event.k === 'hypercall' && event.code === '0x7e') texts.push(event.in!);
    if (event.k !== 'ring' || event.direction !== 'g2h') continue;
    const payload = event.raw!.slice(32, -16);
    // 82 bytes in the third form; the others fill qwords.
    if (payload.startsWith('1b004942')) texts.push(payload.slice(0, 164));
    else if (/^1[45]004942/.test(payload)) texts.push(payload);
  }
  return texts;
}

// In the captured x64 guests another device has the first vector of CPU 1.
const SAME: readonly (readonly [string, string, number, Setup, number])[] = [
  ['protocol 1.4: 8 creates, 5 deletes, 4 retargets', 'conversation-boot.jsonl', 671, { taken: { 1: 0x22 } }, 17],
  ['protocol 1.1', 'conversation-old.jsonl', 700, { taken: { 1: 0x22 }, version: 0x10001 }, 17],
];
for (const [title, name, until, setup, count] of SAME)
  nvme(`VPCI-50 VPCI-52 VPCI-53 VPCI-56 VPCI-59 ${title}, message by message as Linux 6.12 sends them`, () => {
    const made = probe(setup);
    assert.equal(made.guest.lines, []);
    const seen = captured(name, until);
    assert.is(seen.length, count);
    assert.equal(made.slot.order, seen);
    assert.is(made.driver.controllers.length, 1);
    assert.is(made.slot.spurious, 0);
  });

nvme('ARM-09 ARM-15 VPCI-52 arm64: SPIs from 64 up, one delete, no retarget, as Linux 6.12 sends them', () => {
  const made = probe({ arch: 'arm64' });
  assert.equal(made.guest.lines, []);
  assert.equal(made.slot.order, captured('conversation-arm64.jsonl', 626));
  assert.equal(made.guest.calls, []);
  assert.is(made.driver.controllers.length, 1);
  // Queues on the CPUs they are for: by the distributor alone.
  assert.equal(
    [...made.gic.affinity],
    [
      [64, 0],
      [65, 0],
      [66, 1],
    ],
  );
});

nvme('VPCI-51 VPCI-59 three plain messages: one create for all, a retarget for each with its data', () => {
  const made = probe({ device: { interrupts: 3 } });
  assert.equal(made.guest.lines, []);
  const kinds = made.slot.order.map((hex) => hex.slice(0, 8));
  assert.equal(kinds, [
    '1b004942',
    '15004942',
    '1b004942',
    'ffffffff',
    '15004942',
    '1b004942',
    'ffffffff',
    'ffffffff',
    'ffffffff',
  ]);
  assert.is(made.slot.order[5]!.slice(16, 40), '200000000000030001000000');
  assert.equal(
    made.slot.order.slice(6).map((hex) => hex.slice(48, 64)),
    ['0010e0fe22000000', '0010e0fe23000000', '0010e0fe24000000'],
  );
});

nvme('one namespace, its size and block size from the controller', () => {
  const { driver } = probe();
  assert.equal(driver.controllers[0]!.namespaces, [{ id: 1, blocks: 2048n, blockBytes: 512 }]);
  assert.is(driver.controllers[0]!.io.length, 2);
});

nvme('blocks of 4 KiB', () => {
  const { driver } = probe({ device: { sectorBytes: 4096, sectors: 64 } });
  assert.equal(driver.controllers[0]!.namespaces, [{ id: 1, blocks: 64n, blockBytes: 4096 }]);
});

nvme('reads and writes from both CPUs, each with its own interrupt', () => {
  const made = probe();
  const controller = made.driver.controllers[0]!;
  const [namespace] = controller.namespaces;
  const counts = controller.io.map(() => 0);
  for (const [i, queue] of controller.io.entries()) {
    const original = queue.interrupt.bind(queue);
    queue.interrupt = (cpu) => {
      assert.is(cpu, i);
      counts[i]!++;
      original(cpu);
    };
  }
  const content = Uint8Array.from({ length: 20480 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
  assert.ok(made.run(controller.writeBlocks(0, namespace!, 3n, content)).ok);
  const back = made.run(controller.readBlocks(1, namespace!, 3n, 40));
  assert.ok(back.ok);
  assert.equal([...(back.ok ? back.value : [])], [...content]);
  assert.equal(counts, [1, 1]);
  const one = made.run(controller.readBlocks(0, namespace!, 2n, 1));
  assert.equal(one.ok && one.value.every((byte) => byte === 0), true);
});

nvme('a read behind the end is refused by the controller', () => {
  const made = probe();
  const controller = made.driver.controllers[0]!;
  const outcome = made.run(controller.readBlocks(0, controller.namespaces[0]!, 2048n, 1));
  assert.is(outcome.ok, false);
  assert.is(!outcome.ok && outcome.errno, 'EIO');
});

nvme('VPCI-63 a user moves the interrupt of the admin queue: nothing now, a retarget when it comes in', () => {
  const made = probe({ taken: { 1: 0x22 } });
  const controller = made.driver.controllers[0]!;
  const before = made.slot.order.length;
  assert.ok(controller.fn.interrupts.setAffinity(0, [1]).ok);
  assert.is(made.slot.order.length, before);
  const identify = (): void => {
    assert.ok(made.run(controller.command({ opcode: 9, words: [7, 0x10001] })).ok);
  };
  identify();
  // Event 727 of the capture: vector 0x24 on VP 1.
  assert.equal(made.slot.order.slice(before), [
    'ffffffffffffffff004ea9370000000001000000000000000010e0fe2500000000000000000000002400000002000000000000000000000001000000000000000200000000000000',
  ]);
  assert.ok(made.guest.vectors[0]!.has(0x23));
  identify();
  // It has come in at the new place: the old vector is free.
  assert.not.ok(made.guest.vectors[0]!.has(0x23));
  assert.is(made.slot.order.length, before + 1);
  assert.equal(controller.fn.interrupts.setAffinity(1, [1]), { ok: false, errno: 'EIO' });
});

nvme('removal: queues deleted, interrupts given back in order, nothing is left', () => {
  const made = probe();
  const before = made.slot.order.length;
  assert.is(made.run(made.slot.core.remove(made.bus, 0)), true);
  // Events 896 to 900 of the capture.
  assert.equal(made.slot.order.slice(before), [
    '150049420000000000000100250000000010e0fe00000000',
    '150049420000000000000100260000000010e0fe00000000',
    '150049420000000000000100270000000010e0fe00000000',
  ]);
  assert.equal(
    made.guest.vectors.map((set) => set.size),
    [0, 0],
  );
  assert.is(made.guest.frames.free, made.free);
  assert.is(made.driver.controllers.length, 0);
  assert.is(made.slot.routes.size, 0);
  assert.is(made.bus.functions.size, 0);
});

nvme('a controller that goes away ends what waits for it', () => {
  const made = probe();
  const controller = made.driver.controllers[0]!;
  made.guest.unmap(0xfe0000000);
  const outcome = made.run(controller.readBlocks(0, controller.namespaces[0]!, 0n, 1));
  assert.equal(outcome, { ok: false, errno: 'ENODEV' });
  assert.ok(made.guest.queue.now() < 5_000_000);
  made.run(made.slot.core.remove(made.bus, 0));
  assert.is(made.guest.frames.free, made.free);
});

nvme('a device whose interrupts do not come is given up, and leaves nothing', () => {
  const made = probe({
    before: (_guest, slot) => {
      slot.bus.vendor = 0xffff;
      slot.bus.channel.answer = () => undefined;
    },
  });
  assert.is(made.driver.controllers.length, 0);
  assert.ok(made.guest.codes.includes('nvme-probe-failed'));
  assert.is(made.slot.core.bound, 0);
  assert.equal(
    made.guest.vectors.map((set) => set.size),
    [0, 0],
  );
});

nvme.run();
