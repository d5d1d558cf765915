import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { leaksOf } from '../../support/vpci-invariants.js';
import { BASE, M, RaceRun } from './race-run.js';

const hostile = suite('guest/vpci against a hostile host');

/** Types that a driver looks at, and some that it does not. */
const TYPES = [0x00, 0x19, 0x0b, 0x12, 0x14, 0x1f, 0xff];

function randomPayload(race: RaceRun): Uint8Array {
  const bytes = Uint8Array.from({ length: race.next(race.next(3) === 0 ? 900 : 60) }, () => race.next(256));
  if (bytes.length >= 8) {
    const view = new DataView(bytes.buffer);
    view.setUint32(0, BASE + TYPES[race.next(TYPES.length)]!, true);
    // A count that fits now and then, a slot that exists now and then.
    if (race.next(2) === 0) view.setUint32(4, race.next(3) === 0 ? 0x20 : Math.floor((bytes.length - 8) / 28), true);
  }
  return bytes;
}

hostile(
  'VPCI-20 VPCI-92 VPCI-93 VPCI-94: packets of chance do what they say or nothing, and nothing is left of them',
  () => {
    for (let seed = 1; seed <= 60; seed++) {
      const race = new RaceRun(seed);
      const rig = race.make({ functions: [{}, { func: 1 }] });
      race.probe();
      for (let i = 0; i < 60; i++)
        race.later(race.next(4000), () => {
          const payload = randomPayload(race);
          if (race.next(3) === 0)
            rig.channel.inject({ kind: 'completion', transactionId: BigInt(race.next(70)), payload });
          else rig.channel.inject({ kind: 'in-band', payload });
        });
      // A wait that a spoiled completion ended, or none did, ends with the channel.
      race.later(400_000, () => rig.rescind());
      race.drain();
      assert.ok(race.outcome !== undefined, `seed ${seed}: the probe does not end`);
      assert.equal(leaksOf(rig), [], `seed ${seed}`);
    }
  },
);

hostile('VPCI-21: relations without end while the host answers nothing are kept once', () => {
  const race = new RaceRun(1);
  const rig = race.make({
    bus: { knobs: { faults: [{ type: BASE + M.requirements, fault: { kind: 'lose' }, times: 9 }] } },
  });
  race.probe();
  rig.queue.advance(1000);
  const relations = new Uint8Array(36);
  new DataView(relations.buffer).setUint32(0, BASE + 0x19, true);
  relations[4] = 1;
  const eject = Uint8Array.of(0x0b, 0, 0x49, 0x42, 9, 0, 0, 0);
  for (let i = 0; i < 1000; i++)
    for (const payload of [relations, eject]) rig.channel.inject({ kind: 'in-band', payload });
  rig.queue.advance(1000);
  const bus = rig.driver.buses[0]!;
  assert.is(bus.relations?.length, 1);
  assert.equal([...bus.lateEjections], [9]);
  rig.rescind();
  race.drain();
  assert.equal(leaksOf(rig), []);
});

hostile.run();
