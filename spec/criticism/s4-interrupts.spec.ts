import { suite } from 'uvu';
import { MessageComposer } from '../../src/guest/vpci-interrupts/compose.js';
import type { MessageIrq } from '../../src/guest/vpci-interrupts/message-irq.js';
import { NO_MESSAGE } from '../../src/guest/vpci-interrupts/message-irq.js';
import { VectorTable } from '../../src/guest/vpci-interrupts/vector-table.js';
import { X86Interrupts } from '../../src/guest/vpci-interrupts/x86-interrupts.js';
import type { Outcome } from '../../src/ports/outcome.js';
import { FakeGuest } from '../guest/pci/fake-guest.js';
import { capturedHost, FakeBus, makeBlock } from '../guest/vpci-interrupts/fake-bus.js';
import { twoSided } from './two-sided.js';

const s4 = suite('criticism of virtual PCI: interrupts');
const both = twoSided(s4);

/** Changes how a bus or its channel meets whoever composes. */
type Meeting = (bus: FakeBus, guest: FakeGuest) => void;

function polling(meeting: Meeting) {
  const guest = new FakeGuest([0, 1]);
  const arch = new X86Interrupts(guest);
  const bus = new FakeBus(guest);
  bus.channel.answer = capturedHost();
  meeting(bus, guest);
  const [irq] = makeBlock(bus, 'msix', 1);
  arch.allocate([irq!]);
  return { guest, bus, irq: irq!, composer: new MessageComposer(guest, arch) };
}

both<Meeting>(
  'VPCI-55: composing waits without sleeping, takes the ring itself, and leaves nothing behind when it gives up',
  {
    check: (meeting) => {
      const usual = polling(meeting);
      usual.bus.channel.answerAfterUs = 1000;
      let inCallback = 0;
      usual.guest.queue.after(500, () => {
        inCallback = usual.bus.channel.disabled;
      });
      const message = usual.composer.compose(usual.irq);
      const dying = polling(meeting);
      dying.bus.channel.answerAfterUs = 1_000_000;
      dying.guest.queue.after(450, () => {
        dying.bus.vendor = 0xffff;
      });
      const started = dying.guest.queue.now();
      const none = dying.composer.compose(dying.irq);
      const took = dying.guest.queue.now() - started;
      const left = dying.bus.channel.requests.outstanding;
      return {
        'the message is there when it returns': message.data === 0x20,
        'the callback is off meanwhile': inCallback === 1,
        'the answer is taken from the ring on the spot': usual.bus.channel.polled === 1,
        'and on behind it': usual.bus.channel.disabled === 0,
        'a device that goes ends the wait': none === NO_MESSAGE && took < 1000,
        'no request is left to find a waiter that is gone': left === 0,
      };
    },
    ours: () => () => undefined,
    criticised: {
      'a wait for the channel’s callback': [
        () => (bus) => {
          bus.channel.disableCallback = () => undefined;
          bus.channel.enableCallback = () => undefined;
        },
        'the callback is off meanwhile',
        'the answer is taken from the ring on the spot',
      ],
      'a device asked by its description whether it lives': [
        () => (bus) => {
          bus.vendorOf = () => 0x1414;
        },
        'a device that goes ends the wait',
      ],
      'a request that stays behind': [
        () => (bus) => {
          bus.channel.requests.remove = () => false;
        },
        'no request is left to find a waiter that is gone',
      ],
    },
  },
);

type MakeComposer = (guest: FakeGuest, arch: X86Interrupts) => MessageComposer;

/** Makes every message for one CPU. */
const pinned: MakeComposer = (guest, arch) => {
  const composer = new MessageComposer(guest, arch);
  Object.defineProperty(composer, 'chooseCpu', { value: () => 0 });
  return composer;
};

/** Takes turns, but begins anew for each device. */
const anewForEach: MakeComposer = (guest, arch) => {
  const composer = new MessageComposer(guest, arch);
  const compose = composer.compose.bind(composer);
  composer.compose = (irq: MessageIrq) => {
    Reflect.set(composer, 'lastCpu', -1);
    return compose(irq);
  };
  return composer;
};

both<MakeComposer>('VPCI-54: blocks of several messages are spread over the CPUs, whatever device they are of', {
  check: (makeComposer) => {
    const guest = new FakeGuest([0, 1, 2, 3]);
    const arch = new X86Interrupts(guest);
    const composer = makeComposer(guest, arch);
    const vps = Array.from({ length: 5 }, () => {
      const bus = new FakeBus(guest);
      bus.channel.answer = capturedHost();
      const block = makeBlock(bus, 'msi', 2);
      arch.allocate(block);
      composer.compose(block[0]!);
      return Number.parseInt(bus.channel.sent[0]!.slice(36, 38), 16);
    });
    return {
      'the first one is for the first CPU': vps[0] === 0,
      'three devices, three CPUs': new Set(vps.slice(0, 3)).size === 3,
      'and round': vps.join() === '0,1,2,3,0',
    };
  },
  ours: () => (guest, arch) => new MessageComposer(guest, arch),
  criticised: {
    'all on one CPU': [() => pinned, 'three devices, three CPUs', 'and round'],
    'from the first CPU for each device': [() => anewForEach, 'three devices, three CPUs', 'and round'],
  },
});

type Strategy = new (...args: ConstructorParameters<typeof X86Interrupts>) => X86Interrupts;

/** Keeps to itself where an interrupt goes. */
class TellsNobody extends X86Interrupts {
  override unmask(): void {}
}

/** Gives its old place up with the move, while interrupts are on their way to it. */
class ForgetsOld extends X86Interrupts {
  override setAffinity(irq: MessageIrq, cpus: readonly number[]): Outcome {
    const [cpu] = irq.effective;
    const { vector } = irq;
    const outcome = super.setAffinity(irq, cpus);
    const table: unknown = Reflect.get(this, 'table');
    if (outcome.ok && table instanceof VectorTable) table.clear(cpu!, vector!);
    return outcome;
  }
}

both<Strategy>('VPCI-63: a move is told with the next unmask, and until then what is on its way is handled', {
  check: (Kind) => {
    const guest = new FakeGuest([0, 1]);
    const arch = new Kind(guest);
    const bus = new FakeBus(guest);
    bus.channel.answer = capturedHost();
    const composer = new MessageComposer(guest, arch);
    const [irq] = makeBlock(bus, 'msix', 1, { affinity: [0] });
    let handled = 0;
    arch.allocate([irq!]);
    irq!.handler = () => handled++;
    arch.activate(irq!);
    composer.compose(irq!);
    arch.setAffinity(irq!, [1]);
    const silent = guest.calls.length;
    guest.interrupt(0x22, 0);
    arch.unmask(irq!, 1);
    return {
      // The gap that is known: between the move and the unmask the host sends to the old place.
      'a move alone makes no call': silent === 0,
      'what comes in at the old place is handled': handled === 1,
      'the unmask tells the new place': guest.calls.length === 1 && (guest.calls[0]!.control & 0xffffn) === 0x7en,
    };
  },
  ours: () => X86Interrupts,
  criticised: {
    'the host is not told': [() => TellsNobody, 'the unmask tells the new place'],
    'the old place is given up with the move': [() => ForgetsOld, 'what comes in at the old place is handled'],
  },
});

s4.run();
