import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Arm64InterruptOptions, Arm64Interrupts } from '../../../src/guest/vpci-interrupts/arm64-interrupts.js';
import { MessageComposer } from '../../../src/guest/vpci-interrupts/compose.js';
import { NO_MESSAGE } from '../../../src/guest/vpci-interrupts/message-irq.js';
import { SpiDomainHolder } from '../../../src/guest/vpci-interrupts/spi-domain.js';
import { FakeGuest } from '../pci/fake-guest.js';
import { capturedHost, FakeBus, makeBlock } from './fake-bus.js';
import { FakeGic } from './fake-gic.js';

const arm = suite('arm64-interrupts');

function make(vps: readonly number[] = [0, 1], options?: Arm64InterruptOptions) {
  const guest = new FakeGuest(vps, 'arm64');
  const gic = new FakeGic();
  const arch = new Arm64Interrupts(guest, gic, options);
  const bus = new FakeBus(guest);
  bus.channel.answer = capturedHost();
  return { guest, gic, arch, bus, composer: new MessageComposer(guest, arch) };
}

arm('ARM-01 ARM-06 each MSI-X entry is an SPI, the vector its INTID', () => {
  const { arch, bus } = make();
  const block = makeBlock(bus, 'msix', 3);
  assert.ok(arch.allocate(block).ok);
  assert.equal(
    block.map((irq) => arch.vectorOf(irq)),
    [64, 65, 66],
  );
});

arm('ARM-02 ARM-15 a block of MSI has consecutive INTIDs, and the message names the first one, not 32', () => {
  const { arch, bus, composer, guest } = make();
  arch.allocate(makeBlock(bus, 'msix', 1));
  const block = makeBlock(bus, 'msi', 3);
  arch.allocate(block);
  assert.equal(
    block.map((irq) => irq.vector),
    [68, 69, 70],
  );
  for (const irq of block) composer.compose(irq);
  assert.is(bus.channel.sent.length, 1);
  assert.is(bus.channel.sent[0]!.slice(0, 36), '1b004942' + '00000000' + '44000000' + '0000' + '0300' + '0100');
  assert.equal(guest.calls, []);
});

arm('ARM-07 an INTID above 255 needs the third form of the message', () => {
  const { arch, bus, composer, guest } = make();
  const block = makeBlock(bus, 'msix', 200);
  arch.allocate(block);
  const high = block[192]!;
  assert.is(high.vector, 256);
  assert.is(composer.compose(high).data, 0x20);
  assert.is(bus.channel.sent[0]!.slice(16, 24), '00010000');
  const last = block[191]!;
  bus.version = 0x10003;
  assert.not.equal(composer.compose(last), NO_MESSAGE);
  assert.is(bus.channel.sent[1]!.slice(16, 18), 'ff');
  assert.equal(composer.compose(block[193]!), NO_MESSAGE);
  assert.is(guest.lines[0]!.fields!.why, 'vector-too-large');
  assert.is(bus.channel.sent.length, 2);
});

arm('ARM-08 composed for the first CPU that is present', () => {
  const { arch, bus, guest } = make([3, 4, 5]);
  guest.cpus[0]!.present = false;
  const block = makeBlock(bus, 'msix', 3);
  arch.allocate(block);
  assert.equal(
    block.map((irq) => irq.effective),
    [[1], [1], [1]],
  );
});

arm('ARM-08 or, by choice, for each in turn, the first one first', () => {
  const { arch, bus } = make([0, 1], { firstCpu: 'round-robin' });
  const block = makeBlock(bus, 'msix', 3);
  arch.allocate(block);
  assert.equal(
    block.map((irq) => irq.effective),
    [[0], [1], [0]],
  );
});

for (const firstCpu of ['first-present', 'round-robin'] as const)
  arm(`ARM-08 ARM-09 VPCI-54 ${firstCpu}: the first present CPU is offline, and interrupts come all the same`, () => {
    const { arch, bus, composer, gic, guest } = make([5, 6, 7], { firstCpu });
    guest.cpus[0]!.online = false;
    const [irq] = makeBlock(bus, 'msix', 1, { affinity: [0, 2] });
    assert.ok(arch.allocate([irq!]).ok);
    assert.equal(irq!.effective, [0]);
    assert.is.not(composer.compose(irq!), NO_MESSAGE);
    // One processor, VP 7: of the affinity, and online.
    assert.is(bus.channel.sent[0]!.slice(32, 40), '01000700');
    assert.ok(arch.activate(irq!).ok);
    assert.equal(irq!.effective, [2]);
    assert.equal([...gic.affinity], [[64, 2]]);
    const [nowhere] = makeBlock(bus, 'msix', 1, { affinity: [0] });
    arch.allocate([nowhere!]);
    nowhere!.effective = [0];
    assert.is(composer.compose(nowhere!), NO_MESSAGE);
  });

arm('ARM-09 ARM-10 ARM-15 affinity is the distributor, then unmask; no message, no call, the descriptor stays', () => {
  const { arch, bus, composer, gic, guest } = make();
  const [irq] = makeBlock(bus, 'msix', 1, { affinity: [0, 1] });
  arch.allocate([irq!]);
  composer.compose(irq!);
  arch.activate(irq!);
  arch.unmask(irq!);
  gic.diary.length = 0;
  const descriptor = irq!.descriptor;
  assert.ok(arch.setAffinity(irq!, [1]).ok);
  arch.unmask(irq!);
  assert.equal(gic.diary, ['affinity 64 1', 'unmask 64']);
  assert.is(irq!.descriptor, descriptor);
  assert.equal(irq!.effective, [1]);
  assert.is(bus.channel.sent.length, 1);
  assert.equal(guest.calls, []);
});

arm('ARM-10 mask and end of interrupt are the GIC', () => {
  const { arch, bus, gic } = make();
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  gic.diary.length = 0;
  arch.mask(irq!);
  arch.endOfInterrupt(irq!, 1);
  assert.equal(gic.diary, ['mask 64', 'eoi 64 1']);
});

arm('ARM-11 the delivery mode is a constant', () => assert.is(make().arch.deliveryMode, 0));

arm('ARM-12 ARM-13 buses share one domain', () => {
  const domain = new SpiDomainHolder();
  const one = make([0], { domain });
  const two = make([0], { domain });
  const first = makeBlock(one.bus, 'msix', 1);
  const second = makeBlock(two.bus, 'msix', 1);
  one.arch.allocate(first);
  two.arch.allocate(second);
  assert.equal([first[0]!.vector, second[0]!.vector], [64, 65]);
});

arm('ARM-05 no SPI for the last of several: those before are given back', () => {
  const { arch, bus, gic } = make();
  const all = makeBlock(bus, 'msix', 955);
  assert.ok(arch.allocate(all).ok);
  assert.equal(arch.allocate(makeBlock(bus, 'msix', 2)), { ok: false, errno: 'ENOSPC' });
  assert.is(gic.inUse.size, 955);
  arch.free(all);
  assert.is(gic.inUse.size, 0);
});

arm('an SPI reaches its handler on whatever CPU the GIC sends it to', () => {
  const { arch, bus, guest } = make();
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  const got: number[] = [];
  irq!.handler = (cpu) => got.push(cpu);
  arch.activate(irq!);
  guest.interrupt(64, 1);
  guest.interrupt(64, 0);
  arch.deactivate(irq!);
  assert.is(guest.interrupt(64, 0), false);
  assert.equal(got, [1, 0]);
});

arm.run();
