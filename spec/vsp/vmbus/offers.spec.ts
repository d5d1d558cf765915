import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import type { ServerOptions } from '../../../src/vsp/vmbus/server-options.js';
import { EchoDevice } from './echo-device.js';
import { TestGuest } from './test-guest.js';

const offers = suite('VMBus server: offers');
const ALL = 'ALLOFFERS_DELIVERED';

function offer(relid: number, parts: { flags?: string; monitor?: string; device?: number; subchannel?: number } = {}) {
  const monitor = parts.monitor ?? 'monitor_id=0xff monitor_allocated=0';
  return [
    'OFFERCHANNEL interface_id=44c4f61d-4444-4400-9d52-802e27ede19f',
    `instance_id=1122334${parts.device ?? 0}-5566-7788-99aa-bbccddeeff00`,
    `flags=${parts.flags ?? ''} mmio_megabytes=3 subchannel_index=${parts.subchannel ?? 0} mmio_megabytes_optional=0`,
    `channel_id=${relid} ${monitor} is_dedicated=1 connection_id=0x${(0x2000 + relid).toString(16)}`,
  ].join(' ');
}

offers('all devices in their order, then the end; asked again, nothing', () => {
  const guest = new TestGuest();
  for (let i = 0; i < 3; i++) guest.server.offer(new EchoDevice(i));
  guest.contact(0x50003);
  assert.is(guest.hear().length, 1);
  guest.plain(3);
  assert.equal(guest.hear(), [offer(1), offer(2, { device: 1 }), offer(3, { device: 2 }), ALL]);
  guest.plain(3);
  assert.equal(guest.hear(), []);
  assert.equal(guest.drops(), ['3 offered-already']);
});

offers('the bytes of an offer, user-defined data included', () => {
  const guest = new TestGuest({ relids: { first: 5, step: 1 }, connectionBase: 0x10000 });
  class Pipe extends EchoDevice {
    readonly userDefined = Uint8Array.of(4, 0, 0, 0, 0xaa);
  }
  guest.server.offer(new Pipe(0, { flags: 0x2011 }));
  guest.contact(0x50003);
  guest.forget();
  guest.plain(3);
  assert.is(
    bytesToHex(guest.port.messages[0]!.payload),
    [
      '0100000000000000',
      '1df6c444444400449d52802e27ede19f',
      '403322116655887799aabbccddeeff00',
      '00'.repeat(16),
      '11200300',
      `04000000aa${'00'.repeat(115)}`,
      '00000000',
      '05000000ff00010005000100',
    ].join(''),
  );
});

offers('a device that comes later is offered at once to a guest that has asked, and only to it', () => {
  const guest = new TestGuest();
  guest.server.offer(new EchoDevice(0));
  assert.equal(guest.hear(), []);
  guest.contact(0x50003);
  guest.forget();
  guest.server.offer(new EchoDevice(1));
  assert.equal(guest.hear(), []);
  guest.plain(3);
  assert.equal(guest.hear(), [offer(1), offer(2, { device: 1 }), ALL]);
  guest.server.offer(new EchoDevice(2));
  assert.equal(guest.hear(), [offer(3, { device: 2 })]);
});

const FLAGS: { name: string; options: ServerOptions; version: number; features: number; shows: string }[] = [
  {
    name: 'before 6.0',
    options: { trusted: true },
    version: 0x50003,
    features: 0,
    shows: 'enumerate_device_interface',
  },
  {
    name: '6.0 without the feature',
    options: { trusted: true },
    version: 0x60000,
    features: 0,
    shows: 'enumerate_device_interface',
  },
  {
    name: '6.0, not trusted',
    options: {},
    version: 0x60000,
    features: 0x10,
    shows: 'enumerate_device_interface',
  },
  {
    name: '6.0, trusted',
    options: { trusted: true },
    version: 0x60000,
    features: 0x10,
    shows: 'enumerate_device_interface|confidential_ring_buffer|confidential_external_memory',
  },
];

for (const { name, options, version, features, shows } of FLAGS)
  offers(`flags that need a feature: ${name}`, () => {
    const guest = new TestGuest(options);
    guest.server.offer(new EchoDevice(0, { flags: 0xf }));
    guest.contact(version, { features });
    guest.forget();
    guest.plain(3);
    assert.equal(guest.hear(), [offer(1, { flags: shows }), ALL]);
  });

offers('rescind and release: the relid is gone, and the device comes back with another', () => {
  const guest = new TestGuest();
  const device = new EchoDevice();
  const offered = guest.server.offer(device);
  guest.connect();
  guest.openRings(1, 16);
  guest.forget();
  assert.is(offered.rescind(), true);
  assert.is(offered.rescind(), false);
  assert.equal(guest.hear(), ['RESCIND_CHANNELOFFER child_relid=1']);
  assert.equal(device.read(), ['opened 1 120 5a', 'signaled', 'closed']);
  assert.is(guest.signal(0x2001), 0x12);
  assert.is(offered.state, 'revoked');
  guest.close(1);
  guest.release(1);
  assert.equal(guest.hear(), []);
  assert.is(offered.state, 'removed');
  assert.is(offered.rescind(), false);
  assert.equal(guest.server.channels, []);
  assert.is(offered.reoffer(), true);
  assert.is(offered.reoffer(), false);
  assert.equal(guest.hear(), [offer(2)]);
  guest.openRings(2, 16);
  assert.equal(device.read(), ['opened 2 120 5a', 'signaled']);
});

