import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import type { NvmeDevice } from '../../../src/vsp/pci/nvme-device.js';
import { EJECT_BUDGET_US } from '../../../src/vsp/vpci/ejection.js';
import { BAD_DATA, BusRig, message, OK, padded, WINDOW } from './bus-rig.js';
import { HostRig } from './host-rig.js';

const ejection = suite('vPCI ejection');

for (const length of [8, 12, 16])
  ejection(`VPCI-71 VPCI-73 the last function: answered by ${length} bytes, and the offer goes at once`, () => {
    const rig = BusRig.started();
    assert.ok(rig.bus.eject({ slot: 0 }));
    assert.equal(
      rig.channel.take().map(({ payload }) => bytesToHex(payload)),
      ['0b00494200000000'],
    );
    assert.is(rig.bus.state, 'ejecting');
    assert.equal(rig.rescinds, []);
    assert.equal(rig.tell(padded(message(0x0f, 0), length)), []);
    assert.equal(rig.rescinds, [false]);
    assert.is(rig.bus.state, 'rescinded');
    assert.equal(rig.bus.leaks(), { interrupts: 0, windows: 0, undeleted: 0 });
    assert.equal(rig.bus.record.of('ejected'), [{ what: 'ejected', slot: 0, status: 0 }]);
    assert.ok(rig.host.queue.drain(), 'no time runs on');
    assert.equal(rig.rescinds, [false]);
  });

ejection('VPCI-73 no answer within 60 s: the offer goes with the device in use', () => {
  const rig = BusRig.started();
  rig.bus.eject({ slot: 0 });
  rig.host.queue.advance(EJECT_BUDGET_US - 1);
  assert.equal(rig.rescinds, []);
  rig.host.queue.advance(1);
  assert.equal(rig.rescinds, [true]);
  assert.is(rig.host.mapped.size, 0);
  assert.is(rig.bus.record.of('eject-timeout').length, 1);
});

ejection('VPCI-123 one of two functions: the bus stays, and it may come back', () => {
  const rig = BusRig.started({ devices: [{}, { func: 1 }] });
  assert.ok(rig.bus.eject({ serial: 0x1001 }));
  assert.is(rig.ask(message(0x0f, 0x20)), OK);
  assert.equal(rig.bus.slots, [0]);
  assert.equal(rig.rescinds, []);
  assert.is(rig.readConfig(0x20, 0, 2), 0xffff);
  assert.ok(rig.bus.changeRelations(rig.functions));
  assert.is(rig.readConfig(0x20, 0, 2), 0x1414);
});

ejection('VPCI-70 twice for the same function: two messages, one time, one end', () => {
  const rig = BusRig.started();
  rig.bus.eject({ slot: 0 });
  rig.host.queue.advance(EJECT_BUDGET_US / 2);
  rig.bus.eject({ slot: 0 });
  assert.is(rig.channel.take().length, 2);
  rig.host.queue.advance(EJECT_BUDGET_US / 2);
  assert.equal(rig.rescinds, [true]);
});

ejection('VPCI-120 an answer that nobody waits for', () => {
  const rig = BusRig.started();
  assert.is(rig.ask(message(0x0f, 0)), BAD_DATA);
  assert.is(rig.ask(message(0x0f, 9)), BAD_DATA);
  rig.bus.eject({ slot: 0 });
  rig.ask(message(0x0f, 0));
  assert.equal(rig.send(message(0x0f, 0)), []);
});

ejection('VPCI-70 VPCI-18 nobody to ask', () => {
  const rig = new BusRig();
  assert.is(rig.bus.eject({ slot: 0 }), false);
  rig.ask(message(0x13, 0x10004));
  assert.is(rig.bus.eject({ slot: 1 }), false);
  assert.is(rig.bus.eject({ serial: 5 }), false);
});

ejection('VPCI-73 the channel is closed before the answer: the time goes on, and the offer goes at its end', () => {
  const rig = BusRig.started();
  rig.bus.eject({ slot: 0 });
  rig.host.queue.advance(EJECT_BUDGET_US / 2);
  rig.bus.closed();
  rig.host.queue.advance(EJECT_BUDGET_US / 2 - 1);
  assert.equal(rig.rescinds, []);
  rig.host.queue.advance(1);
  assert.equal(rig.rescinds, [true]);
  assert.is(rig.bus.state, 'rescinded');
});

ejection('VPCI-20 VPCI-70 VPCI-73 a guest that comes back is asked again, once, when it knows the functions', () => {
  const rig = BusRig.started({ devices: [{}, { func: 1 }] });
  rig.bus.eject({ slot: 0x20 });
  rig.host.queue.advance(EJECT_BUDGET_US / 2);
  rig.bus.closed();
  rig.channel.take();
  assert.is(rig.bus.opened(rig.channel, new Uint8Array(120)), 0);
  const asked = () => rig.channel.take().map(({ payload }) => bytesToHex(payload));
  rig.ask(message(0x13, 0x10004));
  assert.equal(asked(), []);
  assert.is(rig.bus.state, 'ejecting');
  assert.is(rig.tell(message(0x01)).length, 1, 'the relations alone');
  const entry = rig.send(message(0x07, 0, BigInt(WINDOW)));
  assert.equal(
    entry.map(({ payload }) => bytesToHex(payload)),
    [OK, '0b00494220000000'],
  );
  rig.ask(message(0x0f, 0x20));
  assert.equal(rig.bus.slots, [0]);
  assert.equal(asked(), []);
  assert.ok(rig.host.queue.drain(), 'no time runs on');
  assert.equal(rig.rescinds, []);
});

