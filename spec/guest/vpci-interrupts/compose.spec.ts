import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MessageComposer } from '../../../src/guest/vpci-interrupts/compose.js';
import { NO_MESSAGE } from '../../../src/guest/vpci-interrupts/message-irq.js';
import { X86Interrupts } from '../../../src/guest/vpci-interrupts/x86-interrupts.js';
import { FakeGuest } from '../pci/fake-guest.js';
import { capturedHost, FakeBus, makeBlock } from './fake-bus.js';

const compose = suite('compose');

function make(vps: readonly number[] = [0, 1]) {
  const guest = new FakeGuest(vps);
  const arch = new X86Interrupts(guest);
  const bus = new FakeBus(guest);
  bus.channel.answer = capturedHost();
  return { guest, arch, bus, composer: new MessageComposer(guest, arch) };
}

const zeros = (bytes: number): string => '00'.repeat(bytes);
/** A create in the third form: type, slot, vector, mode, count, one processor. */
const create3 = (slot: string, vector: string, count: string, vp: string): string =>
  `1b004942${slot}${vector}0000${count}0100${vp}${zeros(62)}`;

compose('VPCI-50 VPCI-52 VPCI-53 VPCI-58 the first message of an MSI-X entry, as Linux 6.12 sends it', () => {
  const { arch, bus, composer } = make();
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  assert.equal(composer.compose(irq!), { address: 0xfee01000n, data: 0x20 });
  assert.equal(bus.channel.sent, [create3('00000000', 'ef000000', '0100', '0000')]);
  // Kept as it came, for the delete.
  assert.is(irq!.descriptor!.data, 0x20);
  assert.is(irq!.descriptor!.vector_count, 1);
  assert.is(bus.channel.requests.outstanding, 0);
});

compose('VPCI-50 VPCI-52 VPCI-56 the second compose of a single message takes the first one back', () => {
  const { arch, bus, composer } = make();
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  composer.compose(irq!);
  arch.activate(irq!);
  assert.equal(composer.compose(irq!), { address: 0xfee01000n, data: 0x21 });
  // Events 384, 475 and 477 of the capture linux-6.12-amd64/boot.
  assert.equal(bus.channel.sent.slice(1), [
    '150049420000000000000100200000000010e0fe00000000',
    create3('00000000', '22000000', '0100', '0000'),
  ]);
});

compose('VPCI-50 several messages of one capability are asked for once', () => {
  const { arch, bus, composer } = make();
  bus.channel.answer = capturedHost(0x2c);
  const block = makeBlock(bus, 'msi', 3);
  arch.allocate(block);
  assert.equal(
    block.map((irq) => composer.compose(irq)),
    [0x2c, 0x2d, 0x2e].map((data) => ({ address: 0xfee01000n, data })),
  );
  // Event 1146 of linux-6.12-amd64/multi, but for the slot: vector 32, count 3.
  assert.equal(bus.channel.sent, [create3('00000000', '20000000', '0300', '0000')]);
  assert.equal(
    block.map((irq) => irq.descriptor!.vector_count),
    [3, 0, 0],
  );
  // Again: what is there is given, without a word to the host.
  assert.equal(composer.compose(block[0]!), { address: 0xfee01000n, data: 0x2c });
  assert.equal(composer.compose(block[2]!), { address: 0xfee01000n, data: 0x2e });
  assert.is(bus.channel.sent.length, 1);
});

compose('VPCI-51 a later message before the first is refused', () => {
  const { arch, bus, composer, guest } = make();
  const block = makeBlock(bus, 'msi', 2);
  arch.allocate(block);
  assert.equal(composer.compose(block[1]!), NO_MESSAGE);
  assert.equal(bus.channel.sent, []);
  assert.equal(guest.lines[0]!.fields!.why, 'first-message-missing');
});

compose('VPCI-51 two MSI-X entries are two requests, each for one', () => {
  const { arch, bus, composer } = make();
  const block = makeBlock(bus, 'msix', 2);
  arch.allocate(block);
  for (const irq of block) composer.compose(irq);
  assert.is(bus.channel.sent.length, 2);
});

