import { suite } from 'uvu';
import { bytesToHex } from '../../src/bytes/hex.js';
import {
  type LogicalDeviceIdRegistration,
  LogicalDeviceIdTable,
  NO_LOGICAL_DEVICE_IDS,
} from '../../src/guest/device-id/logical-device-id-table.js';
import { devfnOfSlot, slotOfDevfn } from '../../src/guest/vpci/slot.js';
import { logicalDeviceIdPrefix, requestedDomain } from '../../src/hypercall/logical-device-id.js';
import { HypercallPages } from '../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { DONE, failure, type Outcome, success } from '../../src/ports/outcome.js';
import { VpciRig, type VpciRigOptions } from '../guest/vpci/vpci-rig.js';
import type { SourceFile } from '../support/import-graph.js';
import { LIBRARY, reaches, withImport } from './source-reach.js';
import { twoSided } from './two-sided.js';

const s0 = suite('criticism of logical device ids');
const both = twoSided(s0);

const BUILT_IN = ['guest/pv-iommu/', 'guest/device-id/'];
const LOADABLE = ['guest/vpci/', 'guest/vpci-interrupts/', 'guest/vmbus/'];

both<readonly SourceFile[]>('LDID-10: what is built in takes nothing, not even a type, of what may be loaded later', {
  check: (files) => ({
    'the IOMMU does without virtual PCI and VMBus': reaches(files, BUILT_IN[0]!, LOADABLE).length === 0,
    'the table of ids does, too': reaches(files, BUILT_IN[1]!, LOADABLE).length === 0,
    'virtual PCI knows the table': reaches(files, 'guest/vpci/', ['guest/device-id/']).length > 0,
    'and no IOMMU': reaches(files, 'guest/vpci/', ['guest/pv-iommu/']).length === 0,
  }),
  ours: () => LIBRARY,
  criticised: {
    'a symbol of the driver that may be loaded later': [
      () => withImport('guest/pv-iommu/pv-iommu.ts', '../vpci/vpci-driver.js'),
      'the IOMMU does without virtual PCI and VMBus',
    ],
    'its private structures, by way of the table': [
      () => withImport('guest/device-id/logical-device-id-table.ts', '../vpci/virtual-bus.js'),
      'the IOMMU does without virtual PCI and VMBus',
      'the table of ids does, too',
    ],
    'a call of the IOMMU by virtual PCI': [
      () => withImport('guest/vpci/probe.ts', '../pv-iommu/pv-iommu.js'),
      'and no IOMMU',
    ],
  },
});

/** Registers what a bus gives it elsewhere, in its own way. */
type Producer = (to: LogicalDeviceIdRegistration, rig: () => VpciRig) => LogicalDeviceIdRegistration;

both<Producer>('LDID-10 LDID-13: only integers cross from virtual PCI to the IOMMU, the domain number as the key', {
  check: (producer) => {
    const crossed: unknown[] = [];
    const note = (...values: unknown[]): Outcome => {
      crossed.push(...values);
      return DONE;
    };
    const rig: VpciRig = new VpciRig({
      driver: { ids: producer({ registerBus: note, unregisterBus: note }, () => rig) },
    });
    const probed = rig.probe();
    rig.run(rig.driver.remove(rig.channel));
    return {
      'the bus comes up': probed.ok,
      'only integers cross': crossed.length > 0 && crossed.every((one) => Number.isInteger(one)),
      'the key is the domain number': crossed[0] === 0x37a9 && crossed.at(-1) === 0x37a9,
    };
  },
  ours: () => (to) => to,
  criticised: {
    'the driver’s own bus object': [
      () => (to, rig) => ({
        registerBus: (_domain, prefix) => Reflect.apply(to.registerBus, to, [rig().driver.buses[0], prefix]) as Outcome,
        unregisterBus: () => Reflect.apply(to.unregisterBus, to, [rig().channel]),
      }),
      'only integers cross',
      'the key is the domain number',
    ],
  },
});

/** A table that is told of a bus by way of something else. */
type Way = (table: LogicalDeviceIdTable, rig: () => VpciRig) => LogicalDeviceIdRegistration;

both<Way>('LDID-12: the prefix is there before the root bus is scanned: each function has its id when it is added', {
  check: (way) => {
    const table = new LogicalDeviceIdTable(() => undefined);
    const options: VpciRigOptions = { functions: [{}, { func: 3 }], driver: { ids: way(table, () => rig) } };
    const rig: VpciRig = new VpciRig(options);
    const inScan: boolean[] = [];
    rig.core.onAdd((fn) => inScan.push(table.deviceId(fn.domain, fn.devfn).ok));
    rig.probe();
    return {
      'both functions are added': inScan.length === 2,
      'with their ids': inScan.every((known) => known),
      'the prefix is there when all is done': table.lookup(0x37a9).ok,
    };
  },
  ours: () => (table) => table,
  criticised: {
    'pushed when the scan is over': [
      () => (table, rig) => ({
        registerBus: (domain, prefix) => {
          rig().queue.after(1_000_000, () => table.registerBus(domain, prefix));
          return DONE;
        },
        unregisterBus: (domain) => table.unregisterBus(domain),
      }),
      'with their ids',
    ],
  },
});

