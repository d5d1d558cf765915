import { suite } from 'uvu';
import { DomainNumberPool } from '../../src/guest/device-id/domain-number-pool.js';
import { Child } from '../../src/guest/vpci/child.js';
import { BusConfig } from '../../src/guest/vpci/config-access.js';
import { ConfigWindow } from '../../src/guest/vpci/config-window.js';
import { numaNodeOf } from '../../src/guest/vpci/functions.js';
import type { NumaNodes } from '../../src/guest/vpci/virtual-bus.js';
import { type Outcome, success } from '../../src/ports/outcome.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';
import { BASE, M } from '../guest/vpci/race-run.js';
import { VpciRig } from '../guest/vpci/vpci-rig.js';
import { leaksOf } from '../support/vpci-invariants.js';
import { BusRig } from '../vsp/vpci/bus-rig.js';
import { HostRig } from '../vsp/vpci/host-rig.js';
import { twoSided } from './two-sided.js';

const s4 = suite('criticism of virtual PCI: numbers, ejection, nodes, configuration space');
const both = twoSided(s4);

/** Counts on from the last number that was given instead. */
class CountsOn extends DomainNumberPool {
  private next = 0x8000;

  override take(requested: number): Outcome<number> {
    return this.isTaken(requested) ? super.take(this.next++) : super.take(requested);
  }
}

/** Gives what is asked for, twice if asked twice. */
class TrustsBytes extends DomainNumberPool {
  override take(requested: number): Outcome<number> {
    return success(requested);
  }
}

both<DomainNumberPool>('LDID-41 LDID-42 LDID-43: colliding requests get other numbers, and the same ones each time', {
  check: (pool) => {
    const round = (): number[] => {
      const given = [0x1234, 0x1234, 0x1234, 0x37a9].map((request) => {
        const outcome = pool.take(request);
        return outcome.ok ? outcome.value : -1;
      });
      for (const domain of given) pool.give(domain);
      return given;
    };
    const [first, second] = [round(), round()];
    return {
      'each bus has a number of its own': new Set(first).size === 4,
      'one that is free is given as asked': first[0] === 0x1234 && first[3] === 0x37a9,
      'the same offers get the same numbers': first.join() === second.join(),
    };
  },
  ours: () => new DomainNumberPool(() => undefined),
  criticised: {
    'numbers that depend on what was before': [
      () => new CountsOn(() => undefined),
      'the same offers get the same numbers',
    ],
    'two equal bytes taken for unique': [() => new TrustsBytes(() => undefined), 'each bus has a number of its own'],
  },
});

/** Whether a rig's driver hears of an ejection that comes so early. */
type Hears = (rig: VpciRig) => void;

/** Drops ejections until the bus is installed: the packet is taken from the ring and nothing is done. */
const deafUntilInstalled: Hears = (rig) => {
  const { channel } = rig;
  const { receive } = channel;
  channel.receive = (into) => {
    const got = receive.call(channel, into);
    const isEjection = got === 'ok' && into.buffer.bytes[16] === 0x0b && into.buffer.bytes[18] === 0x49;
    if (isEjection && rig.driver.buses[0]?.state !== 'installed') into.buffer.bytes[16] = 0x7f;
    return got;
  };
};

both<Hears>('VPCI-18 VPCI-71: an ejection that comes before the bus is up is answered, and the function is gone', {
  check: (hears) => {
    const rigs = [M.queryRelations, M.d0Entry, M.assigned2].map((moment) => {
      const rig = new VpciRig({
        functions: [{}, { func: 1 }],
        bus: {
          knobs: {
            after: ({ type }, bus) => {
              if (type === BASE + moment) bus.eject({ slot: 0x20 });
            },
          },
        },
      });
      hears(rig);
      return { rig, probed: rig.probe() };
    });
    return {
      'the bus comes up': rigs.every(({ probed }) => probed.ok),
      'each is answered once': rigs.every(
        ({ rig }) => rig.channel.sent.filter(({ payload }) => payload[0] === M.ejectionComplete).length === 1,
      ),
      'the host has not to use force': rigs.every(({ rig }) => !rig.rescinds.includes(true)),
    };
  },
  ours: () => () => undefined,
  criticised: {
    'deaf until it is up': [() => deafUntilInstalled, 'each is answered once', 'the host has not to use force'],
  },
});

/** A host whose time for an ejection is another one. */
function hostWaiting(us: number): HostRig {
  class Waits extends VirtualQueue {
    override after(delayUs: number, task: () => void) {
      return super.after(delayUs === 60_000_000 ? us : delayUs, task);
    }
  }
  const host = new HostRig();
  Object.defineProperty(host, 'queue', { value: new Waits() });
  return host;
}

both<HostRig>('VPCI-73: the host waits 60 s for an ejection, and takes the device away then', {
  check: (host) => {
    const rig = BusRig.started({ rig: host });
    rig.bus.eject({ slot: 0 });
    host.queue.advance(59_999_999);
    const before = rig.rescinds.join();
    host.queue.advance(1);
    return { 'not a moment before': before === '', 'by force behind 60 s': rig.rescinds.join() === 'true' };
  },
  ours: () => new HostRig(),
  criticised: {
    'a host that waits for ever': [() => hostWaiting(1e12), 'by force behind 60 s'],
    'a host in a hurry': [() => hostWaiting(5_000_000), 'not a moment before'],
  },
});

