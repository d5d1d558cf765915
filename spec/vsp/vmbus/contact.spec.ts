import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vmbusVersions } from '../../../src/abi/vmbus/protocol.js';
import { EchoDevice } from './echo-device.js';
import { type ContactOptions, TestGuest } from './test-guest.js';

const contact = suite('VMBus server: agreeing on a version');
const UNSUPPORTED = 'VERSION_RESPONSE version_supported=0 connection_state=0 msg_conn_id=0';

function yes(version: number, rest = ''): string {
  const id = version >= 0x50000 ? '1' : version > 9 ? `0x${version.toString(16)}` : String(version);
  const features = version >= 0x60000 && rest === '' ? ' supported_features=0' : rest;
  return `VERSION_RESPONSE version_supported=1 connection_state=0 msg_conn_id=${id}${features}`;
}

for (const { version, openvmm } of vmbusVersions)
  contact(`${openvmm} is taken, and refused by a host that ends before it`, () => {
    const page = version < 0x50000 ? { interruptPage: 0n } : {};
    const guest = new TestGuest();
    guest.contact(version, page);
    assert.equal(guest.hear(), [yes(version)]);
    assert.is(guest.server.connection?.version, version);
    const older = new TestGuest({ maxVersion: version - 1 });
    older.contact(version, page);
    assert.equal(older.hear(), [UNSUPPORTED]);
    assert.is(older.server.connection, undefined);
  });

const ASKED: {
  name: string;
  version: number;
  ask: ContactOptions;
  hears: string[];
  drops?: string[];
}[] = [
  { name: 'a number between two versions', version: 0x50004, ask: {}, hears: [UNSUPPORTED] },
  { name: 'a version after the last', version: 0x70000, ask: {}, hears: [UNSUPPORTED] },
  { name: 'version 0', version: 0, ask: { interruptPage: 0n }, hears: [UNSUPPORTED] },
  { name: 'a VP from 3.0 on', version: 0x30000, ask: { vp: 1, interruptPage: 0n }, hears: [`${yes(0x30000)} @1.2`] },
  { name: 'no VP before 3.0', version: 0x20004, ask: { vp: 1, interruptPage: 0n }, hears: [yes(0x20004)] },
  { name: 'a VP that is not there', version: 0x50003, ask: { vp: 9 }, hears: [] },
  { name: 'another SINT on connection 4', version: 0x50000, ask: { sint: 5 }, hears: [`${UNSUPPORTED} @0.5`] },
  { name: 'another SINT at another VP', version: 0x50003, ask: { sint: 7, vp: 1 }, hears: [`${UNSUPPORTED} @1.7`] },
  { name: 'a SINT that is none', version: 0x50003, ask: { sint: 200 }, hears: [] },
  {
    name: 'another SINT in a version that nobody knows',
    version: 0x70000,
    ask: { sint: 5 },
    hears: [`${UNSUPPORTED} @0.5`],
  },
  { name: 'a SINT before 5.0 is none', version: 0x40001, ask: { sint: 5 }, hears: [yes(0x40001)] },
  { name: 'a SINT on connection 1 is none', version: 0x50003, ask: { sint: 5, connection: 1 }, hears: [yes(0x50003)] },
  { name: 'another VTL', version: 0x50001, ask: { vtl: 2 }, hears: [], drops: ['14 vtl'] },
  { name: 'a VTL before 5.1 is none', version: 0x50000, ask: { vtl: 2 }, hears: [yes(0x50000)] },
  { name: 'a VTL on connection 1 is none', version: 0x50003, ask: { vtl: 2, connection: 1 }, hears: [yes(0x50003)] },
  { name: 'features before 6.0', version: 0x50003, ask: { features: 0xff }, hears: [yes(0x50003)] },
  {
    name: 'features of 6.0 that nobody knows',
    version: 0x60000,
    ask: { features: 0xffffff00 },
    hears: [yes(0x60000)],
  },
  {
    name: 'features of 6.0',
    version: 0x60000,
    ask: { features: 0x25 },
    hears: [yes(0x60000, ' supported_features=0x25')],
  },
  {
    name: 'all features, with a client id',
    version: 0x60000,
    ask: { features: 0xffffffff, clientId: true },
    hears: [yes(0x60000, ' supported_features=0x2d')],
  },
  {
    name: 'the client id feature without a client id',
    version: 0x60000,
    ask: { features: 0x8 },
    hears: [],
    drops: ['14 client-id'],
  },
  {
    name: 'a client id without the feature',
    version: 0x60000,
    ask: { features: 0x4, clientId: true },
    hears: [yes(0x60000, ' supported_features=4')],
  },
  {
    name: 'two monitor pages',
    version: 0x50003,
    ask: { monitorPages: [0x1000n, 0x2000n] },
    hears: [yes(0x50003)],
  },
  {
    name: 'one monitor page',
    version: 0x50003,
    ask: { monitorPages: [0x1000n, 0n] },
    hears: ['VERSION_RESPONSE version_supported=1 connection_state=2 msg_conn_id=1'],
  },
  {
    name: 'the other monitor page alone, 6.0',
    version: 0x60000,
    ask: { monitorPages: [0n, 0x1000n], features: 0x4 },
    hears: ['VERSION_RESPONSE version_supported=1 connection_state=2 msg_conn_id=1 supported_features=0'],
  },
  {
    name: 'one monitor page before 2.4',
    version: 0x10001,
    ask: { monitorPages: [0x1000n, 0n], interruptPage: 0n },
    hears: [UNSUPPORTED],
  },
  { name: 'an interrupt page, 0.13', version: 0xd, ask: { interruptPage: 0x3000n }, hears: [yes(0xd)] },
  { name: 'an unaligned interrupt page', version: 0x10001, ask: { interruptPage: 0x3008n }, hears: [UNSUPPORTED] },
  {
    name: 'an interrupt page outside of memory',
    version: 0x10001,
    ask: { interruptPage: 0xfffffffffffff000n },
    hears: [UNSUPPORTED],
  },
  { name: 'an unaligned page from 2.4 on', version: 0x20004, ask: { interruptPage: 0x3008n }, hears: [yes(0x20004)] },
];