const sentBy = (ids: LogicalDeviceIdRegistration): string => {
  const rig = new VpciRig({ driver: { ids } });
  const outcome = rig.probe();
  if (outcome.ok) rig.run(rig.driver.remove(rig.channel));
  return `${outcome.ok} ${rig.channel.sent.map(({ payload }) => bytesToHex(payload)).join()}`;
};

both<LogicalDeviceIdRegistration>(
  'LDID-14: where the feature is not there, registering does nothing and virtual PCI is the same',
  {
    check: (ids) => ({
      'a bus registers': ids.registerBus(1, 0x10000).ok,
      'once more, with another prefix': ids.registerBus(1, 0x20000).ok,
      'each message is the same': sentBy(ids) === sentBy(new LogicalDeviceIdTable(() => undefined)),
    }),
    ours: () => NO_LOGICAL_DEVICE_IDS,
    criticised: {
      'no stub: an error where there is no IOMMU': [
        () => ({ registerBus: () => failure('ENODEV'), unregisterBus: () => undefined }),
        'a bus registers',
        'once more, with another prefix',
        'each message is the same',
      ],
    },
  },
);

/** Puts the new prefix in the place of the old one and takes none away. */
class Replaces extends LogicalDeviceIdTable {
  override registerBus(domain: number, prefix: number): Outcome {
    super.unregisterBus(domain);
    return super.registerBus(domain, prefix);
  }

  override unregisterBus(): void {}
}

/** Has no prefix any more as soon as the bus begins to go. */
class GoesEarly extends LogicalDeviceIdTable {
  private readonly rig: () => VpciRig;

  constructor(rig: () => VpciRig) {
    super(() => undefined);
    this.rig = rig;
  }

  override lookup(domain: number): Outcome<number> {
    return this.rig().driver.buses[0]?.state === 'removing' ? failure('ENODEV') : super.lookup(domain);
  }
}

both<(rig: () => VpciRig) => LogicalDeviceIdTable>(
  'LDID-21 LDID-25: a prefix goes with its bus, behind its functions, and none is replaced',
  {
    check: (make) => {
      const ids = make(() => rig);
      const rig: VpciRig = new VpciRig({ driver: { ids } });
      rig.probe();
      const { core } = rig;
      const { removeBus } = core;
      let inRemoval: readonly boolean[] = [];
      core.removeBus = function* (bus) {
        yield* removeBus.call(core, bus);
        inRemoval = [ids.deviceId(0x37a9, 1).ok, rig.domains.isTaken(0x37a9)];
      };
      const other = ids.registerBus(0x37a9, 0x11111110);
      const kept = ids.lookup(0x37a9);
      rig.run(rig.driver.remove(rig.channel));
      return {
        'another prefix is refused': !other.ok && other.errno === 'EEXIST',
        'the first one stays': kept.ok && kept.value === 0x37a94e00,
        'it is there until the functions have gone': inRemoval.join() === 'true,true',
        'and not any more behind them': !ids.lookup(0x37a9).ok,
      };
    },
    ours: () => () => new LogicalDeviceIdTable(() => undefined),
    criticised: {
      'taken away in front of the functions': [
        () => (rig) => new GoesEarly(rig),
        'it is there until the functions have gone',
      ],
      'replaced, and never taken away': [
        () => () => new Replaces(() => undefined),
        'another prefix is refused',
        'the first one stays',
        'and not any more behind them',
      ],
    },
  },
);

/** Stores the id of the first function. */
class StoresFunction extends LogicalDeviceIdTable {
  override deviceId(domain: number): Outcome<bigint> {
    const prefix = this.lookup(domain);
    return prefix.ok ? success(BigInt(prefix.value)) : prefix;
  }
}

both<() => LogicalDeviceIdTable>(
  'LDID-11: the function’s number is put in by whoever knows it: each function of a bus has an id of its own',
  {
    check: (make) => {
      const ids = make();
      const rig = new VpciRig({ functions: [{}, { func: 3 }, { dev: 2, func: 5 }], driver: { ids } });
      const seen: bigint[] = [];
      rig.core.onAdd((fn) => {
        const id = ids.deviceId(fn.domain, fn.devfn);
        if (id.ok) seen.push(id.value);
      });
      rig.probe();
      const stored = ids.lookup(0x37a9);
      return {
        'ids of two functions of a device differ': new Set(seen.slice(0, 2)).size === 2,
        'each is the prefix with its function': seen.every((id) => [0n, 3n, 5n].includes(id - 0x37a94e00n)),
        'what is stored is the prefix': ids.size === 1 && stored.ok && stored.value === 0x37a94e00,
      };
    },
    ours: () => () => new LogicalDeviceIdTable(() => undefined),
    criticised: {
      'the id of one function for the bus': [
        () => () => new StoresFunction(() => undefined),
        'ids of two functions of a device differ',
      ],
    },
  },
);

