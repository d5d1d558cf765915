import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { gpadlMessages } from '../../../src/guest/vmbus/gpadl.js';
import { at, presentedByNumber, readCapture } from '../../support/captures.js';

const gpadls = suite('guest: GPADL messages');

gpadls('the message of a recorded Linux guest, byte for byte', () => {
  const events = readCapture('conversation-boot.jsonl');
  const [record] = [...presentedByNumber(events).values()].filter(
    (one) => at(one, 'inner.name') === 'CHANNELMSG_GPADL_HEADER',
  );
  const pfns = at(record, 'inner.value.range.0.pfn_array') as string[];
  assert.is(pfns.length, 10);
  const [message, ...more] = gpadlMessages(3, 0xe1e10, pfns.map(Number));
  assert.is(more.length, 0);
  // Behind the 16 bytes of the call's own header.
  const posted = String(at(record, 'hex')).slice(32);
  assert.is(bytesToHex(message!), posted.slice(0, message!.length * 2));
  assert.match(posted.slice(message!.length * 2), /^0*$/);
});

gpadls('what has no room in the first message goes on in bodies: 26 numbers, then 28 each', () => {
  for (const [pages, sizes] of [
    [26, [236]],
    [27, [236, 24]],
    [54, [236, 240]],
    [55, [236, 240, 24]],
  ] as const) {
    const pfns = Array.from({ length: pages }, (_, n) => 0x1000 + n);
    const messages = gpadlMessages(5, 9, pfns);
    assert.equal(
      messages.map(({ length }) => length),
      [...sizes],
      `${pages} pages`,
    );
    const numbers = messages.flatMap((bytes, n) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (n > 0)
        assert.equal([view.getUint32(0, true), view.getUint32(8, true), view.getUint32(12, true)], [9, n - 1, 9]);
      const from = n === 0 ? 28 : 16;
      return Array.from({ length: (bytes.length - from) / 8 }, (_, i) => Number(view.getBigUint64(from + i * 8, true)));
    });
    assert.equal(numbers, pfns);
  }
});

gpadls.run();
