import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FunctionConfig } from '../../../src/guest/pci/function-config.js';
import { FunctionInterrupts } from '../../../src/guest/pci/function-interrupts.js';
import type { MessageCapability } from '../../../src/guest/pci/message-capability.js';
import { MsiCapability } from '../../../src/guest/pci/msi-capability.js';
import { MsixCapability } from '../../../src/guest/pci/msix-capability.js';
import { Arm64Interrupts } from '../../../src/guest/vpci-interrupts/arm64-interrupts.js';
import { MessageComposer } from '../../../src/guest/vpci-interrupts/compose.js';
import { X86Interrupts } from '../../../src/guest/vpci-interrupts/x86-interrupts.js';
import { capturedHost, FakeBus } from '../vpci-interrupts/fake-bus.js';
import { FakeGic } from '../vpci-interrupts/fake-gic.js';
import { FakeGuest } from './fake-guest.js';

const interrupts = suite('function-interrupts');

/** Config space and a BAR that keep what is written, and every access in order; messages to the host are `host` and `call`. */
function make(capability: 'msi' | 'msix', flags: number, arch: 'x64' | 'arm64' = 'x64') {
  const guest = new FakeGuest([0, 1], arch);
  const diary: string[] = [];
  const words = new Map<number, number>([
    [0x04, 0x6],
    [0x42, flags],
    [0x44, capability === 'msix' ? 0x2000 : 0],
  ]);
  const table = new Map<number, number>();
  for (let entry = 0; entry < 8; entry++) table.set(0x2000 + entry * 16 + 12, 1);
  const hex = (value: number): string => (value >>> 0).toString(16);
  const config = new FunctionConfig(
    {
      read: (_devfn, where, size) => {
        const value = words.get(where) ?? 0;
        diary.push(`r${size} ${hex(where)} ${hex(value)}`);
        return value;
      },
      write: (_devfn, where, size, value) => {
        words.set(where, value);
        diary.push(`w${size} ${hex(where)} ${hex(value)}`);
      },
    },
    0,
  );
  const made: MessageCapability =
    capability === 'msi'
      ? new MsiCapability(config, 0x40)
      : new MsixCapability(config, 0x40, {
          read: (_bar, offset) => {
            diary.push(`R ${hex(offset)} ${hex(table.get(offset) ?? 0)}`);
            return table.get(offset) ?? 0;
          },
          write: (_bar, offset, value) => {
            table.set(offset, value);
            diary.push(`W ${hex(offset)} ${hex(value)}`);
          },
        });
  const bus = new FakeBus(guest);
  const host = capturedHost();
  bus.channel.answer = (payload) => {
    diary.push(`host ${payload.slice(0, 2)}`);
    return host(payload);
  };
  guest.answer = () => {
    diary.push('call');
    return 0;
  };
  const gic = new FakeGic();
  const strategy = arch === 'x64' ? new X86Interrupts(guest) : new Arm64Interrupts(guest, gic);
  const service = { machine: guest, arch: strategy, composer: new MessageComposer(guest, strategy) };
  const irqs = new FunctionInterrupts(service, bus, 0);
  const take = (): string[] => diary.splice(0);
  return { guest, bus, irqs, made, take, gic };
}

