import { suite } from 'uvu';
import type { GuestCpu } from '../../src/guest/machine/guest-machine.js';
import { Arm64Interrupts } from '../../src/guest/vpci-interrupts/arm64-interrupts.js';
import { MessageComposer } from '../../src/guest/vpci-interrupts/compose.js';
import type { GicParent } from '../../src/guest/vpci-interrupts/gic-parent.js';
import type { MessageIrq } from '../../src/guest/vpci-interrupts/message-irq.js';
import { type SpiDomain, SpiDomainHolder } from '../../src/guest/vpci-interrupts/spi-domain.js';
import type { Outcome } from '../../src/ports/outcome.js';
import { FakeGuest } from '../guest/pci/fake-guest.js';
import { capturedHost, FakeBus, makeBlock } from '../guest/vpci-interrupts/fake-bus.js';
import { FakeGic } from '../guest/vpci-interrupts/fake-gic.js';
import type { SourceFile } from '../support/import-graph.js';
import { LIBRARY, reaches, withImport } from './source-reach.js';
import { twoSided } from './two-sided.js';

const s2 = suite('criticism of arm64 interrupts');
const both = twoSided(s2);

type Strategy = new (...args: ConstructorParameters<typeof Arm64Interrupts>) => Arm64Interrupts;

/** Counts who looks for the domain. */
class WatchedHolder extends SpiDomainHolder {
  opened = 0;

  override open(gic: GicParent): Outcome<SpiDomain> {
    this.opened++;
    return super.open(gic);
  }
}

function make(Kind: Strategy, vps: readonly number[] = [0, 1], firstCpu?: 'first-present' | 'round-robin') {
  const guest = new FakeGuest(vps, 'arm64');
  const gic = new FakeGic();
  const holder = new WatchedHolder();
  const arch = new Kind(guest, gic, { domain: holder, ...(firstCpu === undefined ? {} : { firstCpu }) });
  const bus = new FakeBus(guest);
  bus.channel.answer = capturedHost();
  return { guest, gic, holder, arch, bus, composer: new MessageComposer(guest, arch) };
}

/** Looks for the domain again to get at the vector of an interrupt that has it. */
class WalksForVector extends Arm64Interrupts {
  override vectorOf(irq: MessageIrq): number {
    return this.domain().ok ? super.vectorOf(irq) : 0;
  }
}

both<Strategy>('ARM-06: the vector is what the interrupt has in the GIC, without another walk through the domains', {
  check: (Kind) => {
    const { arch, bus, holder } = make(Kind);
    const block = makeBlock(bus, 'msix', 3);
    arch.allocate(block);
    holder.opened = 0;
    const vectors = block.map((irq) => arch.vectorOf(irq));
    return { 'the INTID of each': vectors.join() === '64,65,66', 'nothing is looked up': holder.opened === 0 };
  },
  ours: () => Arm64Interrupts,
  criticised: { 'a walk by domain': [() => WalksForVector, 'nothing is looked up'] },
});

/** Has the CPUs at hand. */
class WithCpus extends Arm64Interrupts {
  protected readonly cpus: readonly GuestCpu[];

  constructor(...args: ConstructorParameters<typeof Arm64Interrupts>) {
    super(...args);
    this.cpus = args[0].cpus;
  }
}

/** Sends each interrupt to all CPUs that are online. */
class AllOnline extends WithCpus {
  override allocate(block: readonly MessageIrq[]): Outcome {
    const outcome = super.allocate(block);
    for (const irq of block) irq.effective = this.cpus.filter(({ online }) => online).map(({ cpu }) => cpu);
    return outcome;
  }
}

