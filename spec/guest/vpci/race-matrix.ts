import { start } from '../../../src/sched/routine.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import type { VpciRequest } from '../../../src/vsp/vpci/request.js';
import type { VpciBus } from '../../../src/vsp/vpci/vpci-bus.js';
import { BASE, M, RaceRun } from './race-run.js';

/** A row of the race matrix: what happens, and what it must lead to. */
export interface Race {
  readonly id: string;
  readonly title: string;
  readonly run: (race: RaceRun) => void;
}

const DELAY_US = 2000;

const at =
  (n: number, act: (bus: VpciBus) => void) =>
  ({ type }: VpciRequest, bus: VpciBus): void => {
    if (type === BASE + n) act(bus);
  };

/** Functions 0 to `count` - 1 of device 0. */
const functions = (count: number) => Array.from({ length: count }, (_, func) => ({ func }));

/** A device that counts reads of its configuration space. */
class WatchedDevice extends BarDevice {
  reads = 0;
  onRead: ((reads: number) => void) | undefined;
  isGone = false;

  override readConfig(offset: number, size: 1 | 2 | 4): number {
    this.onRead?.(++this.reads);
    return this.isGone ? 2 ** (size * 8) - 1 : super.readConfig(offset, size);
  }
}

function watched(race: RaceRun): WatchedDevice {
  // Made on the port of the rig that replaces its functions by this one.
  return new WatchedDevice({ port: race.rig.port, msiVectors: 4 });
}