interrupts('VPCI-50 MSI-X, one entry of eight: the accesses of events 371 to 407, 475 to 488 and 500 to 517', () => {
  const { irqs, made, take } = make('msix', 0x0007);
  assert.equal(irqs.allocate(made, 1), { ok: true, value: 1 });
  assert.equal(take(), [
    'r2 42 7',
    'r2 42 7',
    'w2 42 c007',
    'r2 42 c007',
    'r4 44 2000',
    'r2 42 c007',
    'R 200c 1',
    'host 1b',
    'W 2000 fee01000',
    'W 2004 0',
    'W 2008 20',
    'R 2008 20',
    'r2 4 6',
    'w2 4 406',
    ...[0x200c, 0x201c, 0x202c, 0x203c, 0x204c, 0x205c, 0x206c, 0x207c].map((at) => `W ${at.toString(16)} 1`),
    'r2 42 c007',
    'w2 42 8007',
  ]);
  assert.ok(irqs.request(0, () => undefined).ok);
  assert.equal(take(), [
    'host 15',
    'host 1b',
    'W 2000 fee01000',
    'W 2004 0',
    'W 2008 21',
    'R 2008 21',
    'call',
    'W 200c 0',
  ]);
  irqs.release(0);
  assert.equal(take(), ['W 200c 1', 'R 2000 fee01000', 'W 2000 0', 'W 2004 0', 'W 2008 0', 'R 2008 0']);
  irqs.free();
  assert.equal(take(), ['W 200c 1', 'R 2000 0', 'r2 42 8007', 'w2 42 7', 'r2 4 406', 'w2 4 6', 'host 15']);
});

interrupts(
  'VPCI-51 MSI, three of eight with masks: the accesses of events 1133 to 1184 and 2612 to 2636 of multi',
  () => {
    const { irqs, made, take } = make('msi', 0x0186);
    assert.equal(irqs.allocate(made, 3), { ok: true, value: 3 });
    assert.equal(take(), [
      'r2 42 186',
      'r2 42 186',
      'w2 42 186',
      'r2 42 186',
      'r4 50 0',
      'w4 50 ff',
      'host 1b',
      'r2 42 186',
      'w2 42 1a6',
      'w4 44 fee01000',
      'w4 48 0',
      'w2 4c 20',
      'r2 42 1a6',
      'r2 4 6',
      'w2 4 406',
      'r2 42 1a6',
      'w2 42 1a7',
    ]);
    assert.ok(irqs.request(0, () => undefined).ok);
    assert.equal(take(), [
      'r2 42 1a7',
      'w2 42 1a7',
      'w4 44 fee01000',
      'w4 48 0',
      'w2 4c 20',
      'r2 42 1a7',
      'call',
      'w4 50 fe',
    ]);
    assert.ok(irqs.request(1, () => undefined).ok);
    assert.equal(take(), ['call', 'w4 50 fc']);
    irqs.release(1);
    irqs.release(0);
    irqs.free();
    assert.equal(take(), [
      'w4 50 fe',
      'w4 50 ff',
      'r2 42 1a7',
      'w2 42 1a7',
      'w4 44 0',
      'w4 48 0',
      'w2 4c 0',
      'r2 42 1a7',
      'r2 42 1a7',
      'w2 42 1a6',
      'r2 4 406',
      'w2 4 6',
      'w4 50 0',
      'host 15',
    ]);
  },
);

interrupts(
  'VPCI-64 ARM-10 on arm64 a request opens the GIC and the entry; a release closes both, without a message',
  () => {
    const { irqs, made, take, gic } = make('msix', 0x0007, 'arm64');
    irqs.allocate(made, 2, { preVectors: 1 });
    take();
    gic.diary.length = 0;
    irqs.request(1, () => undefined);
    assert.equal(take(), ['W 201c 0']);
    assert.equal(gic.diary, ['affinity 65 0', 'unmask 65']);
    irqs.release(1);
    assert.equal(take(), ['W 201c 1', 'R 2000 fee01000', 'W 2010 0', 'W 2014 0', 'W 2018 0', 'R 2018 0']);
    assert.is(gic.diary.at(-1), 'mask 65');
  },
);

interrupts('ARM-09 a user moves an SPI at once: the distributor, then unmask', () => {
  const { irqs, made, gic, bus, guest } = make('msix', 0x0007, 'arm64');
  irqs.allocate(made, 1);
  irqs.request(0, () => undefined);
  gic.diary.length = 0;
  const sent = bus.channel.sent.length;
  assert.ok(irqs.setAffinity(0, [1]).ok);
  assert.equal(gic.diary, ['affinity 64 1', 'unmask 64']);
  assert.is(bus.channel.sent.length, sent);
  assert.equal(guest.calls, []);
});

