import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EchoDevice } from './echo-device.js';
import { gpadlMessages, rangeWords, TestGuest } from './test-guest.js';

const gpadl = suite('VMBus server: GPADLs');

function guestWith(devices = 1, options = {}): TestGuest {
  const guest = new TestGuest(options);
  for (let i = 0; i < devices; i++) guest.server.offer(new EchoDevice(i));
  return guest.connect();
}

const created = (status: string, id = '7'): string =>
  `GPADL_CREATED child_relid=1 gpadl=${id} creation_status=${status}`;
const FAILED = created('0x8000ffff');
const DONE = created('0');

/** Words behind the header, the count of ranges, what is answered. */
const RANGES: { name: string; ranges: number; words: bigint[]; hears: string; rangeBytes?: number }[] = [
  { name: 'one page', ranges: 1, words: rangeWords(4096, 0, [16]), hears: DONE },
  { name: 'one byte at the end of a page', ranges: 1, words: rangeWords(1, 0xfff, [16]), hears: DONE },
  { name: 'two bytes over the end of a page', ranges: 1, words: rangeWords(2, 0xfff, [16, 17]), hears: DONE },
  { name: 'the second page missing', ranges: 1, words: rangeWords(2, 0xfff, [16]), hears: FAILED },
  { name: 'no bytes', ranges: 1, words: rangeWords(0, 0, [16]), hears: FAILED },
  { name: 'an offset past the page', ranges: 1, words: rangeWords(1, 0x1000, [16, 17]), hears: FAILED },
  { name: 'a length past 32 bits', ranges: 1, words: rangeWords(0xffffffff, 0, [16]), hears: FAILED },
  { name: 'the longest length', ranges: 1, words: rangeWords(0xfffff000, 0, [16]), hears: FAILED },
  { name: 'words left over', ranges: 1, words: [...rangeWords(4096, 0, [16]), 9n, 9n], hears: DONE },
  {
    name: 'two ranges',
    ranges: 2,
    words: [...rangeWords(4096, 0, [16]), ...rangeWords(8, 4, [17])],
    hears: DONE,
  },
  { name: 'the second range missing', ranges: 2, words: rangeWords(4096, 0, [16]), hears: FAILED },
  { name: 'half a range', ranges: 2, words: rangeWords(4096, 0, [16]), rangeBytes: 20, hears: FAILED },
  { name: 'no words', ranges: 1, words: [], hears: FAILED },
  { name: 'no ranges', ranges: 0, words: [], hears: DONE },
  {
    name: 'a length that is no multiple of 8',
    ranges: 1,
    words: rangeWords(4096, 0, [16]),
    rangeBytes: 23,
    hears: DONE,
  },
  { name: 'more words than announced', ranges: 1, words: rangeWords(8192, 0, [16, 17]), rangeBytes: 16, hears: FAILED },
  { name: 'pages that are no memory', ranges: 1, words: rangeWords(4096, 0, [0x123456789]), hears: DONE },
  { name: 'a page number of all ones', ranges: 1, words: [4096n, 0xffffffffffffffffn], hears: DONE },
];

for (const { name, ranges, words, hears, rangeBytes } of RANGES)
  gpadl(`range: ${name}`, () => {
    const guest = guestWith();
    const sizes = rangeBytes === undefined ? {} : { rangeBytes };
    for (const message of gpadlMessages(1, 7, ranges, words, sizes)) guest.post(message);
    assert.equal(guest.hear(), [hears]);
    assert.equal(guest.server.channels[0]!.gpadls, hears === DONE ? [7] : []);
    // A failed id can be used again.
    if (hears === DONE) return;
    guest.gpadl(1, 7, [16]);
    assert.equal(guest.hear(), [DONE]);
  });

