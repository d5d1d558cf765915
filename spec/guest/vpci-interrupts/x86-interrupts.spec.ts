import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { MessageComposer } from '../../../src/guest/vpci-interrupts/compose.js';
import { type X86InterruptOptions, X86Interrupts } from '../../../src/guest/vpci-interrupts/x86-interrupts.js';
import { FakeGuest } from '../pci/fake-guest.js';
import { capturedHost, FakeBus, makeBlock } from './fake-bus.js';

const x86 = suite('x86-interrupts');

function make(vps: readonly number[] = [0, 1], options?: X86InterruptOptions) {
  const guest = new FakeGuest(vps);
  const arch = new X86Interrupts(guest, options);
  const bus = new FakeBus(guest);
  bus.channel.answer = capturedHost();
  const composer = new MessageComposer(guest, arch);
  return { guest, arch, bus, composer };
}

/** Control word and input of the last hypercall. */
function lastCall(guest: FakeGuest): { control: bigint; hex: string } {
  const { control, input } = guest.calls.at(-1)!;
  return { control, hex: bytesToHex(input, 0, 56 + 8 * Number((control >> 17n) & 0x3ffn)) };
}

x86('VPCI-52 nothing is taken before an interrupt is requested', () => {
  const { guest, arch, bus } = make();
  const block = makeBlock(bus, 'msix', 3, { affinity: [0, 1] });
  assert.ok(arch.allocate(block).ok);
  assert.is(guest.vectors[0]!.size + guest.vectors[1]!.size, 0);
  assert.equal(
    block.map((irq) => arch.vectorOf(irq)),
    [0xef, 0xef, 0xef],
  );
});

x86('VPCI-52 interrupts that are spread over CPUs have their vector kept', () => {
  const { guest, arch, bus } = make();
  const block = [
    ...makeBlock(bus, 'msix', 1, { affinity: [0], managed: true }),
    ...makeBlock(bus, 'msix', 1, { affinity: [1], managed: true }),
  ];
  assert.ok(arch.allocate(block).ok);
  assert.equal(
    guest.vectors.map((set) => [...set]),
    [[0x22], [0x22]],
  );
  assert.is(arch.vectorOf(block[1]!), 0xef);
  arch.activate(block[1]!);
  assert.is(arch.vectorOf(block[1]!), 0x22);
  assert.equal(block[1]!.effective, [1]);
  arch.deactivate(block[1]!);
  assert.is(guest.vectors[1]!.size, 1);
  arch.free(block);
  assert.equal(
    guest.vectors.map((set) => set.size),
    [0, 0],
  );
});

x86('VPCI-51 a block of several is asked for with vector 32 whatever it has', () => {
  const { arch, bus } = make();
  const block = makeBlock(bus, 'msi', 4);
  arch.allocate(block);
  arch.activate(block[0]!);
  assert.is(arch.vectorOf(block[0]!), 32);
});

x86('a vector goes to the CPU that has the fewest, and none is left', () => {
  const { guest, arch, bus } = make();
  const block = makeBlock(bus, 'msix', 4, { affinity: [0, 1] });
  arch.allocate(block);
  for (const irq of block) arch.activate(irq);
  assert.equal(
    block.map((irq) => [irq.effective[0], irq.vector]),
    [
      [0, 0x22],
      [1, 0x22],
      [0, 0x23],
      [1, 0x23],
    ],
  );
  for (let vector = 0x24; vector < 0xec; vector++) for (const set of guest.vectors) set.add(vector);
  const [more] = makeBlock(bus, 'msix', 1, { affinity: [0, 1] });
  arch.allocate([more!]);
  assert.equal(arch.activate(more!), { ok: false, errno: 'ENOSPC' });
});

x86('no vector for a spread interrupt: what was kept for the others is given back', () => {
  const { guest, arch, bus } = make([0]);
  for (let vector = 0x23; vector < 0xec; vector++) guest.vectors[0]!.add(vector);
  const block = makeBlock(bus, 'msix', 2, { managed: true });
  assert.equal(arch.allocate(block), { ok: false, errno: 'ENOSPC' });
  assert.not.ok(guest.vectors[0]!.has(0x22));
});

x86('an interrupt comes to the handler of its CPU: one vector means two things on two CPUs', () => {
  const { guest, arch, bus } = make();
  const block = makeBlock(bus, 'msix', 2, { affinity: [0, 1] });
  arch.allocate(block);
  const got: string[] = [];
  for (const irq of block) {
    irq.handler = (cpu) => got.push(`${irq.index} on ${cpu}`);
    arch.activate(irq);
  }
  guest.interrupt(0x22, 1);
  guest.interrupt(0x22, 0);
  arch.deactivate(block[0]!);
  guest.interrupt(0x22, 0);
  assert.equal(got, ['1 on 1', '0 on 0']);
  assert.equal(guest.codes, ['interrupt-without-handler']);
  arch.deactivate(block[1]!);
  assert.is(guest.interrupt(0x22, 1), false);
});

x86('VPCI-59 LDID-06 an unmask tells the hypervisor vector and VP; LDID of the function', () => {
  const { guest, arch, bus, composer } = make();
  bus.functions.add(1);
  const [irq] = makeBlock(bus, 'msix', 1, { devfn: 1, affinity: [1] });
  arch.allocate([irq!]);
  arch.activate(irq!);
  composer.compose(irq!);
  arch.unmask(irq!, 0);
  const { control, hex } = lastCall(guest);
  assert.is(control, 0x4007en);
  assert.is(
    hex,
    'ffffffffffffffff' +
      '014ea93700000000' +
      '0100000000000000' +
      '0010e0fe20000000' +
      '0000000000000000' +
      '2200000002000000' +
      '0000000000000000' +
      '0100000000000000' +
      '0200000000000000',
  );
  assert.is(guest.calls[0]!.vp, 0);
});

