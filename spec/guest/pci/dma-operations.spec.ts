import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DIRECT_DMA, type DmaOperations } from '../../../src/guest/pci/dma-operations.js';
import { NvmeDriver } from '../../../src/guest/pci/nvme-driver.js';
import { X86Interrupts } from '../../../src/guest/vpci-interrupts/x86-interrupts.js';
import { DirectDma } from '../../../src/memory/direct-dma.js';
import type { DmaPort } from '../../../src/ports/dma-port.js';
import type { GuestMemory } from '../../../src/ports/guest-memory.js';
import { failure, type Outcome, success } from '../../../src/ports/outcome.js';
import { type Routine, start } from '../../../src/sched/routine.js';
import { NvmeDevice } from '../../../src/vsp/pci/nvme-device.js';
import { FakeGuest } from './fake-guest.js';
import { FakeSlotBus } from './fake-slot.js';

const test = suite('DMA operations of a PCI driver');

const PAGE = 4096;

/** An IOMMU in a few lines: the driver's side of it maps, the device's side has what is mapped and nothing else. */
class TinyIommu implements DmaOperations, DmaPort {
  /** Frame and permission by page of the device's. */
  readonly pages = new Map<number, { readonly frame: number; readonly writable: boolean }>();
  readonly ranges = new Map<bigint, number>();
  /** Sizes of what was mapped, and whether the device may write it. */
  readonly made: string[] = [];
  /** Maps that succeed before one does not. */
  left = Number.POSITIVE_INFINITY;
  /** Accesses to what is not mapped. */
  faults = 0;
  private next = 0x8_0000_0000;
  private readonly memory: DirectDma;

  constructor(memory: GuestMemory) {
    this.memory = new DirectDma(memory);
  }

  mapPages(frames: readonly number[], writable: boolean): Outcome<readonly bigint[]> {
    if (this.left-- <= 0) return failure('ENOSPC');
    const first = this.next;
    this.next += frames.length + 1;
    for (const [i, frame] of frames.entries()) this.pages.set(first + i, { frame, writable });
    this.ranges.set(BigInt(first * PAGE), frames.length);
    this.made.push(`${frames.length} ${writable ? 'rw' : 'ro'}`);
    return success(frames.map((_, i) => BigInt((first + i) * PAGE)));
  }

  unmapPages(addresses: readonly bigint[]): void {
    assert.is(this.ranges.get(addresses[0]!), addresses.length, 'one mapping, all of it');
    this.ranges.delete(addresses[0]!);
    for (const address of addresses) this.pages.delete(Number(address) / PAGE);
  }

  read(address: bigint, into: Uint8Array): boolean {
    return this.each(address, into.length, false, (gpa, from, to) => this.memory.read(gpa, into.subarray(from, to)));
  }

  write(address: bigint, bytes: Uint8Array): boolean {
    return this.each(address, bytes.length, true, (gpa, from, to) => this.memory.write(gpa, bytes.subarray(from, to)));
  }

  storeU32(address: bigint, value: number): boolean {
    return this.each(address, 4, true, (gpa) => this.memory.storeU32(gpa, value));
  }

  private each(
    address: bigint,
    length: number,
    writes: boolean,
    access: (gpa: bigint, from: number, to: number) => boolean,
  ): boolean {
    for (let done = 0; done < length; ) {
      const at = Number(address) + done;
      const run = Math.min(length - done, PAGE - (at % PAGE));
      const found = this.pages.get(Math.floor(at / PAGE));
      if (found === undefined || (writes && !found.writable)) {
        this.faults++;
        return false;
      }
      if (!access(BigInt(found.frame * PAGE + (at % PAGE)), done, done + run)) return false;
      done += run;
    }
    return true;
  }
}

function probe(prepare: (iommu: TinyIommu, device: NvmeDevice) => void = () => undefined) {
  const guest = new FakeGuest([0, 1]);
  const slot = new FakeSlotBus(guest, new X86Interrupts(guest));
  slot.bus.version = 0x10004;
  const iommu = new TinyIommu(guest.memory);
  const device = new NvmeDevice({ port: slot.port, dma: iommu, sectors: 2048 });
  slot.devices.set(0, device);
  const driver = new NvmeDriver(guest);
  slot.core.register(driver);
  slot.core.onAdd((fn) => {
    fn.dma = iommu;
  });
  const bus = slot.core.makeBus(slot.options);
  const free = guest.frames.free;
  const found = slot.core.scan(bus);
  slot.core.assign(bus, found);
  prepare(iommu, device);
  slot.core.add(found);
  guest.queue.drain();
  const run = <T>(routine: Routine<T>): T => {
    const running = start(guest.queue, routine);
    guest.queue.drain();
    return running.value;
  };
  const remove = (): void => {
    assert.ok(run(slot.core.remove(bus, 0)));
    assert.equal([...iommu.ranges], [], 'nothing is mapped');
    assert.is(guest.frames.free, free, 'all frames are back');
  };
  return { guest, slot, iommu, device, driver, run, remove, free };
}