gpadl('a list is split at every place that a sender may choose', () => {
  for (const pages of [1, 26, 27, 28, 54, 55, 56, 82, 83, 200])
    for (const first of [0, 1, 26, 27]) {
      const guest = guestWith();
      const pfns = Array.from({ length: pages }, (_, i) => 0x100 + i);
      const messages = gpadlMessages(1, 7, 1, rangeWords(pages * 4096, 0, pfns), { first });
      for (const [i, message] of messages.entries()) {
        assert.equal(guest.hear(), [], `${pages} pages, ${first} words first, message ${i}`);
        guest.post(message);
      }
      assert.equal(guest.hear(), [DONE], `${pages} pages, ${first} words first`);
      assert.equal(
        guest.port.traced.filter(({ k }) => k === 'gpadl'),
        [{ k: 'gpadl', relid: 1, gpadl: 7, bytes: pages * 4096, pfns: pfns.map((pfn) => `0x${pfn.toString(16)}`) }],
      );
    }
});

gpadl('8190 pages are the most that one range can have', () => {
  const guest = guestWith();
  const pfns = Array.from({ length: 8190 }, (_, i) => 0x100 + i);
  guest.gpadl(1, 7, pfns);
  assert.equal(guest.hear(), [DONE]);
  guest.port.messages.length = 0;
  for (const message of gpadlMessages(1, 8, 1, rangeWords(8191 * 4096, 0, [...pfns, 1]), { rangeBytes: 65535 }))
    guest.post(message);
  assert.equal(guest.hear(), [created('0x8000ffff', '8')]);
});

gpadl('UEFI sends whole messages: what is behind the announced length is not looked at', () => {
  const guest = guestWith();
  const [header] = gpadlMessages(1, 7, 1, rangeWords(4096, 0, [16]), { rangeBytes: 16 });
  const padded = new Uint8Array(240).fill(0xee);
  padded.set(header!);
  guest.post(padded);
  assert.equal(guest.hear(), [DONE]);
  for (const message of gpadlMessages(
    1,
    8,
    1,
    rangeWords(
      30 * 4096,
      0,
      Array.from({ length: 30 }, () => 16),
    ),
  )) {
    const long = new Uint8Array(240).fill(0xee);
    long.set(message);
    guest.post(long);
  }
  assert.equal(guest.hear(), [created('0', '8')]);
});

gpadl('a split range that is bad is found at its last body, and the id is free again', () => {
  const guest = guestWith();
  const words = rangeWords(
    60 * 4096,
    0,
    Array.from({ length: 50 }, () => 16),
  );
  const messages = gpadlMessages(1, 7, 1, words);
  guest.post(messages[0]!);
  assert.equal(guest.hear(), []);
  guest.post(messages[1]!);
  assert.equal(guest.hear(), [FAILED]);
  guest.gpadl(1, 7, [16]);
  assert.equal(guest.hear(), [DONE]);
});

gpadl('a channel that was not offered, or is released, has none', () => {
  const guest = guestWith();
  guest.gpadl(2, 7, [16]);
  guest.release(1);
  guest.gpadl(1, 7, [16]);
  assert.equal(guest.hear(), ['GPADL_CREATED child_relid=2 gpadl=7 creation_status=0x8000ffff', FAILED]);
});

gpadl('before the offers nothing is known', () => {
  const guest = new TestGuest();
  guest.server.offer(new EchoDevice());
  guest.contact(0x50003);
  guest.forget();
  guest.gpadl(1, 7, [16]);
  assert.equal(guest.hear(), [FAILED]);
});

gpadl('an id is the channel’s own, but one that comes in is alone', () => {
  const guest = guestWith(2);
  guest.gpadl(1, 7, [16]);
  guest.gpadl(2, 7, [16]);
  guest.gpadl(1, 7, [17]);
  assert.equal(guest.hear(), [DONE, 'GPADL_CREATED child_relid=2 gpadl=7 creation_status=0', FAILED]);
  const pfns = Array.from({ length: 40 }, () => 16);
  const first = gpadlMessages(1, 9, 1, rangeWords(40 * 4096, 0, pfns));
  const second = gpadlMessages(2, 9, 1, rangeWords(40 * 4096, 0, pfns));
  guest.post(first[0]!);
  guest.post(second[0]!);
  assert.equal(guest.hear(), ['GPADL_CREATED child_relid=2 gpadl=9 creation_status=0x8000ffff']);
  guest.post(first[1]!);
  assert.equal(guest.hear(), [created('0', '9')]);
});