/** From the number that PCI scans to the host's slot, and back. */
interface Numbering {
  readonly slotOf: (devfn: number) => number;
  readonly devfnOf: (slot: number) => number;
}

both<Numbering>('VPCI-05: slots of the host and numbers of a scan are two things, one for one', {
  check: ({ slotOf, devfnOf }) => {
    const all = Array.from({ length: 256 }, (_, devfn) => devfn);
    const rig = new VpciRig({ functions: [{}, { func: 3 }, { dev: 2 }] });
    rig.probe();
    const scanned = [...(rig.driver.buses[0]?.root?.functions.keys() ?? [])];
    return {
      'there and back': all.every((devfn) => devfnOf(slotOf(devfn)) === devfn),
      'the device is in the low bits of a slot': slotOf((2 << 3) | 3) === (2 | (3 << 5)),
      'a scan finds what the host named': scanned.map(slotOf).join() === [0, 3 << 5, 2].join(),
    };
  },
  ours: () => ({ slotOf: slotOfDevfn, devfnOf: devfnOfSlot }),
  criticised: {
    'a slot taken for the number of a scan': [
      () => ({ slotOf: (devfn) => devfn, devfnOf: (slot) => slot }),
      'the device is in the low bits of a slot',
      'a scan finds what the host named',
    ],
  },
});

const guid = (b4to7: readonly number[]): Uint8Array => Uint8Array.from([0, 0, 0, 0, ...b4to7, 0, 0, 0, 0, 0, 0, 0, 0]);

both<() => LogicalDeviceIdTable>(
  'LDID-21 LDID-26 LDID-46: a domain number that comes back with another device never leads to the id of the wrong one',
  {
    check: (make) => {
      const [nvme, network] = [guid([0x34, 0x12, 0x00, 0x01]), guid([0x34, 0x12, 0xf8, 0xaa])];
      const domain = requestedDomain(nvme);
      const late = make();
      late.registerBus(domain, logicalDeviceIdPrefix(nvme));
      // The first bus is still there when the second one takes its number.
      const second = late.registerBus(requestedDomain(network), logicalDeviceIdPrefix(network));
      const ofFirst = late.deviceId(domain, 0);
      const inTurn = make();
      inTurn.registerBus(domain, logicalDeviceIdPrefix(nvme));
      inTurn.unregisterBus(domain);
      const between = inTurn.lookup(domain).ok;
      inTurn.registerBus(domain, logicalDeviceIdPrefix(network));
      const after = inTurn.deviceId(domain, 0);
      return {
        'the second is refused while the first is there': !second.ok,
        'the first keeps its id': ofFirst.ok && ofFirst.value === 0x12340100n,
        'between them there is none': !between,
        'in turn each has its own': after.ok && after.value === 0x1234aaf8n,
      };
    },
    ours: () => () => new LogicalDeviceIdTable(() => undefined),
    criticised: {
      replaced: [
        () => () => new Replaces(() => undefined),
        'the second is refused while the first is there',
        'the first keeps its id',
        'between them there is none',
      ],
    },
  },
);

/** Makes the pages of a guest that is no root. */
type MakePages = (memory: SharedGuestMemory, frames: PageFrameAllocator) => HypercallPages;

both<MakePages>('PVI-40 PVI-41: a guest needs no second page per CPU: input and output share one', {
  check: (make) => {
    const memory = SharedGuestMemory.create(16 * 4096);
    const frames = PageFrameAllocator.create(0, 16);
    const pages = make(memory, frames);
    for (const cpu of [0, 1]) pages.online(cpu);
    const area = pages.withInputPage(0, 20, 64, ({ inputGpa, outputGpa }) => ({ inputGpa, outputGpa }));
    const fits = (input: number, output: number): boolean => {
      try {
        pages.withInputPage(0, input, output, () => undefined);
        return true;
      } catch {
        return false;
      }
    };
    return {
      'a page per CPU': 16 - frames.free === 2,
      'both in one page': Math.floor(area.inputGpa / 4096) === Math.floor(area.outputGpa / 4096),
      'output is 8-aligned behind the input': area.outputGpa % 8 === 0 && area.outputGpa >= area.inputGpa + 20,
      'together they are a page at most': fits(4032, 64) && !fits(4033, 64),
    };
  },
  ours: () => (memory, frames) => HypercallPages.create(memory, frames, { cpus: 2 }),
  criticised: {
    'a page for output': [
      () => (memory, frames) => HypercallPages.create(memory, frames, { cpus: 2, separateOutput: true }),
      'a page per CPU',
      'both in one page',
      'together they are a page at most',
    ],
  },
});

s0.run();
