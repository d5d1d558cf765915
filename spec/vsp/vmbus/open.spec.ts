import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vmbus_channel_open_channel } from '../../../src/abi/vmbus/channel.js';
import { CloseReservedChannel, OpenChannel2, OpenReservedChannel } from '../../../src/abi/vmbus/openvmm-messages.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { EchoDevice } from './echo-device.js';
import { gpadlMessages, rangeWords, TestGuest } from './test-guest.js';

const open = suite('VMBus server: opening and closing');

const result = (status: string, relid = 1): string =>
  `OPENCHANNEL_RESULT child_relid=${relid} openid=0x${(0x100 + relid).toString(16)} status=${status}`;
const OPENED = result('0');
const REFUSED = result('0xc0000001');

function rig(version = 0x50003, options = {}): { guest: TestGuest; device: EchoDevice } {
  const guest = new TestGuest(options);
  const device = new EchoDevice();
  guest.server.offer(device);
  guest.connect(version);
  return { guest, device };
}

/** Four pages, the second ring from page 2 on, unless it says otherwise. */
const RINGS: {
  name: string;
  words?: bigint[];
  ranges?: number;
  downstream?: number;
  gpadl?: number;
  vp?: number;
  hears: string;
}[] = [
  { name: 'two rings of a page', hears: OPENED },
  { name: 'no interrupts', vp: 0xffffffff, hears: OPENED },
  { name: 'a VP that is not there', vp: 2, hears: REFUSED },
  { name: 'a GPADL that is not there', gpadl: 8, hears: REFUSED },
  { name: 'no page for the guest’s ring', downstream: 0, hears: REFUSED },
  { name: 'no data in the guest’s ring', downstream: 1, hears: REFUSED },
  { name: 'no data in the host’s ring', downstream: 3, hears: REFUSED },
  { name: 'the host’s ring behind the list', downstream: 4, hears: REFUSED },
  { name: 'the host’s ring far behind the list', downstream: 0xffffffff, hears: REFUSED },
  { name: 'a list that starts within a page', words: rangeWords(4096 * 3, 8, [16, 17, 18, 19]), hears: REFUSED },
  { name: 'a list that ends within a page', words: rangeWords(4096 * 4 - 8, 0, [16, 17, 18, 19]), hears: REFUSED },
  {
    name: 'two ranges',
    ranges: 2,
    words: [...rangeWords(8192, 0, [16, 17]), ...rangeWords(8192, 0, [18, 19])],
    hears: REFUSED,
  },
  { name: 'no ranges', ranges: 0, words: [], hears: REFUSED },
  { name: 'a page outside of memory', words: rangeWords(4096 * 4, 0, [16, 17, 18, 0x100]), hears: REFUSED },
  {
    name: 'a page number of all ones',
    words: [16384n, 16n, 0xffffffffffffffffn, 18n, 19n],
    hears: REFUSED,
  },
  { name: 'the same page over and over', words: rangeWords(4096 * 4, 0, [16, 16, 16, 16]), hears: OPENED },
  { name: 'pages in any order', words: rangeWords(4096 * 4, 0, [19, 16, 18, 17]), hears: OPENED },
];

for (const { name, words, ranges, downstream, gpadl, vp, hears } of RINGS)
  open(name, () => {
    const { guest, device } = rig();
    for (const message of gpadlMessages(1, 7, ranges ?? 1, words ?? rangeWords(4096 * 4, 0, [16, 17, 18, 19])))
      guest.post(message);
    guest.forget();
    guest.open(1, gpadl ?? 7, downstream ?? 2, vp ?? 0);
    assert.equal(guest.hear(), [hears]);
    assert.equal(device.read(), hears === OPENED ? ['opened 1 120 5a', 'signaled'] : []);
    assert.equal(guest.port.signalConnections, hears === OPENED ? [2, 0x2001] : [2]);
  });

open('rings with indices that cannot be are refused', () => {
  for (const [word, value] of [
    [0, 4096],
    [0, 4],
    [4, 0xfffffff8],
  ] as const)
    for (const page of [16, 18]) {
      const { guest, device } = rig();
      guest.gpadl(1, 7, [16, 17, 18, 19]);
      guest.forget();
      guest.port.memory.writeU32(page * 4096 + word, value);
      guest.open(1, 7, 2);
      assert.equal(guest.hear(), [REFUSED], `${value} at ${word} of page ${page}`);
      assert.equal(device.read(), []);
    }
});

open('the device’s refusal is the answer, and the channel can be opened again', () => {
  const { guest, device } = rig();
  device.answer = 0xc00000bb;
  guest.gpadl(1, 7, [16, 17, 18, 19]);
  guest.forget();
  guest.open(1, 7, 2);
  device.answer = 0;
  guest.open(1, 7, 2);
  assert.equal(guest.hear(), [result('0xc00000bb'), OPENED]);
});