interrupts('VPCI-61 the entry is opened even when its interrupt has no message', () => {
  const { irqs, made, take, bus, guest } = make('msix', 0x0007);
  bus.channel.answer = () => undefined;
  bus.vendor = 0xffff;
  irqs.allocate(made, 1);
  take();
  assert.ok(irqs.request(0, () => undefined).ok);
  assert.is(take().at(-1), 'W 200c 0');
  assert.ok(guest.codes.includes('vpci-unmask-without-message'));
});

interrupts('VPCI-101 after a hibernation each message is made and written again, and told to the hypervisor', () => {
  const { irqs, made, take } = make('msix', 0x0007);
  irqs.allocate(made, 2);
  irqs.request(0, () => undefined);
  take();
  irqs.restore();
  assert.equal(
    take().filter((line) => /^(host|call|W 20[01]8)/.test(line)),
    ['host 15', 'host 1b', 'W 2008 23', 'host 15', 'host 1b', 'W 2018 24', 'call'],
  );
});

interrupts('VPCI-101 a block of several is asked for again as one', () => {
  const { irqs, made, take } = make('msi', 0x0086);
  irqs.allocate(made, 3);
  irqs.request(0, () => undefined);
  irqs.request(2, () => undefined);
  take();
  irqs.restore();
  assert.equal(
    take().filter((line) => /^(host|call)/.test(line)),
    ['host 1b', 'call', 'call'],
  );
});

interrupts('what cannot be', () => {
  const { irqs, made, guest } = make('msix', 0x0001);
  assert.equal(irqs.allocate(made, 0), { ok: false, errno: 'EINVAL' });
  assert.equal(irqs.allocate(made, 9), { ok: true, value: 2 });
  assert.equal(irqs.allocate(made, 1), { ok: false, errno: 'EBUSY' });
  assert.equal(
    irqs.request(2, () => undefined),
    { ok: false, errno: 'EINVAL' },
  );
  for (let vector = 0x22; vector < 0xec; vector++) for (const set of guest.vectors) set.add(vector);
  assert.equal(
    irqs.request(0, () => undefined),
    { ok: false, errno: 'ENOSPC' },
  );
  for (const set of guest.vectors) set.clear();
  assert.ok(irqs.request(0, () => undefined).ok);
  assert.equal(
    irqs.request(0, () => undefined),
    { ok: false, errno: 'EBUSY' },
  );
  assert.equal(irqs.setAffinity(0, [7]), { ok: false, errno: 'EINVAL' });
});

// CPUs online, interrupts that are spread, the CPUs of each.
const SPREAD: readonly (readonly [number, number, number[][]])[] = [
  [2, 2, [[0], [1]]],
  [
    4,
    2,
    [
      [0, 1],
      [2, 3],
    ],
  ],
  [2, 1, [[0, 1]]],
  [2, 3, [[0], [1], [0]]],
];
for (const [cpus, count, expected] of SPREAD)
  interrupts(`${count} interrupts are spread over ${cpus} CPUs`, () => {
    const guest = new FakeGuest(Array.from({ length: cpus }, (_, i) => i));
    const arch = new X86Interrupts(guest);
    const bus = new FakeBus(guest);
    bus.channel.answer = capturedHost();
    const irqs = new FunctionInterrupts({ machine: guest, arch, composer: new MessageComposer(guest, arch) }, bus, 0);
    const { made } = make('msix', 0x0007);
    assert.ok(irqs.allocate(made, 1 + count, { preVectors: 1 }).ok);
    assert.equal(
      irqs.irqs.map(({ affinity }) => affinity),
      [guest.cpus.map(({ cpu }) => cpu), ...expected],
    );
    assert.equal(
      irqs.irqs.map(({ managed }) => managed),
      [false, ...expected.map(() => true)],
    );
  });

interrupts.run();