compose('VPCI-51 an MSI capability with one message is like MSI-X', () => {
  const { arch, bus, composer } = make();
  const [irq] = makeBlock(bus, 'msi', 1);
  arch.allocate([irq!]);
  composer.compose(irq!);
  arch.activate(irq!);
  composer.compose(irq!);
  assert.equal(
    bus.channel.sent.map((hex) => hex.slice(0, 24)),
    ['1b00494200000000ef000000', '150049420000000000000100', '1b0049420000000022000000'],
  );
});

// Protocol, the whole message, its bytes (VPCI-53). CPU 0 is VP 5.
const FORMS: readonly (readonly [string, number, string, number])[] = [
  ['1.1, event 414 of linux-6.12-amd64/old', 0x10001, '1400494200000000ef00010000000000ffffffffffffffff', 24],
  ['1.2', 0x10002, `1700494200000000ef00010001000500${zeros(62)}`, 78],
  ['1.3', 0x10003, `1700494200000000ef00010001000500${zeros(62)}`, 78],
  ['1.4', 0x10004, create3('00000000', 'ef000000', '0100', '0500'), 82],
];
for (const [title, version, hex, bytes] of FORMS)
  compose(`VPCI-53 protocol ${title}: the VP index, not the CPU number`, () => {
    const { arch, bus, composer } = make([5, 6]);
    bus.version = version;
    const [irq] = makeBlock(bus, 'msix', 1);
    arch.allocate([irq!]);
    composer.compose(irq!);
    assert.equal(bus.channel.sent, [hex]);
    assert.is(hex.length / 2, bytes);
  });

compose('VPCI-54 one message: the first CPU of the affinity that is online', () => {
  const { arch, bus, composer, guest } = make([0, 1, 2, 3]);
  guest.cpus[1]!.online = false;
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  irq!.effective = [1, 2, 3];
  composer.compose(irq!);
  assert.equal(bus.channel.sent, [create3('00000000', 'ef000000', '0100', '0200')]);
});

compose('VPCI-54 no CPU is online: no message', () => {
  const { arch, bus, composer, guest } = make();
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  guest.cpus[0]!.online = false;
  assert.equal(composer.compose(irq!), NO_MESSAGE);
  assert.equal(bus.channel.sent, []);
});

compose('VPCI-54 several messages: one CPU after the other, whatever the device, and round', () => {
  const { arch, composer, guest } = make([0, 1, 2, 3]);
  const vps: string[] = [];
  const next = (): void => {
    const bus = new FakeBus(guest);
    bus.channel.answer = capturedHost();
    const block = makeBlock(bus, 'msi', 2);
    arch.allocate(block);
    composer.compose(block[0]!);
    vps.push(bus.channel.sent[0]!.slice(36, 40));
  };
  for (let device = 0; device < 5; device++) next();
  assert.equal(vps, ['0000', '0100', '0200', '0300', '0000']);
  guest.cpus[1]!.online = false;
  next();
  assert.equal(vps.at(-1), '0200');
});

compose('VPCI-55 it polls with the callback off, 100 us a turn', () => {
  const { arch, bus, composer, guest } = make();
  bus.channel.answerAfterUs = 1000;
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  const before = guest.queue.now();
  let disabledMeanwhile = 0;
  guest.queue.after(500, () => {
    disabledMeanwhile = bus.channel.disabled;
  });
  composer.compose(irq!);
  assert.is(disabledMeanwhile, 1);
  assert.is(bus.channel.disabled, 0);
  assert.is(bus.channel.polled, 1);
  assert.ok(guest.queue.now() - before >= 1000);
  assert.ok(guest.queue.now() - before <= 1200);
  // One look at the vendor id for each turn.
  assert.ok(bus.looks >= 10 && bus.looks <= 12);
});