open('what is open is not opened again, and what is closed not closed', () => {
  const { guest, device } = rig();
  guest.close(1);
  assert.equal(guest.drops(), ['7 closed']);
  guest.openRings(1, 16);
  guest.forget();
  guest.open(1, 16, 2);
  assert.equal([guest.hear(), guest.drops()], [[], ['5 open']]);
  guest.close(1);
  guest.close(1);
  guest.close(5);
  assert.equal([guest.hear(), guest.drops()], [[], ['7 closed', '7 unknown']]);
  assert.equal(device.read(), ['opened 1 120 5a', 'signaled', 'closed']);
  guest.open(1, 16, 2);
  assert.equal(guest.hear(), [OPENED]);
});

open('a rescinded channel is not opened and not closed, and nothing is said', () => {
  const guest = new TestGuest();
  const offered = guest.server.offer(new EchoDevice());
  guest.connect();
  guest.gpadl(1, 7, [16, 17, 18, 19]);
  offered.rescind();
  guest.forget();
  guest.open(1, 7, 2);
  guest.close(1);
  assert.equal(
    guest.log.map(({ level, code }) => `${level} ${code}`),
    ['warn vmbus-message-dropped', 'info vmbus-close-after-rescind'],
  );
  assert.equal([guest.hear(), guest.drops()], [[], ['5 revoked']]);
  offered.reoffer();
  guest.open(1, 7, 2);
  assert.equal([guest.hear(), guest.drops()], [[], ['5 reoffered']]);
});

open('a message that comes with a stale relid meets nobody', () => {
  const { guest } = rig();
  for (const relid of [0, 2, 0x800, 0xffffffff]) {
    guest.open(relid, 7, 2);
    guest.close(relid);
    guest.release(relid);
  }
  assert.equal(guest.hear(), []);
  assert.is(guest.drops().length, 12);
});

const MOVES: {
  name: string;
  version: number;
  relid?: number;
  vp: number;
  isOpen?: boolean;
  off?: boolean;
  status: string;
}[] = [
  { name: 'to another VP', version: 0x50003, vp: 1, status: '0' },
  { name: 'to the same VP', version: 0x50003, vp: 0, status: '0' },
  { name: 'to no VP', version: 0x50003, vp: 0xffffffff, status: '0x8000ffff' },
  { name: 'to a VP that is not there', version: 0x50003, vp: 2, status: '0x8000ffff' },
  { name: 'of an unknown channel', version: 0x50003, relid: 9, vp: 1, status: '0x8000ffff' },
  { name: 'of a closed channel', version: 0x50003, vp: 1, isOpen: false, status: '0x8000ffff' },
  { name: 'of a channel without interrupts', version: 0x50003, vp: 1, off: true, status: '0x8000ffff' },
  { name: 'in 5.2: no answer', version: 0x50002, vp: 1, status: '' },
  { name: 'in 4.1: no answer', version: 0x40001, vp: 1, status: '' },
];

for (const { name, version, relid = 1, vp, isOpen = true, off = false, status } of MOVES)
  open(`move ${name}`, () => {
    const { guest } = rig(version);
    if (isOpen) guest.openRings(1, 16, off ? 0xffffffff : 0);
    guest.forget();
    guest.modify(relid, vp);
    assert.equal(guest.hear(), status === '' ? [] : [`MODIFYCHANNEL_RESPONSE child_relid=${relid} status=${status}`]);
    const target = off || !isOpen ? undefined : status === '0' || status === '' ? vp : 0;
    assert.is(guest.server.channels[0]!.targetVp, target);
  });

open('4.0 has no move', () => {
  const { guest } = rig(0x40000);
  guest.openRings(1, 16);
  guest.forget();
  guest.modify(1, 1);
  assert.equal([guest.hear(), guest.drops()], [[], ['22 Invalid']]);
});

function longOpen(guest: TestGuest, connection_id: number, event_flag: number, flags = 0): void {
  const base = decode(vmbus_channel_open_channel, guest.openMessage(1, 16, 2));
  const bytes = encode(OpenChannel2, {
    open_channel: base,
    connection_id,
    event_flag,
    flags: { redirect_interrupt: (flags & 1) !== 0, unused: flags >> 1 },
  });
  guest.post(bytes);
}

open('6.0: the guest chooses its connection and the host’s flag', () => {
  const { guest, device } = rig(0x60000);
  guest.connect(0x60000, { features: 0x1 });
  const { writer } = guest.openRings(1, 16);
  assert.equal(guest.drops(), ['5 TooSmall'], 'the short form is too short then');
  guest.forget();
  longOpen(guest, 0x777, 99, 0xffff);
  assert.equal(guest.hear(), [OPENED]);
  assert.equal(guest.port.signalConnections, [2, 0x777]);
  writer.append({ kind: 'in-band', payload: new Uint8Array(8), transactionId: 5n, completion: true });
  writer.publish();
  device.read();
  assert.is(guest.signal(0x2001), 0x12);
  assert.is(guest.signal(0x777), 0);
  assert.equal(device.read(), ['signaled', 'packet 0,0,0,0']);
  assert.equal(guest.port.events, [{ vp: 0, sint: 2, flag: 99 }]);
});

