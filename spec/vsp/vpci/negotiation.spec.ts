import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { BAD_DATA, BusRig, message, OK, V1_1, V1_2, V1_4 } from './bus-rig.js';

const negotiation = suite('vPCI version negotiation');

const REFUSED = '590000c0';

interface Row {
  readonly note: string;
  readonly versions?: readonly number[];
  readonly asked: number;
  readonly reply: string;
}

const ROWS: readonly Row[] = [
  { note: '1.1', asked: 0x10001, reply: `${OK}03000100` },
  { note: '1.2', asked: 0x10002, reply: `${OK}03000100` },
  { note: '1.3', asked: 0x10003, reply: `${OK}03000100` },
  { note: '1.4', asked: 0x10004, reply: `${OK}03000100` },
  { note: 'GE', asked: 0x10005, reply: `${OK}03000100` },
  { note: 'DT', asked: 0x10006, reply: `${OK}03000100` },
  { note: 'Win8', asked: 0x10000, reply: `${REFUSED}03000100` },
  { note: 'unknown', asked: 0x20000, reply: `${REFUSED}03000100` },
  { note: '1.4 of a host of 1.1', versions: [V1_1], asked: 0x10004, reply: `${REFUSED}01000100` },
  { note: '1.4 of a host up to 1.2', versions: [V1_2, V1_1], asked: 0x10004, reply: `${REFUSED}02000100` },
];

for (const { note, versions, asked, reply } of ROWS)
  negotiation(`VPCI-02 VPCI-10 VPCI-123 ${note}`, () => {
    const rig = new BusRig(versions === undefined ? {} : { versions });
    assert.is(rig.ask(message(0x13, asked)), reply);
    assert.is(rig.bus.version, reply.startsWith(OK) ? asked : undefined);
    assert.is(rig.bus.state, reply.startsWith(OK) ? 'version-agreed' : 'opened');
  });

negotiation('VPCI-10 a refused version may be followed by another', () => {
  const rig = new BusRig({ versions: [V1_1] });
  for (const version of [0x10004, 0x10003, 0x10002]) assert.ok(rig.ask(message(0x13, version)).startsWith(REFUSED));
  assert.ok(rig.ask(message(0x13, V1_1)).startsWith(OK));
});

for (const [note, first] of [
  ['another message', message(0x01)],
  ['an empty packet', new Uint8Array(0)],
] as const)
  negotiation(`VPCI-120 ${note} in place of the query ends the channel`, () => {
    const rig = new BusRig();
    assert.equal(rig.send(first), []);
    assert.is(rig.bus.state, 'dead');
    assert.equal(rig.send(message(0x13, V1_4)), []);
  });

negotiation('VPCI-120 the query again, once a version is agreed on, ends the channel', () => {
  const rig = BusRig.started();
  assert.equal(rig.send(message(0x13, V1_4)), []);
  assert.is(rig.bus.state, 'dead');
  assert.equal(rig.tell(message(0x01)), []);
});

negotiation('VPCI-101 closed and opened again it starts from the beginning', () => {
  const rig = BusRig.started();
  rig.bus.closed();
  assert.is(rig.bus.state, 'closed');
  assert.is(rig.bus.opened(rig.channel, new Uint8Array(120)), 0);
  assert.is(rig.bus.state, 'opened');
  assert.ok(rig.ask(message(0x13, V1_4)).startsWith(OK));
});

negotiation('no completion asked for, no answer', () => {
  const rig = new BusRig();
  assert.equal(rig.tell(message(0x13, V1_4)), []);
  assert.is(rig.bus.version, V1_4);
});

negotiation('VPCI-120 packets that are no messages', () => {
  const rig = BusRig.started();
  rig.channel.push({ kind: 'completion', payload: message(0x01), transactionId: 7n });
  rig.channel.push({
    kind: 'gpa-direct',
    ranges: [{ lengthBytes: 8, offsetBytes: 0, pfns: [1n] }],
    payload: message(1),
    transactionId: 8n,
  });
  rig.bus.signaled();
  const answers = rig.channel.take();
  assert.equal(
    answers.map(({ transactionId }) => transactionId),
    [7n, 8n],
  );
  for (const { payload } of answers) assert.is(bytesToHex(payload), BAD_DATA);
  assert.is(rig.bus.record.of('illegal').length, 2);
});

negotiation.run();