gpadl('a body for an id that nothing comes in for is dropped', () => {
  const guest = guestWith();
  guest.post(
    gpadlMessages(
      1,
      7,
      1,
      rangeWords(
        40 * 4096,
        0,
        Array.from({ length: 40 }, () => 16),
      ),
    )[1]!,
  );
  assert.equal(guest.hear(), []);
  assert.equal(guest.drops(), ['9 gpadl']);
});

gpadl('teardown answers once; twice, unknown, and on another channel it is dropped', () => {
  const guest = guestWith(2);
  guest.gpadl(1, 7, [16]);
  guest.forget();
  guest.teardown(2, 7);
  guest.teardown(1, 8);
  guest.teardown(9, 7);
  assert.equal(guest.hear(), []);
  guest.teardown(1, 7);
  guest.teardown(1, 7);
  assert.equal(guest.hear(), ['GPADL_TORNDOWN gpadl=7']);
  assert.equal(guest.drops(), ['11 gpadl', '11 gpadl', '11 gpadl', '11 gpadl']);
});

gpadl('teardown waits until the rings that lie in it are closed', () => {
  const guest = guestWith();
  guest.openRings(1, 16);
  guest.forget();
  guest.teardown(1, 16);
  guest.teardown(1, 16);
  assert.equal(guest.hear(), []);
  guest.close(1);
  assert.equal(guest.hear(), ['GPADL_TORNDOWN gpadl=0x10']);
  guest.open(1, 16, 2);
  assert.equal(guest.hear(), ['OPENCHANNEL_RESULT child_relid=1 openid=0x101 status=0xc0000001']);
});

gpadl('a rescinded channel still takes and gives back, and a waiting teardown is answered before the rescind', () => {
  const guest = new TestGuest();
  const offered = guest.server.offer(new EchoDevice());
  guest.connect();
  guest.openRings(1, 16);
  guest.forget();
  guest.teardown(1, 16);
  offered.rescind();
  assert.equal(guest.hear(), ['GPADL_TORNDOWN gpadl=0x10', 'RESCIND_CHANNELOFFER child_relid=1']);
  guest.gpadl(1, 7, [16]);
  guest.teardown(1, 7);
  assert.equal(guest.hear(), [DONE, 'GPADL_TORNDOWN gpadl=7']);
});

gpadl('what comes in is forgotten with the connection', () => {
  const guest = guestWith();
  const messages = gpadlMessages(
    1,
    7,
    1,
    rangeWords(
      40 * 4096,
      0,
      Array.from({ length: 40 }, () => 16),
    ),
  );
  guest.post(messages[0]!);
  guest.connect();
  guest.post(messages[1]!);
  assert.equal(guest.hear(), []);
  guest.gpadl(1, 7, [16]);
  assert.equal(guest.hear(), [DONE]);
});

gpadl('a guest cannot make the host keep page numbers without end', () => {
  const guest = guestWith(1, { maxGpadlPages: 100 });
  const pfns = Array.from({ length: 40 }, (_, i) => i);
  guest.gpadl(1, 7, pfns);
  guest.gpadl(1, 8, pfns);
  guest.gpadl(1, 9, pfns);
  assert.equal(
    guest.hear(),
    [DONE, created('0', '8'), created('0xc000009a', '9')].map((line) => line),
  );
  guest.teardown(1, 7);
  guest.hear();
  guest.gpadl(1, 9, pfns);
  assert.equal(guest.hear(), [created('0', '9')]);
  guest.plain(16);
  guest.connect();
  guest.gpadl(1, 7, pfns);
  guest.gpadl(1, 8, pfns);
  assert.equal(guest.hear(), [DONE, created('0', '8')], 'everything was given back');
});

gpadl.run();