both<Strategy>('ARM-08: an interrupt is for one CPU: the first that is present, until someone moves it', {
  check: (Kind) => {
    const { arch, bus, composer, gic } = make(Kind, [5, 6, 7]);
    const block = makeBlock(bus, 'msix', 2);
    arch.allocate(block);
    const effective = block.map((irq) => irq.effective.join('+'));
    composer.compose(block[0]!);
    arch.setAffinity(block[0]!, [2, 1]);
    return {
      'one CPU each': effective.every((cpus) => /^\d$/.test(cpus)),
      'the first that is present': effective.every((cpus) => cpus.startsWith('0')),
      // processor_count and the first of the list, behind the vector count.
      'the host is told of one VP': bus.channel.sent[0]!.slice(32, 40) === '01000500',
      'a move names one, too': gic.affinity.get(64) === 2 && block[0]!.effective.join() === '2',
    };
  },
  ours: () => Arm64Interrupts,
  criticised: { 'all CPUs that are online': [() => AllOnline, 'one CPU each'] },
});

/** One CPU after the other, from the second one on, and past the last one. */
class SkipsFirst extends WithCpus {
  private last = 0;

  override allocate(block: readonly MessageIrq[]): Outcome {
    const outcome = super.allocate(block);
    for (const irq of block) {
      this.last = this.last >= this.cpus.length ? 0 : this.last + 1;
      irq.effective = [this.last];
    }
    return outcome;
  }
}

const turns = (Kind: Strategy, vps: readonly number[]): string => {
  const { arch, bus } = make(Kind, vps, 'round-robin');
  const block = makeBlock(bus, 'msix', 4);
  arch.allocate(block);
  return block.map((irq) => irq.effective.join('+')).join();
};

both<Strategy>('ARM-08: where CPUs take turns, each has one, and each is there', {
  check: (Kind) => ({
    'two in turn, from the first one': turns(Kind, [0, 1]) === '0,1,0,1',
    'one processor is all there is': turns(Kind, [0]) === '0,0,0,0',
  }),
  ours: () => Arm64Interrupts,
  criticised: {
    'CPU 0 left out, and one past the last': [
      () => SkipsFirst,
      'two in turn, from the first one',
      'one processor is all there is',
    ],
  },
});

/** Affinity by way of a function of its own that tells the host; an acknowledge in place of the end of interrupt. */
class Wraps extends Arm64Interrupts {
  override setAffinity(irq: MessageIrq, cpus: readonly number[]): Outcome {
    const outcome = super.setAffinity(irq, cpus);
    irq.bus.channel.send(new Uint8Array(82));
    irq.descriptor = undefined;
    return outcome;
  }
}

class Acknowledges extends Arm64Interrupts {
  override endOfInterrupt(): void {}
}

both<Strategy>(
  'ARM-10 ARM-09 ARM-15: affinity and end of interrupt are those of the parent, with nothing around them',
  {
    check: (Kind) => {
      const { arch, bus, composer, gic, guest } = make(Kind);
      const [irq] = makeBlock(bus, 'msix', 1, { affinity: [0, 1] });
      arch.allocate([irq!]);
      composer.compose(irq!);
      const { descriptor } = irq!;
      gic.diary.length = 0;
      arch.setAffinity(irq!, [1]);
      const moved = gic.diary.splice(0).join();
      arch.endOfInterrupt(irq!, 1);
      return {
        'a move is one write to the GIC': moved === 'affinity 64 1',
        'no message, and no call': bus.channel.sent.length === 1 && guest.calls.length === 0,
        'the host’s message stays': descriptor !== undefined && irq!.descriptor === descriptor,
        'the end of interrupt is the GIC’s': gic.diary.join() === 'eoi 64 1',
      };
    },
    ours: () => Arm64Interrupts,
    criticised: {
      'a wrapper that tells the host': [() => Wraps, 'no message, and no call', 'the host’s message stays'],
      'an acknowledge in its place': [() => Acknowledges, 'the end of interrupt is the GIC’s'],
    },
  },
);

/** Its delivery mode is written by what takes vectors, where that succeeds. */
class ModeByInit extends Arm64Interrupts {
  constructor(...args: ConstructorParameters<typeof Arm64Interrupts>) {
    super(...args);
    Reflect.set(this, 'deliveryMode', 0xcc);
  }

  override allocate(block: readonly MessageIrq[]): Outcome {
    const outcome = super.allocate(block);
    if (outcome.ok) Reflect.set(this, 'deliveryMode', 0);
    return outcome;
  }
}