open('6.0: a connection that is in use is refused, and its owner keeps it', () => {
  const { guest } = rig(0x60000);
  guest.connect(0x60000, { features: 0x1 });
  guest.gpadl(1, 16, [16, 17, 18, 19]);
  guest.forget();
  longOpen(guest, 2, 1);
  assert.equal(guest.hear(), [REFUSED]);
  assert.equal(guest.port.signalConnections, [2]);
});

open('6.0 without the feature: the chosen numbers are not looked at', () => {
  const { guest } = rig(0x60000);
  guest.gpadl(1, 16, [16, 17, 18, 19]);
  guest.forget();
  longOpen(guest, 0x777, 99);
  assert.equal(guest.hear(), [OPENED]);
  assert.equal(guest.port.signalConnections, [2, 0x2001]);
});

function openReserved(guest: TestGuest, relid: number, gpadl: number, vp = 1, sint = 7): void {
  guest.say(OpenReservedChannel, {
    header: { msgtype: 18 },
    channel_id: relid,
    target_vp: vp,
    target_sint: sint,
    ring_buffer_gpadl: gpadl,
    downstream_page_offset: 2,
  });
}

function closeReserved(guest: TestGuest, relid: number): void {
  guest.say(CloseReservedChannel, { header: { msgtype: 19 }, channel_id: relid, target_vp: 1, target_sint: 7 });
}

open('a reserved channel is answered where it asks, has no interrupts, and outlives an unload', () => {
  const { guest, device } = rig();
  guest.gpadl(1, 7, [16, 17, 18, 19]);
  guest.forget();
  openReserved(guest, 1, 7);
  assert.equal(guest.hear(), ['OPENCHANNEL_RESULT child_relid=1 openid=0 status=0 @1.7']);
  guest.modify(1, 1);
  guest.teardown(1, 7);
  guest.gpadl(1, 8, [16]);
  guest.close(1);
  guest.release(1);
  openReserved(guest, 1, 7);
  assert.equal(guest.hear(), [
    'MODIFYCHANNEL_RESPONSE child_relid=1 status=0x8000ffff',
    'GPADL_CREATED child_relid=1 gpadl=8 creation_status=0x8000ffff',
  ]);
  assert.equal(guest.drops(), ['22 refused', '11 gpadl', '7 open', '13 open', '18 open']);
  guest.plain(16);
  assert.equal(guest.hear(), ['UNLOAD_RESPONSE']);
  assert.is(guest.server.channels[0]!.reserved, true);
  assert.is(device.read().includes('closed'), false);
  closeReserved(guest, 1);
  assert.equal(guest.hear(), ['CLOSE_RESERVED_RESPONSE channel_id=1 @1.7']);
  assert.equal(device.read(), ['closed']);
  assert.equal(guest.server.channels[0]!.gpadls, []);
});

open('a reserved channel is not offered to the next connection before it is closed', () => {
  const { guest } = rig();
  guest.gpadl(1, 7, [16, 17, 18, 19]);
  openReserved(guest, 1, 7);
  guest.plain(16);
  guest.contact(0x50003);
  guest.forget();
  guest.plain(3);
  assert.equal(guest.hear(), ['ALLOFFERS_DELIVERED']);
  closeReserved(guest, 1);
  const [response, offer] = guest.hear();
  assert.is(response, 'CLOSE_RESERVED_RESPONSE channel_id=1 @1.7');
  assert.match(offer!, /^OFFERCHANNEL .*channel_id=1 /);
});

open('a reserved close of what is not open so is dropped', () => {
  const { guest } = rig();
  closeReserved(guest, 1);
  closeReserved(guest, 9);
  guest.openRings(1, 16);
  guest.forget();
  closeReserved(guest, 1);
  assert.equal(guest.hear(), []);
  assert.equal(guest.drops(), ['19 open']);
});

open('a reset closes reserved channels too', () => {
  const { guest, device } = rig();
  guest.gpadl(1, 7, [16, 17, 18, 19]);
  openReserved(guest, 1, 7);
  guest.forget();
  guest.server.reset();
  assert.is(device.read().at(-1), 'closed');
  assert.equal(guest.hear(), []);
  assert.is(guest.server.channels[0]!.state, 'closed');
});

open('a server that is closed serves no connection', () => {
  const { guest } = rig();
  guest.openRings(1, 16);
  guest.server.close();
  assert.is(guest.post(new Uint8Array(8)), 0x12);
  assert.equal(guest.port.signalConnections, []);
});

open.run();