/** Makes a rig's guest, whose driver takes 70 s to let go of its function. */
type SlowGuest = (rig: VpciRig) => void;

/** Sends what it has to say behind the rescind as well. */
const answersAllTheSame: SlowGuest = ({ channel }) => {
  const { send } = channel;
  channel.send = (payload, onCompletion) => {
    const sent = send.call(channel, payload, onCompletion);
    if (channel.rescinded) channel.sent.push({ payload, id: 0n });
    return sent;
  };
};

both<SlowGuest>('VPCI-73 VPCI-74: a guest that is too slow loses its device, and ends its removal without a message', {
  check: (spoil) => {
    const rig = new VpciRig();
    rig.queueProbe(() => undefined);
    rig.queue.drain();
    rig.functionDriver.removeUs = 70_000_000;
    spoil(rig);
    rig.channel.sent.length = 0;
    rig.bus.eject({ slot: 0 });
    rig.queue.drain();
    return {
      'the host used force': rig.rescinds.join() === 'true',
      'no message behind it': rig.channel.sent.length === 0,
      'nothing is left': leaksOf(rig).length === 0,
    };
  },
  ours: () => () => undefined,
  criticised: { 'messages behind the rescind': [() => answersAllTheSame, 'no message behind it'] },
});

type NodeOf = (child: Child, nodes: NumaNodes) => number | undefined;

const described = (flags: number, node: number): Child =>
  new Child({
    v_id: 0x1414,
    d_id: 0xb111,
    rev: 0,
    prog_intf: 0,
    subclass: 0,
    base_class: 0,
    subsystem_id: 0,
    win_slot: { dev: 0, func: 0, reserved: 0 },
    ser: 1,
    flags,
    virtual_numa_node: node,
  });

both<NodeOf>('VPCI-114: a node counts with its flag only, and 0 is not read as one thing or the other', {
  check: (nodeOf) => {
    const nodes = { possible: 4, online: [0, 1, 2] };
    return {
      'a node with the flag is taken': nodeOf(described(1, 2), nodes) === 2,
      'without the flag it is none': nodeOf(described(0, 2), nodes) === 0,
      'one that cannot be is none': nodeOf(described(1, 9), nodes) === 0,
      'node 0 and no node are the same': nodeOf(described(1, 0), nodes) === nodeOf(described(0, 0), nodes),
    };
  },
  ours: () => numaNodeOf,
  criticised: {
    'the number without its flag': [
      () => (child, nodes) => numaNodeOf(described(1, child.description.virtual_numa_node), nodes),
      'without the flag it is none',
    ],
    '0 read as unknown where the flag is not set': [
      () => (child, nodes) => ((child.description.flags & 1) === 0 ? undefined : numaNodeOf(child, nodes)),
      'without the flag it is none',
      'node 0 and no node are the same',
    ],
  },
});

/** Makes the window of a confidential guest. */
type MakeWindow = (rig: VpciRig, gpa: number) => ConfigWindow;

/** Chooses the slot by an access and reads by a call. */
class HalfDirect extends ConfigWindow {
  private readonly rig: VpciRig;

  constructor(rig: VpciRig, gpa: number) {
    super(rig.guest, gpa, true);
    this.rig = rig;
  }

  override read(slot: number, where: number, size: 1 | 2 | 4): number {
    this.rig.guest.cpus[0]!.gate.mmioWrite(this.gpa, 4, BigInt(slot));
    return super.read(slot, where, size);
  }
}

both<MakeWindow>(
  'VPCI-43: a confidential guest reaches configuration space by calls alone, the slot as well as the data',
  {
    check: (makeWindow) => {
      const rig = new VpciRig({ driver: { isConfidential: true } });
      rig.probe();
      const bus = rig.driver.buses[0]!;
      bus.config = makeWindow(rig, bus.config!.gpa);
      rig.guest.accesses.length = 0;
      rig.guest.mmioCalls.length = 0;
      const space = new BusConfig(bus);
      space.read(0, 0x40, 2);
      space.write(0, 4, 2, 6);
      return {
        'no access goes past the hypervisor': rig.guest.accesses.length === 0,
        'a call for each slot and each value':
          rig.guest.mmioCalls.map(({ code }) => code.toString(16)).join() === '107,106,107,107',
      };
    },
    ours: () => (rig, gpa) => new ConfigWindow(rig.guest, gpa, true),
    criticised: {
      'by accesses': [
        () => (rig, gpa) => new ConfigWindow(rig.guest, gpa, false),
        'no access goes past the hypervisor',
        'a call for each slot and each value',
      ],
      'the slot by an access': [() => (rig, gpa) => new HalfDirect(rig, gpa), 'no access goes past the hypervisor'],
    },
  },
);

s4.run();