test('E2E-01 queues, identify pages and data go by the addresses of the operations, and all of it comes back', () => {
  const { driver, iommu, run, remove, slot } = probe();
  const [disk] = driver.controllers;
  assert.is(iommu.faults, 0);
  assert.is(slot.core.bound, 1);
  // Three pairs of queues; what identify commands filled is unmapped.
  assert.equal([...iommu.ranges.values()], [1, 1, 1, 1, 1, 1]);
  const [namespace] = disk!.namespaces;
  const content = Uint8Array.from({ length: 5 * PAGE }, (_, i) => (i * 13 + (i >> 8)) & 255);
  iommu.made.length = 0;
  assert.ok(run(disk!.writeBlocks(0, namespace!, 8n, content)).ok);
  const back = run(disk!.readBlocks(1, namespace!, 8n, content.length / 512));
  assert.equal([...(back.ok ? back.value : [])], [...content]);
  // A controller reads what it writes to the disk, and no more; one list of pages serves both transfers.
  assert.equal(iommu.made, ['5 ro', '1 rw', '5 rw']);
  assert.is(iommu.faults, 0);
  remove();
});

test('a map that is refused, each in turn: an errno, and nothing is left', () => {
  for (let left = 0; left < 16; left++) {
    const { driver, iommu, run, remove, guest } = probe((iommu) => {
      iommu.left = left;
    });
    const [disk] = driver.controllers;
    const content = new Uint8Array(3 * PAGE);
    const written = disk && run(disk.writeBlocks(0, disk.namespaces[0]!, 0n, content));
    assert.is(guest.codes.includes('nvme-probe-failed'), disk === undefined, `${left}`);
    // Data that cannot be mapped, then a list that cannot.
    if (written?.ok === false) assert.is(written.errno, left === 11 ? 'ENOSPC' : 'ENOMEM');
    assert.is(iommu.faults, 0);
    remove();
    // Six queues, a page for each of five identify commands, data, a list.
    assert.is(written?.ok === true, left >= 13, `${left}`);
  }
});

test('PVI-51 a driver that hands out guest addresses behind an IOMMU reaches nothing: its probe ends, cleanly', () => {
  const made = probe((iommu) => {
    iommu.mapPages = (frames) => DIRECT_DMA.mapPages(frames, true);
    iommu.unmapPages = () => undefined;
  });
  assert.is(made.iommu.faults, 1);
  assert.is(made.driver.controllers.length, 0);
  assert.ok(made.device.controller.hasFailed);
  assert.equal(
    made.guest.lines.filter(({ code }) => code === 'nvme-probe-failed').map(({ fields }) => fields),
    [{ errno: 'EIO' }],
  );
  made.remove();
});

test('a controller that fails under load: its commands end, what it may still use comes back with its end only', () => {
  const { driver, iommu, run, remove, guest } = probe();
  const [disk] = driver.controllers;
  const queues = iommu.ranges.size;
  // The device loses sight of queue 1.
  for (const [first] of iommu.ranges)
    if (first === disk!.io[0]!.submission.address) iommu.pages.delete(Number(first) / PAGE);
  const content = new Uint8Array(3 * PAGE);
  assert.equal(run(disk!.writeBlocks(0, disk!.namespaces[0]!, 0n, content)), { ok: false, errno: 'ETIMEDOUT' });
  assert.is(iommu.faults, 1);
  assert.ok(guest.queue.now() < 5_000_000, 'long before its time is over');
  assert.is(iommu.ranges.size, queues + 2, 'data and their list');
  const before = guest.queue.now();
  remove();
  assert.is(guest.queue.now(), before, 'nothing is asked of it any more');
});

test('a device that goes away gives all of it back at once', () => {
  const { driver, iommu, run, remove, guest } = probe();
  const [disk] = driver.controllers;
  const queues = iommu.ranges.size;
  guest.unmap(0xfe0000000);
  assert.equal(run(disk!.readBlocks(0, disk!.namespaces[0]!, 0n, 8)), { ok: false, errno: 'ENODEV' });
  assert.is(iommu.ranges.size, queues);
  remove();
});

test('without an IOMMU addresses are guest physical', () => {
  assert.equal(DIRECT_DMA.mapPages([5, 0x10_0000_0000], true), { ok: true, value: [0x5000n, 0x1_0000_0000_0000n] });
  DIRECT_DMA.unmapPages([]);
});

test.run();