for (const { name, version, ask, hears, drops } of ASKED)
  contact(name, () => {
    const guest = new TestGuest();
    guest.contact(version, ask);
    assert.equal(guest.hear(), hears);
    assert.equal(guest.drops(), drops ?? []);
  });

contact('the interrupt page counts before 2.4 only', () => {
  for (const [version, page] of [
    [0xd, 0x3000],
    [0x10001, 0x3000],
    [0x20004, undefined],
    [0x40001, undefined],
  ] as const) {
    const guest = new TestGuest();
    guest.contact(version, { interruptPage: 0x3000n });
    assert.is(guest.server.connection?.interruptPage, page, `0x${version.toString(16)}`);
  }
});

contact('the version response names the connection that the host wants', () => {
  const guest = new TestGuest({ messageConnection: 0x4001 });
  guest.contact(0x50003);
  assert.equal(guest.hear(), ['VERSION_RESPONSE version_supported=1 connection_state=0 msg_conn_id=0x4001']);
  guest.plain(3, 0x4001);
  assert.equal(guest.hear(), ['ALLOFFERS_DELIVERED']);
});

contact('monitor pages of the host are named to a guest that can take them', () => {
  const guest = new TestGuest({ serverMonitorPages: { parentToChild: 0x6000, childToParent: 0x7000 } });
  guest.contact(0x60000, { features: 0x40 });
  assert.equal(guest.hear(), [
    yes(
      0x60000,
      ' supported_features=0x40 parent_to_child_monitor_page_gpa=24576 child_to_parent_monitor_page_gpa=28672',
    ),
  ]);
  guest.contact(0x60000, { features: 0x4 });
  assert.equal(guest.hear(), [yes(0x60000, ' supported_features=4')]);
});