both<Strategy>('ARM-11: the delivery mode is a constant, and nothing that a start gives back', {
  check: (Kind) => {
    const { arch, bus, composer, gic } = make(Kind);
    const before = arch.deliveryMode;
    gic.failAt = 0;
    const failed = arch.allocate(makeBlock(bus, 'msix', 1));
    const behindFailure = arch.deliveryMode;
    gic.failAt = -1;
    const [irq] = makeBlock(bus, 'msix', 1);
    arch.allocate([irq!]);
    composer.compose(irq!);
    return {
      'known before anything ran': before === 0,
      'whatever fails': !failed.ok && behindFailure === 0,
      'as it is in the message': bus.channel.sent[0]!.slice(24, 26) === '00',
    };
  },
  ours: () => Arm64Interrupts,
  criticised: { 'an out-parameter': [() => ModeByInit, 'known before anything ran', 'whatever fails'] },
});

/** A holder, and what runs when the last bus goes. */
interface Holding {
  readonly holder: SpiDomainHolder;
  readonly lastBusGoes: () => void;
}

/** Takes the domain away with the last bus. */
class Removes extends SpiDomainHolder {
  close(): void {
    Reflect.set(this, 'domain', undefined);
  }
}

both<Holding>('ARM-12: the domain stays when the last bus goes, and with it the SPIs that something may still raise', {
  check: ({ holder, lastBusGoes }) => {
    const guest = new FakeGuest([0], 'arm64');
    const gic = new FakeGic();
    const bus = new FakeBus(guest);
    const [stays] = makeBlock(bus, 'msix', 1);
    const first = new Arm64Interrupts(guest, gic, { domain: holder });
    first.allocate([stays!]);
    const before = holder.open(gic);
    lastBusGoes();
    const after = holder.open(gic);
    const [next] = makeBlock(bus, 'msix', 1);
    new Arm64Interrupts(guest, gic, { domain: holder }).allocate([next!]);
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(holder));
    return {
      'it is the same domain': before.ok && after.ok && before.value === after.value,
      'no SPI has two owners': next!.vector !== stays!.vector,
      'there is nothing to remove it with': !names.some((name) => /close|remove|destroy|free/i.test(name)),
    };
  },
  ours: () => ({ holder: new SpiDomainHolder(), lastBusGoes: () => undefined }),
  criticised: {
    'removed with the last bus': [
      () => {
        const holder = new Removes();
        return { holder, lastBusGoes: () => holder.close() };
      },
      'it is the same domain',
      'no SPI has two owners',
      'there is nothing to remove it with',
    ],
  },
});

const STRATEGY = /implements\s+IrqArch\b/;

both<readonly SourceFile[]>(
  'ARM-13: what differs by architecture is two small objects of virtual PCI, and no module of its own',
  {
    check: (files) => {
      const strategies = files.filter(({ text }) => STRATEGY.test(text)).map(({ path }) => path);
      const [arm] = files.filter(({ path }) => path.endsWith('/arm64-interrupts.ts'));
      return {
        'two of them, beside each other':
          strategies.join() === 'guest/vpci-interrupts/arm64-interrupts.ts,guest/vpci-interrupts/x86-interrupts.ts',
        'virtual PCI does not know which': reaches(files, 'guest/vpci/', strategies).length === 0,
        'composing does not, either': reaches(files, 'guest/vpci-interrupts/compose.ts', strategies).length === 0,
        'a small one': (arm?.text.split('\n').length ?? Number.POSITIVE_INFINITY) < 250,
      };
    },
    ours: () => LIBRARY,
    criticised: {
      'a module with a third one': [
        () => [
          ...LIBRARY,
          { path: 'guest/vpci-arm64/irq-chip.ts', text: 'export class IrqChip implements IrqArch {}' },
        ],
        'two of them, beside each other',
      ],
      'a driver that asks which machine it is on': [
        () => withImport('guest/vpci/probe.ts', '../vpci-interrupts/arm64-interrupts.js'),
        'virtual PCI does not know which',
      ],
    },
  },
);

s2.run();
