import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BarDriver } from '../../../src/guest/pci/bar-driver.js';
import type { BoundFunction, PciDriver } from '../../../src/guest/pci/pci-driver.js';
import type { PciFunction } from '../../../src/guest/pci/pci-function.js';
import { X86Interrupts } from '../../../src/guest/vpci-interrupts/x86-interrupts.js';
import { failure, type Outcome, success } from '../../../src/ports/outcome.js';
import { type Routine, sleep, start } from '../../../src/sched/routine.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import type { PciDevice } from '../../../src/vsp/pci/pci-device.js';
import { FakeGuest } from './fake-guest.js';
import { FakeSlotBus } from './fake-slot.js';

const core = suite('pci-core');

/** A function whose header says that there are others behind it. */
function multi(device: PciDevice): PciDevice {
  return new Proxy(device, {
    get(target, key) {
      if (key === 'readConfig')
        return (offset: number, size: 1 | 2 | 4) => target.readConfig(offset, size) | (offset === 0x0e ? 0x80 : 0);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function make() {
  const guest = new FakeGuest([0, 1]);
  const slot = new FakeSlotBus(guest, new X86Interrupts(guest));
  const bus = slot.core.makeBus(slot.options);
  const run = <T>(routine: Routine<T>): T => {
    const running = start(guest.queue, routine);
    guest.queue.drain();
    return running.value;
  };
  return { guest, slot, core: slot.core, bus, run };
}

core('functions are found where function 0 is, and further ones only where it says so', () => {
  const { slot, bus } = make();
  const device = (): BarDevice => new BarDevice({ port: slot.port });
  slot.devices.set(0x00, multi(device()));
  slot.devices.set(0x02, device());
  slot.devices.set(0x08, device());
  slot.devices.set(0x09, device());
  slot.devices.set(0xf8, device());
  const found = slot.core.scan(bus);
  assert.equal(
    found.map(({ devfn }) => devfn),
    [0x00, 0x02, 0x08, 0xf8],
  );
  assert.equal(found[0]!.identity, {
    vendor: 0x1414,
    device: 0x00ba,
    classCode: 0x088000,
    revision: 1,
    subsystem: 0x11414,
  });
  // A second scan finds what is new, and nothing twice.
  slot.devices.set(0x10, device());
  assert.equal(
    slot.core.scan(bus).map(({ devfn }) => devfn),
    [0x10],
  );
});

core('ARM-17 coherency is that of the node the bus is on', () => {
  const { slot } = make();
  slot.devices.set(0, new BarDevice({ port: slot.port }));
  for (const isDmaCoherent of [true, false])
    assert.is(slot.core.scan(slot.core.makeBus({ ...slot.options, isDmaCoherent }))[0]!.isDmaCoherent, isDmaCoherent);
  assert.is(slot.core.scan(slot.core.makeBus(slot.options))[0]!.isDmaCoherent, true);
});

core('BARs of a second function come behind those of the first', () => {
  const { slot, bus } = make();
  slot.devices.set(0, new BarDevice({ port: slot.port }));
  const first = slot.core.scan(bus);
  assert.ok(slot.core.assign(bus, first));
  slot.devices.set(8, new BarDevice({ port: slot.port }));
  const second = slot.core.scan(bus);
  assert.ok(slot.core.assign(bus, second));
  assert.is(first[0]!.bars[0]!.address, 0xfe0000000n);
  assert.is(second[0]!.bars[0]!.address, 0xfe0001000n);
  slot.devices.set(16, new BarDevice({ port: slot.port, bars: [{ index: 0, size: 0x20000, wide: true }] }));
  const third = slot.core.scan(bus);
  assert.not.ok(slot.core.assign(bus, third));
});

core('a register behind a BAR is read and written; all ones once the function is gone', () => {
  const { slot, bus, guest, run } = make();
  const device = new BarDevice({ port: slot.port });
  slot.devices.set(0, device);
  const driver = new BarDriver((identity) => identity.device === 0x00ba);
  slot.core.register(driver);
  const found = slot.core.scan(bus);
  slot.core.assign(bus, found);
  slot.core.add(found);
  guest.queue.drain();
  const [bound] = driver.bound;
  bound!.write(0x10, 0xdeadbeef);
  assert.is(bound!.read(0x10), 0xdeadbeef);
  assert.is(device.memory.get(0)![0x10], 0xef);
  assert.is(bound!.read(0x1000), 0xffffffff);
  assert.is(slot.core.boundTo(found[0]!), bound);
  device.reset();
  assert.is(bound!.read(0x10), 0xffffffff);
  assert.ok(run(slot.core.remove(bus, 0)));
  assert.not.ok(found[0]!.isPresent);
  assert.is(run(slot.core.remove(bus, 0)), false);
});

/** A driver that takes its time and keeps a diary. */
class SlowDriver implements PciDriver {
  readonly name = 'slow';
  readonly diary: string[] = [];
  readonly outcome: Outcome;
  private readonly guest: FakeGuest;

  constructor(guest: FakeGuest, outcome: Outcome = success(undefined)) {
    this.guest = guest;
    this.outcome = outcome;
  }

  matches(): boolean {
    return true;
  }

  *probe(fn: PciFunction): Routine<Outcome<BoundFunction>> {
    this.diary.push(`probe ${fn.devfn}`);
    yield* sleep(this.guest.queue, 1000);
    this.diary.push(`probed ${fn.devfn}`);
    const { diary, outcome, guest } = this;
    if (!outcome.ok) return outcome;
    return success({
      *remove(): Routine {
        diary.push(`remove ${fn.devfn}`);
        yield* sleep(guest.queue, 1000);
        diary.push(`removed ${fn.devfn}`);
      },
    });
  }
}

core('LDID-12 what an IOMMU does for a function comes before its driver, in the same step as the addition', () => {
  const { slot, bus, guest } = make();
  slot.devices.set(0, new BarDevice({ port: slot.port }));
  const driver = new SlowDriver(guest);
  slot.core.register(driver);
  slot.core.onAdd((fn) => driver.diary.push(`iommu ${fn.domain.toString(16)}:${fn.devfn}`));
  slot.core.add(slot.core.scan(bus));
  assert.equal(driver.diary, ['iommu 37a9:0']);
  guest.queue.drain();
  assert.equal(driver.diary, ['iommu 37a9:0', 'probe 0', 'probed 0']);
});

core('PVI-27 a removal waits for a probe that runs, then for the driver; the IOMMU comes behind it', () => {
  const { slot, bus, guest, run } = make();
  slot.devices.set(0, new BarDevice({ port: slot.port }));
  slot.devices.set(8, new BarDevice({ port: slot.port }));
  const driver = new SlowDriver(guest);
  slot.core.register(driver);
  slot.core.onRemove((fn) => driver.diary.push(`iommu ${fn.devfn}`));
  slot.core.add(slot.core.scan(bus));
  assert.is(slot.core.bound, 0);
  run(slot.core.removeBus(bus));
  assert.equal(driver.diary, [
    'probe 0',
    'probe 8',
    'probed 0',
    'probed 8',
    'remove 8',
    'removed 8',
    'iommu 8',
    'remove 0',
    'removed 0',
    'iommu 0',
  ]);
  assert.is(bus.functions.size, 0);
});

core('a driver that refuses is not removed', () => {
  const { slot, bus, guest, run } = make();
  slot.devices.set(0, new BarDevice({ port: slot.port }));
  const driver = new SlowDriver(guest, failure('ENODEV'));
  slot.core.register(driver);
  const [fn] = slot.core.scan(bus);
  slot.core.add([fn!]);
  run(slot.core.settle());
  assert.is(slot.core.bound, 0);
  assert.is(slot.core.boundTo(fn!), undefined);
  assert.ok(run(slot.core.remove(bus, 0)));
  assert.equal(driver.diary, ['probe 0', 'probed 0']);
});

core.run();
