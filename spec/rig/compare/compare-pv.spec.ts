import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/event.js';
import type { PvIommuOptions } from '../../../src/guest/pv-iommu/start.js';
import { comparePvDriver } from '../../../src/rig/compare/compare-pv.js';
import { guestRecording, lineOf } from './recordings.js';

const events = guestRecording();

function comparePvSession(recorded: readonly Event[], options: PvIommuOptions = {}) {
  const found = comparePvDriver(recorded, options);
  return { ...found, differences: found.differences.map(lineOf) };
}

const codeOf = ({ control = '0x0' }: Event): string => (BigInt(String(control)) & 0xffffn).toString(16);

/** The recording as it would be of another host. */
function changed(code: string, change: (event: Event) => readonly Event[]): Event[] {
  return events.flatMap((event) => (codeOf(event) === code ? change(event) : [event]));
}

const others = suite('pvIOMMU: sessions of other drivers and hosts');

others('the recorded one: all 76 calls', () => {
  const { calls, same, differences } = comparePvSession(events);
  assert.equal(differences, []);
  assert.equal([calls, same], [76, 76]);
});

others('PVI-36: a host that refuses lists: each is followed by a flush of the domain', () => {
  const refused = changed('d1', (event) => [
    { ...event, result: '0x5' },
    {
      n: event.n,
      k: 'hypercall',
      control: '0xd0',
      in: `${String(event.in).slice(0, 48)}${'0'.repeat(16)}`,
      result: '0x0',
    },
  ]);
  const { calls, differences } = comparePvSession(refused);
  assert.equal(differences, []);
  assert.is(calls, 76 + 44);
});

others('PVI-05, PVI-21: a host with 57 bits: domains are configured with 5 levels', () => {
  const wide = changed('125', (event) => [
    { ...event, out: String(event.out).replace(/^180000000000300005/, '18000000000039000d') },
  ]);
  assert.ok(comparePvSession(wide).differences.some((line) => line.startsWith('+ ce')));
  const five = wide.map((event) =>
    codeOf(event) === 'ce'
      ? { ...event, in: String(event.in).replace(/^(.{48})01(00{7}.*[1-9a-f])/, '$105$2') }
      : event,
  );
  assert.equal(comparePvSession(five).differences, []);
});

others('PVI-04: a host with pages of 4 KiB alone: the same calls', () => {
  const small = changed('125', (event) => [
    { ...event, out: String(event.out).replace('0010204000000000', '0010000000000000') },
  ]);
  assert.not.equal(small, events);
  assert.equal(comparePvSession(small).differences, []);
});

others('PVI-25, PVI-32: the first version is told by its detaches and by lists that cover a range and no more', () => {
  const detaching = comparePvSession(events, { detachFirst: true }).differences;
  assert.is(detaching.filter((line) => line.startsWith('+ c4 ')).length, 6);
  const { differences } = comparePvSession(events, { flush: 'exact' });
  assert.ok(differences.some((line) => line.startsWith('+ 7000000d1 ')));
  assert.ok(differences.every((line) => /^[+-] (#\d+ )?\w+000000d1 /.test(line)));
});

others.run();