offers('a device that returns before the release is offered at it, with the same relid', () => {
  const guest = new TestGuest();
  const offered = guest.server.offer(new EchoDevice());
  guest.connect();
  assert.is(offered.reoffer(), false);
  offered.rescind();
  assert.is(offered.reoffer(), true);
  assert.is(offered.state, 'reoffered');
  guest.forget();
  guest.release(1);
  assert.equal(guest.hear(), [offer(1)]);
  assert.is(offered.state, 'closed');
  offered.rescind();
  offered.reoffer();
  guest.forget();
  offered.rescind();
  assert.equal(guest.hear(), [], 'the guest knows already');
  guest.release(1);
  assert.equal(guest.hear(), []);
  assert.is(offered.state, 'removed');
});

offers('a device that goes before anybody was told is just gone', () => {
  const guest = new TestGuest();
  const offered = guest.server.offer(new EchoDevice());
  guest.contact(0x50003);
  guest.forget();
  assert.is(offered.rescind(), true);
  assert.is(offered.state, 'removed');
  guest.plain(3);
  assert.equal(guest.hear(), [ALL]);
});

offers('release: closed is done with until the next connection, open is an error, twice too', () => {
  const guest = new TestGuest();
  const offered = guest.server.offer(new EchoDevice());
  guest.connect();
  guest.openRings(1, 16);
  guest.forget();
  guest.release(1);
  assert.equal(guest.drops(), ['13 open']);
  guest.close(1);
  guest.release(1);
  guest.release(1);
  assert.equal(guest.drops(), ['13 unknown']);
  assert.is(offered.state, 'closed');
  guest.open(1, 16, 2);
  assert.equal(guest.hear(), []);
  offered.rescind();
  assert.equal([guest.hear(), offered.state], [[], 'removed']);
});

offers('a connection that ends takes rescinded channels with it', () => {
  const guest = new TestGuest();
  const gone = guest.server.offer(new EchoDevice(0));
  const back = guest.server.offer(new EchoDevice(1));
  guest.connect();
  gone.rescind();
  back.rescind();
  back.reoffer();
  guest.plain(16);
  assert.equal([gone.state, back.state], ['removed', 'closed']);
  guest.contact(0x50003);
  guest.forget();
  guest.plain(3);
  assert.equal(guest.hear(), [offer(2, { device: 1 }), ALL]);
});

offers('sub-channels share the GUIDs and go before their primary', () => {
  const guest = new TestGuest();
  const primary = guest.server.offer(new EchoDevice(0));
  guest.server.offer(new EchoDevice(0, { subchannel: 1 }));
  guest.server.offer(new EchoDevice(1));
  guest.server.offer(new EchoDevice(0, { subchannel: 2 }));
  guest.contact(0x50003);
  guest.forget();
  guest.plain(3);
  assert.is(guest.hear()[1], offer(2, { subchannel: 1 }));
  primary.rescind();
  assert.equal(
    guest.hear(),
    [2, 4, 1].map((relid) => `RESCIND_CHANNELOFFER child_relid=${relid}`),
  );
});

offers('relids count up, as the options say, and come again only when there are no others', () => {
  const guest = new TestGuest({ relids: { first: 3, step: 1000 } });
  const made = Array.from({ length: 5 }, (_, i) => guest.server.offer(new EchoDevice(i % 10)));
  assert.equal(
    made.map(({ relid }) => relid),
    [3, 1003, 2003, 1, 2],
  );
  made[3]!.rescind();
  assert.is(guest.server.offer(new EchoDevice()).relid, 1);
});

offers('2047 channels are the most', () => {
  const guest = new TestGuest();
  for (let i = 0; i < 2047; i++) guest.server.offer(new EchoDevice());
  assert.throws(() => guest.server.offer(new EchoDevice()), RangeError);
  guest.contact(0x50003);
  guest.forget();
  guest.plain(3);
  assert.is(guest.hear().length, 2048);
});

offers('relids that are none are refused', () => {
  for (const relids of [
    { first: 0, step: 1 },
    { first: 1, step: 0 },
    { first: 2048, step: 1 },
    { first: 1.5, step: 1 },
  ])
    assert.throws(() => new TestGuest({ relids }), RangeError);
});

offers('monitor ids go to those that ask, lowest first, when there are pages and the host serves them', () => {
  const pages = { monitorPages: [0x6000n, 0x7000n] } as const;
  for (const [options, ask, ids] of [
    [{ monitorPages: 'serve' }, pages, ['0', undefined, '1']],
    [{ monitorPages: 'serve' }, {}, [undefined, undefined, undefined]],
    [{}, pages, [undefined, undefined, undefined]],
  ] as const) {
    const guest = new TestGuest(options);
    for (const [i, flags] of [0x400, 0, 0x400].entries()) guest.server.offer(new EchoDevice(i, { flags }));
    guest.contact(0x50003, ask);
    guest.forget();
    guest.plain(3);
    assert.equal(
      guest
        .hear()
        .slice(0, 3)
        .map((line) => / monitor_id=(\d+) monitor_allocated=1 /.exec(line)?.[1]),
      ids,
    );
  }
});

offers.run();