x86('LDID-27 the device id is looked up before the page of the call is taken', () => {
  const { guest, arch, bus, composer } = make();
  const holders: number[] = [];
  bus.deviceIdOf = () => {
    holders.push(guest.pages.holder(0));
    return 8n;
  };
  let inside = 0;
  guest.answer = () => {
    inside = guest.pages.holder(0);
    return 0;
  };
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  arch.activate(irq!);
  composer.compose(irq!);
  arch.unmask(irq!, 0);
  assert.equal(holders, [0]);
  assert.not.equal(inside, 0);
});

x86('VPCI-54 VPCI-60 VP indices are not CPU numbers, and need not be dense', () => {
  const { guest, arch, bus, composer } = make([0, 130]);
  const [irq] = makeBlock(bus, 'msix', 1, { affinity: [1] });
  arch.allocate([irq!]);
  arch.activate(irq!);
  composer.compose(irq!);
  arch.unmask(irq!, 0);
  const { control, hex } = lastCall(guest);
  // As Linux 6.12 names VP 130: three banks, two of them empty.
  assert.is(control, 0x8007en);
  assert.is(hex.slice(112), '0700000000000000' + '00'.repeat(16) + '0400000000000000');
  const packed = make([0, 130], { bankStyle: 'packed' });
  const [other] = makeBlock(packed.bus, 'msix', 1, { affinity: [1] });
  packed.arch.allocate([other!]);
  packed.arch.activate(other!);
  packed.composer.compose(other!);
  packed.arch.unmask(other!, 0);
  assert.is(lastCall(packed.guest).control, 0x4007en);
  assert.is(lastCall(packed.guest).hex.slice(112), '04000000000000000400000000000000');
});

x86('VPCI-59 only CPUs that are online; none is an error without a call', () => {
  const { guest, arch, bus, composer } = make();
  const [irq] = makeBlock(bus, 'msix', 1, { affinity: [1] });
  arch.allocate([irq!]);
  arch.activate(irq!);
  composer.compose(irq!);
  // It went offline between the message and the unmask.
  guest.cpus[1]!.online = false;
  arch.unmask(irq!, 0);
  assert.is(guest.calls.length, 0);
  assert.is(guest.codes.at(-1), 'vpci-retarget-without-processor');
});

x86('VPCI-59 a refused retarget is an error, but not while the bus is going', () => {
  const { guest, arch, bus, composer } = make();
  guest.answer = () => 0x57;
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  arch.activate(irq!);
  composer.compose(irq!);
  bus.removing = true;
  arch.unmask(irq!, 0);
  assert.equal(guest.lines, []);
  bus.removing = false;
  arch.unmask(irq!, 0);
  assert.equal(guest.lines, [
    { level: 'error', code: 'vpci-retarget-refused', fields: { devfn: 0, vector: 0x22, status: 0x57 } },
  ]);
});

x86('VPCI-61 an unmask without a message warns and makes no call', () => {
  const { guest, arch, bus } = make();
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  arch.activate(irq!);
  arch.unmask(irq!, 0);
  assert.is(guest.calls.length, 0);
  assert.equal(guest.codes, ['vpci-unmask-without-message']);
});

x86('VPCI-62 VPCI-64 a mask makes no call, and nothing maps interrupts', () => {
  const { guest, arch, bus, composer } = make();
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  arch.activate(irq!);
  composer.compose(irq!);
  arch.mask();
  assert.is(guest.calls.length, 0);
  arch.unmask(irq!, 0);
  assert.equal(
    guest.calls.map(({ control }) => Number(control & 0xffffn)),
    [0x7e],
  );
});

x86('VPCI-63 a move takes a new vector and keeps the old one until an interrupt has come in at the new place', () => {
  const { guest, arch, bus } = make();
  const [irq] = makeBlock(bus, 'msix', 1, { affinity: [0] });
  arch.allocate([irq!]);
  let count = 0;
  irq!.handler = () => count++;
  arch.activate(irq!);
  assert.ok(arch.setAffinity(irq!, [1]).ok);
  assert.equal(irq!.effective, [1]);
  assert.equal(
    guest.vectors.map((set) => set.size),
    [1, 1],
  );
  // One that was on its way to the old place still counts.
  guest.interrupt(0x22, 0);
  assert.equal(
    guest.vectors.map((set) => set.size),
    [1, 1],
  );
  guest.interrupt(0x22, 1);
  assert.equal(
    guest.vectors.map((set) => set.size),
    [0, 1],
  );
  assert.is(count, 2);
  arch.free([irq!]);
  assert.equal(
    guest.vectors.map((set) => set.size),
    [0, 0],
  );
});

x86('a move within the CPUs it may be on is none', () => {
  const { guest, arch, bus } = make();
  const [irq] = makeBlock(bus, 'msix', 1, { affinity: [0] });
  arch.allocate([irq!]);
  arch.activate(irq!);
  arch.setAffinity(irq!, [1, 0]);
  assert.equal(
    guest.vectors.map((set) => set.size),
    [1, 0],
  );
});

x86.run();