ejection('VPCI-73 an ejection is forgotten with its offer: one that is made again may stay', () => {
  const rig = BusRig.started();
  rig.bus.eject({ slot: 0 });
  rig.bus.closed();
  rig.bus.withdraw();
  assert.ok(rig.host.queue.drain(), 'no time runs on');
  assert.is(rig.bus.opened(rig.channel, new Uint8Array(120)), 0);
  rig.channel.take();
  rig.ask(message(0x13, 0x10004));
  rig.tell(message(0x01));
  assert.is(rig.send(message(0x07, 0, BigInt(WINDOW))).length, 1);
  assert.is(rig.ask(message(0x0f, 0)), BAD_DATA, 'nobody waits for that');
  assert.equal(rig.rescinds, []);
});

ejection('VPCI-121 interrupts of an ejected function are taken back', () => {
  const rig = BusRig.started({ devices: [{}, { func: 1 }] });
  const create = message(0x14, 0x20, 0x10041, 0, 1n);
  assert.ok(rig.ask(create).startsWith(OK));
  rig.bus.eject({ slot: 0x20 });
  rig.ask(message(0x0f, 0x20));
  assert.equal(rig.bus.leaks(), { interrupts: 0, windows: 1, undeleted: 1 });
});

ejection.run();

const ids = suite('logical device ids of open buses');

const other = '00000000-1234-5678-ffff-ffffffffffff';

ids('LDID-26 two open buses never have a function of one id and slot', () => {
  const host = new HostRig();
  const a = new BusRig({ rig: host });
  const b = new BusRig({ rig: host, instanceId: '00000000-1234-567f-0000-000000000000', devices: [{ func: 1 }] });
  b.bus.closed();
  assert.is(b.bus.changeRelations(a.functions), true, 'closed: nothing is attached');
  assert.is(b.bus.opened(b.channel, new Uint8Array(120)), 0xc0000035);
  a.bus.closed();
  assert.is(b.bus.opened(b.channel, new Uint8Array(120)), 0);
});

ids('LDID-26 nor by a change of relations', () => {
  const host = new HostRig();
  const a = new BusRig({ rig: host });
  const b = new BusRig({ rig: host, instanceId: other, devices: [{ func: 1 }] });
  assert.is(b.bus.changeRelations(a.functions), false);
  assert.equal(b.bus.slots, [0x20]);
  a.bus.closed();
  assert.is(b.bus.changeRelations(a.functions), true);
  assert.is(a.bus.opened(a.channel, new Uint8Array(120)), 0xc0000035);
});

ids('LDID-26 a change that is refused, or is none, leaves the devices where they are', () => {
  const host = new HostRig();
  const a = new BusRig({ rig: host });
  new BusRig({ rig: host, instanceId: other, devices: [{ dev: 5 }] });
  const [fn] = a.functions;
  const slot = (): number => (fn!.device as NvmeDevice).slot;
  assert.is(a.bus.changeRelations([{ ...fn!, dev: 5 }]), false);
  assert.equal([a.bus.slots, slot()], [[0], 0]);
  assert.throws(
    () =>
      a.bus.changeRelations([
        { ...fn!, dev: 6 },
        { ...fn!, dev: 6 },
      ]),
    /slot 6/,
  );
  assert.throws(
    () =>
      a.bus.changeRelations([
        { ...fn!, dev: 7 },
        { ...fn!, dev: 32 },
      ]),
    /device 32/,
  );
  assert.equal([a.bus.slots, slot()], [[0], 0]);
  assert.ok(a.bus.changeRelations([{ ...fn!, dev: 7 }]));
  assert.equal([a.bus.slots, slot()], [[7], 7]);
});

ids('LDID-26 LDID-46 an ejected function is forgotten: its id may come back as another device', () => {
  const host = new HostRig();
  const a = BusRig.started({ rig: host, devices: [{}, { func: 1 }] });
  a.bus.eject({ slot: 0x20 });
  a.ask(message(0x0f, 0x20));
  const b = new BusRig({ rig: host, instanceId: other, devices: [{ func: 1 }] });
  assert.is(b.bus.state, 'opened');
});

ids('LDID-26 a bus that the host has withdrawn holds none, open or not', () => {
  const host = new HostRig();
  const a = new BusRig({ rig: host });
  a.bus.withdraw();
  const b = new BusRig({ rig: host });
  assert.is(b.bus.state, 'opened');
});

ids('LDID-26 another machine has ids of its own', () => {
  const a = new BusRig();
  const b = new BusRig();
  assert.equal([a.bus.state, b.bus.state], ['opened', 'opened']);
});

ids.run();
