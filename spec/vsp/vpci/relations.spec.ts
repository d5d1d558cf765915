import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { NvmeDevice } from '../../../src/vsp/pci/nvme-device.js';
import { readProjectText } from '../../support/project.js';
import { BusRig, message, OK, V1_1, V1_2, V1_3, V1_4, WINDOW } from './bus-rig.js';
import { HostRig } from './host-rig.js';

const relations = suite('vPCI bus relations');

const FUNCTION = '141411b10102080114140100';
const FIRST = `00004942010000${'00'}${FUNCTION}0000000000100000`;
const SECOND = `19004942010000${'00'}${FUNCTION}00000000001000000000000000000000`;

for (const [version, wanted] of [
  [V1_1, FIRST],
  [V1_2, FIRST],
  [V1_3, SECOND],
  [V1_4, SECOND],
] as const)
  relations(`VPCI-20 the form of version 0x${version.toString(16)}`, () => {
    const rig = BusRig.started({}, version, false);
    assert.equal(rig.tell(message(0x01)), [wanted]);
  });

relations('a completion that is asked for comes behind the packet, empty', () => {
  const rig = BusRig.started({}, V1_4, false);
  const packets = rig.send(message(0x01));
  assert.equal(
    packets.map(({ kind }) => kind),
    ['in-band', 'completion'],
  );
  assert.is(packets[1]!.payload.length, 0);
});

relations('VPCI-05 VPCI-114 slots ascend, nodes are named where there are some', () => {
  const devices = [{ func: 1, numaNode: 3 }, { dev: 2, func: 7, serial: 9 }, {}];
  const rig = BusRig.started({ devices }, V1_4, false);
  const [packet] = rig.tell(message(0x01));
  assert.is(
    packet,
    `1900494203000000${FUNCTION}00000000001000000000000000000000${FUNCTION}20000000011000000100000003000000${FUNCTION}e2000000090000000000000000000000`,
  );
});

relations('VPCI-13 D0 may be entered first: the functions come unasked, in front of the answer', () => {
  const rig = BusRig.started({}, V1_4, false);
  const packets = rig.send(message(0x07, 0, BigInt(WINDOW)));
  assert.equal(
    packets.map(({ kind, payload }) => [kind, bytesToHex(payload)]),
    [
      ['in-band', SECOND],
      ['completion', OK],
    ],
  );
});

relations('VPCI-13 asked for before D0 they come once', () => {
  const rig = BusRig.started({}, V1_4, false);
  rig.tell(message(0x01));
  assert.equal(
    rig.send(message(0x07, 0, BigInt(WINDOW))).map(({ kind }) => kind),
    ['completion'],
  );
});

for (const [when, told, count] of [
  ['always', true, 1],
  ['never', false, 0],
] as const)
  relations(`VPCI-123 at D0 ${when}`, () => {
    const rig = BusRig.started({ knobs: { relationsAtD0: when } }, V1_4, false);
    if (told) rig.tell(message(0x01));
    const packets = rig.send(message(0x07, 0, BigInt(WINDOW)));
    assert.is(packets.filter(({ kind }) => kind === 'in-band').length, count);
  });

relations('VPCI-21 VPCI-123 the host changes them: those that stay keep what they have', () => {
  const rig = BusRig.started({ devices: [{}, { func: 1 }] });
  rig.writeConfig(0, 0x3c, 1, 0x5a);
  const more = { dev: 0, func: 2, serial: 7, device: new NvmeDevice({ port: rig.host }) };
  assert.ok(rig.bus.changeRelations([rig.functions[0]!, more]));
  const [packet] = rig.channel.take();
  assert.is(bytesToHex(packet!.payload).slice(0, 16), '1900494202000000');
  assert.equal(rig.bus.slots, [0, 0x40]);
  assert.is(rig.readConfig(0, 0x3c, 1), 0x5a);
  assert.is(rig.readConfig(0x20, 0, 4), 0xffffffff);
  assert.is(rig.readConfig(0x40, 0, 4), 0xb1111414);
});

relations('before a version is agreed on a change is told later', () => {
  const rig = new BusRig();
  assert.ok(rig.bus.changeRelations([]));
  assert.equal(rig.channel.take(), []);
  rig.ask(message(0x13, V1_4));
  assert.equal(rig.tell(message(0x01)), ['1900494200000000']);
});

relations('two functions of one slot are a mistake of the caller', () => {
  assert.throws(() => new BusRig({ devices: [{}, {}] }), /slot 0/);
  assert.throws(() => new BusRig({ devices: [{ dev: 32 }] }), /device 32/);
});

relations('as OpenVMM prints its own', () => {
  const { messages } = JSON.parse(readProjectText('fixtures', 'vectors', 'vpci-messages.json')) as {
    messages: { msg: string; hex: string }[];
  };
  const wanted = messages.find(({ msg }) => msg === 'BusRelations')!.hex;
  const host = new HostRig();
  const device = new NvmeDevice({ port: host, identity: { subsystemId: 0x22221111 } });
  const rig = BusRig.started({ rig: host, devices: [{ dev: 1, func: 2, serial: 0x1234, device }] }, V1_2, false);
  assert.equal(rig.tell(message(0x01)), [wanted]);
});

relations.run();
