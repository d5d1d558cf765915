import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vmbus_channel_tl_connect_request } from '../../../src/abi/vmbus/channel.js';
import { ModifyConnection, TlConnectRequest2 } from '../../../src/abi/vmbus/openvmm-messages.js';
import { encode } from '../../../src/layout/codec.js';
import { seededChoice, VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { FakeHostPort } from '../../support/fake-host-port.js';
import { EchoDevice } from './echo-device.js';
import { gpadlMessages, rangeWords, TestGuest } from './test-guest.js';

const connection = suite('VMBus server: the connection as a whole');

for (const [version, answer] of [
  [0xd, []],
  [0x10001, ['UNLOAD_RESPONSE']],
  [0x30000, ['UNLOAD_RESPONSE']],
  [0x50003, ['UNLOAD_RESPONSE']],
  [0x60000, ['UNLOAD_RESPONSE']],
] as const)
  connection(`unload in 0x${version.toString(16)} closes everything first`, () => {
    const guest = new TestGuest();
    const devices = [new EchoDevice(0), new EchoDevice(1)];
    for (const device of devices) guest.server.offer(device);
    guest.connect(version);
    guest.openRings(1, 16);
    guest.forget();
    guest.plain(16);
    assert.equal(guest.hear(), answer);
    assert.equal(
      devices.map((device) => device.read()),
      [['opened 1 120 5a', 'signaled', 'closed'], []],
    );
    assert.is(guest.server.connection, undefined);
    assert.equal(guest.port.signalConnections, [2]);
  });

connection('after an unload nothing counts but a new contact', () => {
  const guest = new TestGuest();
  guest.server.offer(new EchoDevice());
  guest.connect();
  guest.plain(16);
  guest.forget();
  // Linux releases its last relid after it has unloaded.
  guest.release(1);
  guest.plain(16);
  guest.plain(3);
  assert.equal([guest.hear(), guest.drops()], [[], ['13 Invalid', '16 Invalid', '3 Invalid']]);
  guest.connect(0x40000);
  guest.openRings(1, 16);
  assert.match(guest.hear()[1]!, /^OPENCHANNEL_RESULT .* status=0$/);
});

connection('unload goes to the VP of the connection', () => {
  const guest = new TestGuest();
  guest.connect(0x50003, { vp: 1 });
  guest.plain(16);
  assert.equal(guest.hear(), ['UNLOAD_RESPONSE @1.2']);
});

connection('pause holds back what the host says, and all but three messages of the guest are errors', () => {
  const guest = new TestGuest();
  const offered = guest.server.offer(new EchoDevice(0));
  guest.connect(0x60000, { features: 0x20 });
  guest.plain(27);
  assert.equal(guest.hear(), ['PAUSE_RESPONSE']);
  offered.rescind();
  guest.server.offer(new EchoDevice(1));
  guest.release(1);
  guest.plain(27);
  guest.plain(3);
  assert.equal(guest.hear(), []);
  assert.equal(guest.drops(), ['13 paused', '27 paused', '3 paused']);
  guest.plain(29);
  const heard = guest.hear();
  assert.is(heard.length, 2);
  assert.is(heard[0], 'RESCIND_CHANNELOFFER child_relid=1');
  assert.match(heard[1]!, /^OFFERCHANNEL .* channel_id=2 /);
  guest.release(1);
  assert.equal(guest.drops(), []);
});

connection('unload ends a pause and is answered; so does a new contact, which forgets what was held back', () => {
  const guest = new TestGuest();
  const offered = guest.server.offer(new EchoDevice(0));
  guest.connect(0x60000, { features: 0x20 });
  guest.plain(27);
  offered.rescind();
  guest.plain(16);
  assert.equal(guest.hear(), ['PAUSE_RESPONSE', 'RESCIND_CHANNELOFFER child_relid=1', 'UNLOAD_RESPONSE']);
  guest.connect(0x60000, { features: 0x20 });
  guest.plain(27);
  guest.server.offer(new EchoDevice(1));
  guest.forget();
  guest.contact(0x50003);
  assert.equal(guest.hear(), ['VERSION_RESPONSE version_supported=1 connection_state=0 msg_conn_id=1']);
  guest.plain(3);
  assert.is(guest.hear().length, 2);
});

connection('pause and resume without the feature are no messages', () => {
  const guest = new TestGuest();
  guest.connect(0x60000);
  guest.plain(27);
  guest.plain(29);
  assert.equal([guest.hear(), guest.drops()], [[], ['27 Invalid', '29 Invalid']]);
});

const MODIFIED: { name: string; pages: [bigint, bigint]; own?: boolean; state: number }[] = [
  { name: 'both pages', pages: [0x6000n, 0x7000n], state: 0 },
  { name: 'no page', pages: [0n, 0n], state: 0 },
  { name: 'one page', pages: [0x6000n, 0n], state: 2 },
  { name: 'the other page', pages: [0n, 0x6000n], state: 2 },
  { name: 'an unaligned page', pages: [0x6000n, 0x7008n], state: 2 },
  { name: 'a page outside of memory', pages: [0x6000n, 0xfffffffffffff000n], state: 2 },
  { name: 'pages where the host gave its own', pages: [0x6000n, 0x7000n], own: true, state: 2 },
];

for (const { name, pages, own = false, state } of MODIFIED)
  connection(`modify connection: ${name}`, () => {
    const server = own ? { serverMonitorPages: { parentToChild: 0x8000, childToParent: 0x9000 } } : {};
    const guest = new TestGuest({ monitorPages: 'serve', ...server });
    guest.connect(0x60000, { features: 0x44 });
    guest.say(ModifyConnection, {
      header: { msgtype: 25 },
      parent_to_child_monitor_page_gpa: pages[0],
      child_to_parent_monitor_page_gpa: pages[1],
    });
    assert.equal(guest.hear(), [`MODIFY_CONNECTION_RESPONSE connection_state=${state}`]);
    const monitor = own ? 0x9000 : state === 0 && pages[1] !== 0n ? Number(pages[1]) : undefined;
    assert.is(guest.server.connection?.monitor?.childToParent, monitor);
  });

connection('modify connection without the feature is no message', () => {
  const guest = new TestGuest();
  guest.connect(0x60000);
  guest.post(new Uint8Array(24).fill(25, 0, 1));
  assert.equal([guest.hear(), guest.drops()], [[], ['25 Invalid']]);
});

connection('nobody listens for sockets: told from 4.1 on', () => {
  const request = encode(vmbus_channel_tl_connect_request, {
    header: { msgtype: 21 },
    guest_endpoint_id: '00000001-facb-11e6-bd58-64006a7986d3',
    host_service_id: '00000002-facb-11e6-bd58-64006a7986d3',
  });
  const long = new Uint8Array(TlConnectRequest2.size);
  long.set(request);
  const refused =
    'TL_CONNECT_RESULT endpoint_id=00000001-facb-11e6-bd58-64006a7986d3 service_id=00000002-facb-11e6-bd58-64006a7986d3 status=-1073741258';
  for (const [version, bytes, hears, drops] of [
    [0x30000, request, [], ['21 Invalid']],
    [0x40000, request, [], []],
    [0x40001, request, [refused], []],
    [0x50002, long, [refused], []],
  ] as const) {
    const guest = new TestGuest();
    guest.connect(version);
    guest.post(bytes);
    assert.equal([guest.hear(), guest.drops()], [hears, drops], version.toString(16));
  }
});

connection('messages of the host’s own kind are dropped in every version, connected or not', () => {
  for (const version of [undefined, 0xd, 0x50003, 0x60000])
    for (const type of [1, 2, 4, 6, 10, 12, 15, 17, 20, 23, 24, 26, 28]) {
      const guest = new TestGuest();
      if (version !== undefined) guest.connect(version, { features: 0x24 });
      const bytes = new Uint8Array(240);
      bytes[0] = type;
      guest.post(bytes);
      assert.equal(guest.hear(), [], `type ${type}`);
      assert.match(guest.drops().join(), new RegExp(`^${type} (WrongDirection|Invalid)$`));
    }
});

connection('COM-06: the order of other work changes nothing of what a guest is told', () => {
  const heard = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const guest = new TestGuest({}, new FakeHostPort({ queue: new VirtualQueue(seededChoice(seed)) }));
    guest.server.offer(new EchoDevice());
    guest.connect();
    // Posted back to back, as from a VP that does not wait: the server takes them in their order whatever comes between.
    const words = rangeWords(
      4096 * 40,
      0,
      Array.from({ length: 40 }, (_, i) => 32 + i),
    );
    for (const message of [...gpadlMessages(1, 7, 1, words), guest.openMessage(1, 7, 20)]) {
      guest.port.post(1, message);
      for (let i = 0; i < 3; i++) guest.port.queue.post(() => undefined);
      if (seed % 2 === 0) guest.port.queue.pump();
    }
    guest.port.queue.drain();
    heard.add(guest.hear().join('\n'));
  }
  assert.equal(
    [...heard],
    ['GPADL_CREATED child_relid=1 gpadl=7 creation_status=0\nOPENCHANNEL_RESULT child_relid=1 openid=0x101 status=0'],
  );
});

connection.run();