export const RACES: readonly Race[] = [
  {
    id: 'R1',
    title: 'VPCI-18 VPCI-71: EJECT between relations and D0 entry',
    run: (race) => {
      const eject = (bus: VpciBus): void => void bus.eject({ slot: 0 });
      const moments = [
        { after: at(M.queryRelations, eject) },
        { after: at(M.requirements, eject) },
        { before: at(M.d0Entry, eject) },
      ];
      // A probe that fails behind the ejection has to answer it as well.
      const refuse = { kind: 'refuse', status: 0xc0000184 } as const;
      const faults = race.next(4) === 0 ? [{ type: BASE + M.d0Entry, fault: refuse, times: 2 }] : [];
      const knobs = { ...moments[race.next(3)]!, faults };
      race.make({ functions: functions(1 + race.next(2)), bus: { knobs } });
      race.probe();
      race.drain();
      race.check(race.outcome !== undefined, 'the probe does not end');
      race.check(race.sent(M.ejectionComplete) === 1, `${race.sent(M.ejectionComplete)} completions`);
    },
  },
  {
    id: 'R2',
    title: 'VPCI-18 VPCI-71: EJECT while the root bus is scanned',
    run: (race) => {
      const rig = race.make({ functions: [] });
      const device = watched(race);
      const other = new BarDevice({ port: rig.port });
      rig.bus.changeRelations([
        { dev: 0, func: 0, serial: 1, device },
        { dev: 1, func: 0, serial: 2, device: other },
      ]);
      const moment = 1 + race.next(12);
      device.onRead = (reads) => {
        if (reads === moment) rig.bus.eject({ slot: 0 });
      };
      race.probe();
      race.drain();
      race.check(race.outcome?.ok === true, 'the probe failed');
      race.check(race.sent(M.ejectionComplete) === 1, `${race.sent(M.ejectionComplete)} completions`);
      const there = [...(rig.driver.buses[0]?.root?.functions.keys() ?? [])];
      race.check(there.join() === '8', `functions ${there.join()} are left`);
    },
  },
  {
    id: 'R3',
    title: 'VPCI-70: EJECT twice for one function',
    run: (race) => {
      const rig = race.make({ functions: functions(2) });
      race.bringUp();
      rig.functionDriver.removeUs = race.next(2) * DELAY_US;
      for (let i = 0; i < 2; i++) race.later(race.next(DELAY_US), () => rig.bus.eject({ slot: 0 }));
      rig.bus.eject({ slot: 0 });
      race.drain();
      race.check(race.sent(M.ejectionComplete) === 1, `${race.sent(M.ejectionComplete)} completions`);
    },
  },
  {
    id: 'R4',
    title: 'VPCI-16 VPCI-74: rescind while the version is negotiated',
    run: (race) => {
      const rig = race.make({
        bus: { knobs: { faults: [{ type: BASE + M.version, fault: { kind: 'lose' }, times: 9 }] } },
      });
      let endedUs = Number.POSITIVE_INFINITY;
      rig.queueProbe((outcome) => {
        race.outcome = outcome;
        endedUs = rig.queue.now();
      });
      const rescindUs = race.next(350_000);
      race.later(rescindUs, () => rig.rescind());
      race.drain();
      race.check(!race.outcome?.ok && race.outcome?.errno === 'ENODEV', 'no ENODEV');
      race.check(endedUs <= rescindUs + 100_000, `it took ${endedUs - rescindUs} us`);
      race.check(rig.channel.requests.outstanding === 0, 'a request is left');
    },
  },
  {
    id: 'R5',
    title: 'VPCI-55 VPCI-74: rescind while a message is composed',
    run: (race) => {
      const fault =
        race.next(2) === 0 ? ({ kind: 'lose' } as const) : ({ kind: 'delay', us: 1 + race.next(900) } as const);
      const rig = race.make({
        bus: {
          knobs: {
            faults: [{ type: BASE + M.create3, fault, times: 9 }],
            before: at(M.create3, () => race.later(race.next(800), () => rig.rescind())),
          },
        },
      });
      race.probe();
      race.drain();
      race.check(race.sent(M.create3) >= 1, 'nothing was composed');
      race.check(fault.kind !== 'lose' || race.logged('vpci-no-message') > 0, 'a message without an answer');
      race.check(rig.channel.requests.outstanding === 0, 'a request is left');
    },
  },
  {
    id: 'R6',
    title: 'VPCI-55 VPCI-92: the completion of a message whose composer has left',
    run: (race) => {
      const rig = race.make({ functions: [] });
      const device = watched(race);
      rig.bus.changeRelations([{ dev: 0, func: 0, serial: 1, device }]);
      rig.bus.addFault({ type: BASE + M.create3, fault: { kind: 'delay', us: 2000 + race.next(2000) } });
      rig.channel.onSend = (payload) => {
        if (payload[0] === M.create3) race.later(race.next(1500), () => (device.isGone = true));
      };
      race.probe();
      race.drain();
      race.check(race.logged('vpci-no-message') >= 1, 'the composer did not leave');
      race.check(race.logged('vpci-unknown-completion') >= 1, 'the late completion went unnoticed');
      rig.channel.onSend = undefined;
    },
  },
  {
    id: 'R7',
    title: 'VPCI-20: relations while the bus is removed',
    run: (race) => {
      const rig = race.make({ functions: functions(1) });
      race.bringUp();
      const asked = race.sent(M.requirements);
      rig.functionDriver.removeUs = 5000;
      rig.queueRemove();
      const late = { dev: 3, func: 0, serial: 9, device: new BarDevice({ port: rig.port }) };
      race.later(100 + race.next(4800), () => rig.bus.changeRelations([...rig.functions, late]));
      race.drain();
      race.check(race.sent(M.requirements) === asked, 'a function was looked at');
    },
  },
  {
    id: 'R8',
    title: 'VPCI-21: two relations before the work runs',
    run: (race) => {
      const rig = race.make({ functions: functions(2) });
      race.bringUp();
      rig.functionDriver.removeUs = 5000;
      // Work stands behind the ejection of a function whose driver takes its time.
      rig.bus.eject({ slot: 0x20 });
      const base = [rig.functions[0]!];
      const extra = (dev: number) => ({ dev, func: 0, serial: dev, device: new BarDevice({ port: rig.port }) });
      race.later(100 + race.next(2000), () => rig.bus.changeRelations([...base, extra(3)]));
      race.later(2200 + race.next(2000), () => rig.bus.changeRelations([...base, extra(4)]));
      race.drain();
      const slots = rig.driver.buses[0]?.children.map(({ slot }) => slot).join();
      race.check(slots === '0,4', `slots ${slots}`);
      const asked = rig.channel.sent.some(({ payload }) => payload[0] === M.requirements && payload[4] === 3);
      race.check(!asked, 'the older relations were applied');
    },
  },
  {
    id: 'R9',
    title: 'VPCI-12: relations behind the end of the wait for them',
    run: (race) => {
      const rig = race.make({
        functions: functions(2),
        bus: { knobs: { faults: [{ type: BASE + M.queryRelations, fault: { kind: 'lose' } }] } },
      });
      race.probe();
      const rescindUs = 1000 + race.next(250_000);
      race.later(rescindUs - race.next(3), () => rig.bus.changeRelations(rig.functions));
      race.later(rescindUs, () => rig.rescind());
      race.drain();
      race.check(race.outcome !== undefined, 'the probe does not end');
      race.check(rig.driver.buses.length === 0, 'the bus is still there');
    },
  },
  {
    id: 'R10',
    title: 'VPCI-73: the time for an ejection ends while a driver is being removed',
    run: (race) => {
      const rig = race.make({ functions: functions(1 + race.next(2)) });
      race.bringUp();
      rig.functionDriver.removeUs = 60_000_001 + race.next(40_000_000);
      rig.bus.eject({ slot: 0 });
      let sentAtRescind = -1;
      race.later(60_100_000, () => {
        sentAtRescind = rig.channel.sent.length;
      });
      race.drain();
      race.check(rig.rescinds.join() === 'true', `rescinds ${rig.rescinds.join()}`);
      race.check(rig.channel.sent.length === sentAtRescind, 'messages behind the rescind');
      race.check(rig.driver.buses.length === 0, 'the removal does not end');
    },
  },
  {
    id: 'R11',
    title: 'VPCI-71 VPCI-81: ejection and removal together',
    run: (race) => {
      const rig = race.make({ functions: functions(1 + race.next(2)) });
      race.bringUp();
      rig.functionDriver.removeUs = race.next(3) * 500;
      const bound = rig.functionDriver.bound.length;
      race.later(race.next(1000), () => rig.bus.eject({ slot: 0 }));
      race.later(race.next(1000), () => rig.queueRemove());
      race.drain();
      race.check(race.sent(M.ejectionComplete) <= 1, 'two completions');
      race.check(
        rig.functionDriver.removed === bound,
        `${rig.functionDriver.removed} of ${bound} drivers were removed`,
      );
    },
  },
  {
    id: 'R12',
    title: 'VPCI-13: D0 entry refused',
    run: (race) => {
      const times = 1 + race.next(2);
      const refuse = { kind: 'refuse', status: 0xc0000184 } as const;
      const count = 1 + race.next(2);
      race.make({
        functions: functions(count),
        bus: { knobs: { faults: [{ type: BASE + M.d0Entry, fault: refuse, times }] } },
      });
      race.probe();
      race.drain();
      race.check(race.sent(M.d0Entry) === 2, `${race.sent(M.d0Entry)} entries`);
      race.check(race.sent(M.d0Exit) === 1, `${race.sent(M.d0Exit)} exits`);
      race.check(race.sent(M.released) === count, `${race.sent(M.released)} functions released`);
      race.check(race.outcome?.ok === (times === 1), 'the outcome');
      race.check(race.outcome?.ok !== false || race.outcome.errno === 'EPROTO', 'no EPROTO');
    },
  },
  {
    id: 'R13',
    title: 'VPCI-82: no answer to D0 exit',
    run: (race) => {
      const kind = race.next(2) === 0 ? 'lose' : 'silent';
      const rig = race.make({ bus: { knobs: { faults: [{ type: BASE + M.d0Exit, fault: { kind } }] } } });
      race.bringUp();
      const startUs = rig.queue.now();
      rig.queueRemove();
      race.drain();
      const failed = rig.guest.lines.find(({ code }) => code === 'vpci-exit-failed');
      race.check(failed?.fields?.errno === 'ETIMEDOUT', 'no ETIMEDOUT');
      const tookUs = rig.queue.now() - startUs;
      race.check(tookUs >= 10_000_000 && tookUs < 10_200_000, `it took ${tookUs} us`);
      race.check(rig.channel.requests.outstanding === 0, 'a request is left');
    },
  },
  {
    id: 'R14',
    title: 'LDID-44 LDID-46: an offer of the same domain bytes behind a removal',
    run: (race) => {
      const rig = race.make({ functions: functions(1) });
      race.bringUp();
      race.check(rig.ids.deviceId(0x37a9, 0).ok, 'no id');
      const removed = race.next(2) === 0;
      if (removed) rig.queueRemove();
      const other = rig.makeBus({
        instanceId: '8fd2b1c6-37a9-1234-b2d4-6a915ce07f18',
        functions: [{ dev: 0, func: 1, serial: 5, device: new BarDevice({ port: rig.port }) }],
        rescind: () => undefined,
      });
      if (removed) race.drain();
      const channel = rig.openPair(other);
      const again = rig.run(rig.driver.probe(channel));
      race.check(again.ok, 'the second probe failed');
      const domain = rig.driver.buses.at(-1)?.domain;
      race.check(domain === (removed ? 0x37a9 : 0x37aa), `domain ${domain}`);
      const id = rig.ids.deviceId(domain ?? 0, 1);
      race.check(id.ok && id.value === 0x37a91231n, 'not the id of the new bus');
      rig.run(rig.driver.remove(channel));
      race.check(other.leaks().interrupts === 0 && !channel.isOpen, 'the second bus is still there');
    },
  },
  {
    id: 'R15',
    title: 'VPCI-100 VPCI-101: suspend while a function is ejected',
    run: (race) => {
      const rig = race.make({ functions: functions(3) });
      race.bringUp();
      rig.functionDriver.removeUs = 1000 + race.next(3000);
      for (const slot of [0x20, 0x40]) rig.bus.eject({ slot });
      let outcome: unknown;
      race.later(100 + race.next(4500), () => {
        const suspended = start(rig.queue, rig.driver.suspend(rig.channel));
        suspended.subscribe(() => {
          outcome = suspended.value.ok;
        });
      });
      race.drain();
      race.check(outcome === true, 'the suspend failed');
      const types = race.sentTypes;
      race.check(race.sent(M.ejectionComplete) === 2, `${race.sent(M.ejectionComplete)} completions`);
      race.check(types.lastIndexOf(M.ejectionComplete) < types.indexOf(M.d0Exit), 'the exit came before a completion');
      race.check(!rig.channel.isOpen, 'the channel is open');
      const resumed = rig.run(rig.driver.resume(rig.channel));
      race.check(resumed.ok, 'the resume failed');
      race.check(rig.driver.buses[0]?.root?.functions.size === 1, 'the functions');
    },
  },
  {
    id: 'R15b',
    title: 'VPCI-74 VPCI-101: rescind while the bus is brought back',
    run: (race) => {
      const rig = race.make({ functions: functions(2) });
      race.bringUp();
      race.check(rig.run(rig.driver.suspend(rig.channel)).ok, 'the suspend failed');
      const slow = { kind: 'delay', us: 100 } as const;
      for (const n of [M.version, M.d0Entry, M.assigned2]) rig.bus.addFault({ type: BASE + n, fault: slow });
      const resumed = start(rig.queue, rig.driver.resume(rig.channel));
      race.later(race.next(500), () => rig.rescind());
      race.drain();
      race.check(resumed.done, 'the resume does not end');
      race.check(rig.driver.buses.length === 0, 'the bus is still there');
    },
  },
];

/** Runs one race with one seed; what was found wrong. */
export function runRace(race: Race, seed: number): readonly string[] {
  const run = new RaceRun(seed);
  race.run(run);
  return run.finish();
}
