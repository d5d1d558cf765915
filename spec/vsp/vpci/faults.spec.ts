import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import type { VpciFault } from '../../../src/vsp/vpci/fault.js';
import { BusRig, message, OK, V1_4, WINDOW } from './bus-rig.js';

const REQUIREMENTS = 0x42490005;
const D0_ENTRY = 0x42490007;
const FULL = `${OK}04c0ffffffffffff${'00'.repeat(16)}`;

const faults = suite('vPCI faults of the host');

interface Row {
  readonly fault: VpciFault;
  /** Transaction id (0 for the one asked with) and payload of what comes at once. */
  readonly answers: readonly [bigint, string][];
}

const ROWS: readonly Row[] = [
  { fault: { kind: 'refuse', status: 0xc0000001 }, answers: [[0n, '010000c0']] },
  { fault: { kind: 'lose' }, answers: [] },
  { fault: { kind: 'silent' }, answers: [] },
  {
    fault: { kind: 'twice' },
    answers: [
      [0n, FULL],
      [0n, FULL],
    ],
  },
  { fault: { kind: 'transaction', id: 77n }, answers: [[77n, FULL]] },
  { fault: { kind: 'short', bytes: 3 }, answers: [[0n, '000000']] },
  { fault: { kind: 'junk', payload: Uint8Array.of(1, 2) }, answers: [[0n, '0102']] },
];

for (const { fault, answers } of ROWS)
  faults(`VPCI-123 ${fault.kind}, once`, () => {
    const rig = BusRig.started({ knobs: { faults: [{ type: REQUIREMENTS, fault }] } });
    const got = rig.send(message(0x05, 0)).map(({ transactionId, payload }) => [transactionId, bytesToHex(payload)]);
    assert.equal(
      got,
      answers.map(([id, payload]) => [id === 0n ? 103n : id, payload]),
    );
    assert.is(rig.ask(message(0x05, 0)), FULL);
    assert.equal(
      rig.bus.record.of('fault').map(({ kind }) => kind),
      [fault.kind],
    );
  });

faults('VPCI-123 an answer comes late, and what follows is answered first', () => {
  const fault = { kind: 'delay', us: 250 } as const;
  const rig = BusRig.started({ knobs: { faults: [{ type: REQUIREMENTS, fault }] } });
  assert.equal(rig.send(message(0x05, 0)), []);
  assert.ok(rig.ask(message(0x04, 0, 1)).startsWith(OK));
  rig.host.queue.advance(249);
  assert.equal(rig.channel.take(), []);
  rig.host.queue.advance(1);
  assert.equal(
    rig.channel.take().map(({ transactionId }) => transactionId),
    [103n],
  );
});

faults('VPCI-123 a late answer dies with the channel', () => {
  const rig = BusRig.started({ knobs: { faults: [{ fault: { kind: 'delay', us: 10 }, type: REQUIREMENTS }] } });
  rig.send(message(0x05, 0));
  rig.bus.closed();
  assert.is(rig.bus.opened(rig.channel, new Uint8Array(120)), 0);
  assert.ok(rig.host.queue.drain());
  assert.equal(rig.channel.take(), []);
});

faults('VPCI-123 a refused or lost request has no effect, a silent one has', () => {
  for (const [fault, state] of [
    [{ kind: 'refuse', status: 0xc0000184 }, 'version-agreed'],
    [{ kind: 'lose' }, 'version-agreed'],
    [{ kind: 'silent' }, 'd0'],
  ] as const) {
    const rig = BusRig.started({ knobs: { faults: [{ type: D0_ENTRY, fault }] } }, V1_4, false);
    rig.send(message(0x07, 0, BigInt(WINDOW)));
    assert.is(rig.bus.state, state, fault.kind);
  }
});

faults('VPCI-123 by slot, after some, for some', () => {
  const fault = { kind: 'lose' } as const;
  const rig = BusRig.started({ devices: [{}, { func: 1 }] });
  rig.bus.addFault({ type: REQUIREMENTS, slot: 0x20, after: 1, times: 2, fault });
  const heard = [0x20, 0, 0x20, 0, 0x20, 0x20].map((slot) => rig.send(message(0x05, slot)).length);
  assert.equal(heard, [1, 1, 0, 1, 0, 1]);
});

faults('VPCI-18 VPCI-123 an ejection at step k', () => {
  for (let k = 1; k < 4; k++) {
    const rig = new BusRig({
      knobs: { before: ({ step }, bus) => step === k && bus.eject({ slot: 0 }) },
    });
    for (const request of [message(0x13, V1_4), message(0x01), message(0x05, 0), message(0x07, 0, BigInt(WINDOW))])
      rig.channel.request(request, 5n);
    rig.bus.signaled();
    assert.is(rig.bus.state, 'ejecting', `step ${k}`);
    const types = rig.channel.take().filter(({ kind }) => kind === 'in-band');
    assert.ok(types.some(({ payload }) => bytesToHex(payload).startsWith('0b004942')));
  }
});

faults('VPCI-123 other functions at step k', () => {
  const seen: string[] = [];
  const rig = BusRig.started({
    knobs: {
      before: ({ name }) => seen.push(name),
      after: ({ name }, bus) => name === 'PCI_QUERY_RESOURCE_REQUIREMENTS' && bus.changeRelations([]),
    },
  });
  const packets = rig.send(message(0x05, 0));
  assert.equal(
    packets.map(({ kind }) => kind),
    ['completion', 'in-band'],
  );
  assert.ok(seen.includes('PCI_QUERY_RESOURCE_REQUIREMENTS'));
  assert.equal(rig.bus.slots, []);
});

faults.run();

const flow = suite('vPCI flow of packets');

flow('answers wait for room, and requests for the answers', () => {
  const rig = BusRig.started();
  rig.channel.room = 1;
  for (let i = 0; i < 4; i++) rig.channel.request(message(0x05, 0), BigInt(i + 1));
  rig.bus.signaled();
  assert.equal(
    rig.channel.take().map(({ transactionId }) => transactionId),
    [1n],
  );
  assert.ok(rig.channel.paused);
  rig.bus.signaled();
  assert.is(rig.bus.record.of('request').length, 4, 'version, D0 and two');
  rig.channel.free(2);
  assert.equal(
    rig.channel.take().map(({ transactionId }) => transactionId),
    [2n, 3n],
  );
  rig.channel.free(Number.POSITIVE_INFINITY);
  assert.equal(
    rig.channel.take().map(({ transactionId }) => transactionId),
    [4n],
  );
  assert.not.ok(rig.channel.paused);
});

flow('a packet larger than any buffer yet', () => {
  const rig = BusRig.started();
  const request = new Uint8Array(39656);
  request.set(message(0x05, 0));
  assert.is(rig.ask(request), FULL);
  const larger = new Uint8Array(39664);
  larger.set(message(0x05, 0));
  assert.is(rig.ask(larger), '0b0900c0');
});

flow('a guest that sends without end does not keep the host busy', () => {
  const rig = BusRig.started();
  for (let i = 0; i < 200; i++) rig.channel.request(message(0x05, 0), 1n);
  rig.bus.signaled();
  assert.is(rig.channel.take().length, 64);
  rig.host.queue.drain();
  assert.is(rig.channel.take().length, 136);
});

flow('the record has an end', () => {
  const rig = BusRig.started({ recordLimit: 10 });
  for (let i = 0; i < 20; i++) rig.ask(message(0x05, 0));
  assert.is(rig.bus.record.entries.length, 10);
  assert.ok(rig.bus.record.dropped > 30);
});

flow.run();