contact('confidential channels are agreed on over a trusted connection only', () => {
  for (const [trusted, granted] of [
    [true, '0x10'],
    [false, '0'],
  ] as const) {
    const guest = new TestGuest({ trusted });
    guest.contact(0x60000, { features: 0x10 });
    assert.equal(guest.hear(), [yes(0x60000, ` supported_features=${granted}`)]);
  }
});

contact('Linux 7.2: 6.0 is refused, 5.3 is taken, as its first two requests go', () => {
  const guest = new TestGuest({ maxVersion: 0x50003 });
  guest.contact(0x60000, { features: 0x10 });
  guest.contact(0x50003);
  assert.equal(guest.hear(), [UNSUPPORTED, yes(0x50003)]);
});

contact('a new kernel that says nothing of the old one: everything is closed, and no unload response comes', () => {
  const guest = new TestGuest();
  const device = new EchoDevice();
  guest.server.offer(device);
  guest.connect();
  guest.openRings(1, 16);
  guest.forget();
  guest.contact(0x40000, { interruptPage: 0n });
  assert.equal(guest.hear(), [yes(0x40000)]);
  assert.is(device.read().at(-1), 'closed');
  assert.equal(guest.server.channels, [
    { relid: 1, state: 'closed', offered: false, reserved: false, gpadls: [], targetVp: undefined, isBroken: false },
  ]);
  guest.plain(3);
  assert.is(guest.hear().length, 2, 'it is offered again');
  // The same id and pages again: nothing is left of the old GPADL.
  guest.openRings(1, 16);
  assert.equal(guest.hear(), [
    'GPADL_CREATED child_relid=1 gpadl=0x10 creation_status=0',
    'OPENCHANNEL_RESULT child_relid=1 openid=0x101 status=0',
  ]);
});

contact('a refused version ends the connection that there was', () => {
  const guest = new TestGuest();
  const device = new EchoDevice();
  guest.server.offer(device);
  guest.connect();
  guest.openRings(1, 16);
  guest.contact(0x70000);
  assert.is(guest.server.connection, undefined);
  assert.is(device.read().at(-1), 'closed');
});

contact('a request for another SINT or VTL leaves the connection alone', () => {
  const guest = new TestGuest();
  guest.connect();
  guest.contact(0x50003, { sint: 5 });
  guest.contact(0x50003, { vtl: 2 });
  assert.is(guest.server.connection?.version, 0x50003);
});

contact('a message of another SynIC type is none of the bus', () => {
  const guest = new TestGuest();
  const bytes = new Uint8Array(40);
  bytes[0] = 14;
  guest.port.post(1, bytes, 0, 0x80000010);
  guest.port.queue.advance(0);
  assert.equal(guest.hear(), []);
  assert.equal(guest.drops(), [`${0x80000010} message-type`]);
});

contact('COM-07: what is dropped is logged with a code and what it is about', () => {
  const guest = new TestGuest();
  guest.plain(3);
  assert.equal(guest.log, [{ level: 'warn', code: 'vmbus-message-dropped', fields: { type: 3, why: 'Invalid' } }]);
});

contact('a guest that posts faster than the host takes is told to try again, and nothing is lost', () => {
  const guest = new TestGuest();
  guest.contact(0x50003);
  guest.forget();
  const statuses = Array.from({ length: 66 }, () => guest.port.post(1, Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0)));
  assert.equal(statuses.slice(62), [0, 0, 0x13, 0x13]);
  guest.port.queue.drain();
  assert.equal(guest.hear(), ['ALLOFFERS_DELIVERED']);
  assert.is(guest.drops().length, 63);
  assert.is(guest.post(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0)), 0);
});

contact.run();