compose('VPCI-55 R5 the device goes while it polls: no message, the request is forgotten', () => {
  const { arch, bus, composer, guest } = make();
  bus.channel.answerAfterUs = 5000;
  guest.queue.after(450, () => {
    bus.vendor = 0xffff;
  });
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  assert.equal(composer.compose(irq!), NO_MESSAGE);
  assert.is(irq!.descriptor, undefined);
  assert.is(bus.channel.requests.outstanding, 0);
  assert.is(bus.channel.disabled, 0);
  assert.equal(guest.lines[0]!.fields!.why, 'device-gone');
  // R6: the answer comes all the same, to nobody.
  guest.queue.drain();
  assert.is(bus.channel.unknown, 1);
  assert.is(irq!.descriptor, undefined);
});

compose('VPCI-55 R5 the channel is rescinded while it polls', () => {
  const { arch, bus, composer, guest } = make();
  bus.channel.answer = () => undefined;
  guest.queue.after(450, () => {
    bus.channel.hasCallback = false;
    bus.channel.rescinded = true;
  });
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  assert.equal(composer.compose(irq!), NO_MESSAGE);
  assert.is(bus.channel.requests.outstanding, 0);
  assert.equal(guest.lines[0]!.fields!.why, 'rescinded');
});

compose('VPCI-55 a refusal, an answer that is too short, a send that fails', () => {
  const rows: readonly (readonly [string, (bus: FakeBus) => void])[] = [
    [
      'refused-by-host',
      (bus) => {
        bus.channel.answer = () => `0d0000c0${zeros(20)}`;
      },
    ],
    [
      'answer-too-short',
      (bus) => {
        bus.channel.answer = () => zeros(16);
      },
    ],
    [
      'not-sent-enodev',
      (bus) => {
        bus.channel.rescinded = true;
      },
    ],
  ];
  for (const [why, spoil] of rows) {
    const { arch, bus, composer, guest } = make();
    spoil(bus);
    const [irq] = makeBlock(bus, 'msix', 1);
    arch.allocate([irq!]);
    assert.equal(composer.compose(irq!), NO_MESSAGE, why);
    assert.is(irq!.descriptor, undefined);
    assert.is(bus.channel.disabled, 0);
    assert.is(guest.lines[0]!.level, 'error');
    assert.is(guest.lines[0]!.fields!.why, why);
  }
});

compose('VPCI-50 a function that is gone gets no message', () => {
  const { arch, bus, composer, guest } = make();
  bus.functions.clear();
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  assert.equal(composer.compose(irq!), NO_MESSAGE);
  assert.equal(guest.lines[0]!.fields!.why, 'no-device');
});

compose('VPCI-56 a block of several is deleted by its first message, as it came', () => {
  const { arch, bus, composer } = make();
  bus.channel.answer = capturedHost(0x2c);
  bus.functions.add(1);
  const block = makeBlock(bus, 'msi', 3, { devfn: 1 });
  arch.allocate(block);
  for (const irq of block) composer.compose(irq);
  bus.channel.sent.length = 0;
  for (const irq of block) composer.release(irq);
  // Event 2636 of linux-6.12-amd64/multi.
  assert.equal(bus.channel.sent, ['1500494220000000000003002c0000000010e0fe00000000']);
  assert.is(bus.channel.requests.outstanding, 0);
});

compose('VPCI-57 freeing an interrupt without a message, or of a function that is gone, says nothing', () => {
  const { arch, bus, composer } = make();
  const [irq, other] = makeBlock(bus, 'msix', 2);
  arch.allocate([irq!, other!]);
  composer.release(irq!);
  composer.compose(other!);
  bus.channel.sent.length = 0;
  bus.functions.clear();
  composer.release(other!);
  assert.equal(bus.channel.sent, []);
  assert.is(other!.descriptor, undefined);
});

compose('VPCI-58 address and data are the ones the host gave, all 64 and 32 bits', () => {
  const { arch, bus, composer } = make();
  bus.channel.answer = () => `00000000${zeros(4)}00000100efbeaddef0debc9a78563412`;
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  assert.equal(composer.compose(irq!), { address: 0x123456789abcdef0n, data: 0xdeadbeef });
});

compose.run();
