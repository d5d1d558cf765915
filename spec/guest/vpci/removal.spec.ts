import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { leaksOf } from '../../support/vpci-invariants.js';
import { BASE, M } from './race-run.js';
import { VpciRig, type VpciRigOptions } from './vpci-rig.js';

const removal = suite('guest/vpci removal');

const types = (rig: VpciRig): number[] => rig.channel.sent.map(({ payload }) => payload[0]!);

function probed(options?: VpciRigOptions): VpciRig {
  const rig = new VpciRig(options);
  rig.queueProbe((outcome) => assert.ok(outcome.ok));
  rig.queue.drain();
  rig.channel.sent.length = 0;
  return rig;
}

removal('VPCI-81 VPCI-82 VPCI-84: interrupts, D0 exit, close; nothing is left', () => {
  const rig = probed({ functions: [{}, { func: 1 }] });
  rig.run(rig.driver.remove(rig.channel));
  assert.equal(types(rig), [0x15, 0x15, M.d0Exit]);
  assert.is(rig.channel.closes, 1);
  assert.equal(leaksOf(rig), []);
});

removal(
  'VPCI-82: with releaseOnRemove the resources of each function, from the highest slot down, come before D0 exit',
  () => {
    const rig = probed({ functions: [{}, { func: 1 }, { dev: 3 }], driver: { releaseOnRemove: true } });
    rig.run(rig.driver.remove(rig.channel));
    const messages = rig.channel.sent
      .filter(({ payload }) => payload[0] !== 0x15)
      .map(({ payload }) => [payload[0], payload[4]]);
    assert.equal(messages, [
      [M.released, 0x20],
      [M.released, 3],
      [M.released, 0],
      [M.d0Exit, undefined],
    ]);
    assert.equal(leaksOf(rig), []);
  },
);

removal('VPCI-80 VPCI-82: behind a rescind nothing is sent', () => {
  const rig = probed();
  rig.rescind();
  rig.queue.drain();
  assert.equal(types(rig), []);
  assert.equal(leaksOf(rig), []);
});

removal('VPCI-80: a rescind while the probe runs removes what it brought up, once', () => {
  const rig = new VpciRig();
  rig.queueProbe(() => undefined);
  rig.queue.pump();
  rig.rescind();
  rig.rescind();
  rig.queue.drain();
  assert.is(rig.channel.closes, rig.channel.opens);
  assert.equal(leaksOf(rig), []);
});

removal('VPCI-83: a ring that takes nothing stops no teardown', () => {
  const rig = probed();
  rig.channel.room = 0;
  rig.run(rig.driver.remove(rig.channel));
  const failed = rig.guest.lines.find(({ code }) => code === 'vpci-exit-failed');
  assert.is(failed?.fields?.errno, 'EAGAIN');
  assert.equal(leaksOf(rig), []);
});

removal('VPCI-81: work that is queued is done before the bus goes, and none is taken behind it', () => {
  const rig = probed({ functions: [{}, { func: 1 }, { func: 2 }] });
  const bus = rig.driver.buses[0]!;
  rig.functionDriver.removeUs = 2000;
  for (const slot of [0x20, 0x40]) rig.bus.eject({ slot });
  rig.queue.advance(1000);
  rig.queueRemove();
  rig.queue.advance(10);
  rig.bus.eject({ slot: 0 });
  rig.queue.drain();
  const answered = types(rig).filter((type) => type !== 0x15);
  assert.equal(answered, [M.ejectionComplete, M.ejectionComplete, M.d0Exit]);
  assert.is(bus.state, 'removed');
  assert.equal(leaksOf(rig), []);
});

removal('VPCI-73 VPCI-74: a driver that is slow loses its device, and its removal ends', () => {
  const rig = probed();
  rig.functionDriver.removeUs = 70_000_000;
  rig.bus.eject({ slot: 0 });
  rig.queue.advance(61_000_000);
  assert.equal(rig.rescinds, [true]);
  assert.is(rig.driver.buses.length, 1);
  rig.queue.drain();
  assert.equal(types(rig), []);
  assert.equal(leaksOf(rig), []);
});

removal('VPCI-71 VPCI-73: the completion of the last ejection brings the rescind at once', () => {
  const rig = probed();
  rig.bus.eject({ slot: 0 });
  rig.queue.drain();
  assert.equal(rig.rescinds, [false]);
  assert.equal(leaksOf(rig), []);
});

removal('VPCI-71: an ejection before the root bus is there is answered', () => {
  const rig = new VpciRig({
    functions: [{}, { func: 1 }],
    bus: {
      knobs: {
        before: ({ type }, bus) => {
          if (type === BASE + M.d0Entry) bus.eject({ slot: 0x20 });
        },
      },
    },
  });
  assert.ok(rig.probe().ok);
  assert.is(types(rig).filter((type) => type === M.ejectionComplete).length, 1);
  assert.equal([...rig.driver.buses[0]!.root!.functions.keys()], [0]);
});

removal('VPCI-71: an ejection waits until the bus is up', () => {
  const rig = new VpciRig({
    functions: [{}, { func: 1 }],
    bus: {
      knobs: {
        faults: [{ type: BASE + M.d0Entry, fault: { kind: 'delay', us: 5000 } }],
        before: ({ type }, bus) => {
          if (type === BASE + M.d0Entry) bus.eject({ slot: 0x20 });
        },
      },
    },
  });
  assert.ok(rig.probe().ok);
  assert.ok(types(rig).indexOf(M.ejectionComplete) > types(rig).lastIndexOf(M.assigned2));
  assert.is(rig.functionDriver.removed, 1);
});

removal('VPCI-18 VPCI-70: an ejection of a function whose relations are in work is answered behind them', () => {
  const rig = new VpciRig({
    functions: [{}, { func: 1 }],
    bus: {
      knobs: {
        after: ({ type }, bus) => {
          if (type === BASE + M.queryRelations) bus.eject({ slot: 0x20 });
        },
      },
    },
  });
  assert.ok(rig.probe().ok);
  assert.is(types(rig).filter((type) => type === M.ejectionComplete).length, 1);
});

removal('LDID-25: the prefix is there until the last driver has gone', () => {
  const rig = probed();
  const looked: unknown[] = [];
  const { core } = rig;
  const { removeBus } = core;
  core.removeBus = function* (bus) {
    yield* removeBus.call(core, bus);
    looked.push(rig.ids.deviceId(0x37a9, 1), rig.domains.isTaken(0x37a9));
  };
  rig.run(rig.driver.remove(rig.channel));
  assert.equal(looked, [{ ok: true, value: 0x37a94e01n }, true]);
  assert.is(rig.ids.size, 0);
  assert.not.ok(rig.domains.isTaken(0x37a9));
});

removal('VPCI-84: probed and removed a hundred times, nothing adds up', () => {
  const rig = new VpciRig({ functions: [{}, { func: 1 }], messages: 2 });
  for (let i = 0; i < 100; i++) {
    assert.ok(rig.run(rig.driver.probe(rig.channel)).ok);
    rig.run(rig.driver.remove(rig.channel));
    assert.equal(leaksOf(rig), []);
  }
});

removal('VPCI-115: memory of a device without an IOMMU is guest memory as it is', () => {
  const rig = probed();
  assert.is(rig.driver.buses[0]!.settings.machine.memory, rig.port.memory);
});

removal.run();
