import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import {
  decodeSmmuv3Event,
  encodeSmmuv3Event,
  isForwarded,
  parseSmmuv3Event,
  SMMUV3_EVENT_BYTES,
  type Smmuv3Words,
  stallRequest,
  withVirtualStream,
} from '../../../src/guest/iommufd/smmuv3-event.js';

const record = suite('SMMUv3 event record');
// F_TRANSLATION of StreamID 0x21, substream 0x12345, stalled with tag 0xbeef, a privileged read of 0xffff_8000_1234_5678.
const WORDS: Smmuv3Words = [
  0x0000_0021_1234_5810n,
  0x0000_000a_8000_beefn,
  0xffff_8000_1234_5678n,
  0x0123_4567_89ab_cdefn,
];

record('VIO-30 four little-endian words, 32 bytes', () => {
  const bytes = encodeSmmuv3Event(WORDS);
  assert.is(bytes.length, SMMUV3_EVENT_BYTES);
  assert.is(bytesToHex(bytes), `1058341221000000${'efbe00800a000000'}${'785634120080ffff'}${'efcdab8967452301'}`);
  assert.equal(decodeSmmuv3Event(bytes), WORDS);
});

record('VIO-30 event id, SSV, SSID and StreamID', () => {
  const event = parseSmmuv3Event(WORDS);
  assert.equal([event.id, event.streamId, event.substreamId], [0x10, 0x21, 0x12345]);
  assert.equal([event.stall, event.stallTag, event.stage2, event.readAccess], [true, 0xbeef, false, true]);
  assert.equal([event.privileged, event.instruction, event.address], [true, false, 0xffff_8000_1234_5678n]);
  assert.is(parseSmmuv3Event([WORDS[0] & ~0x800n, 0n, 0n, 0n]).substreamId, undefined);
  assert.is(parseSmmuv3Event([0xffff_ffff_0000_0000n, 1n << 39n, 0n, 0n]).streamId, 0xffff_ffff);
  assert.is(parseSmmuv3Event([0n, 1n << 39n, 0n, 0n]).stage2, true);
});

record('VIO-31 only the StreamID is replaced', () => {
  assert.equal(withVirtualStream(WORDS, 0xffff_fffen), {
    ok: true,
    value: [0xffff_fffe_1234_5810n, WORDS[1], WORDS[2], WORDS[3]],
  });
  assert.equal(withVirtualStream(WORDS, 0n), { ok: true, value: [0x1234_5810n, WORDS[1], WORDS[2], WORDS[3]] });
  assert.equal(withVirtualStream(WORDS, 1n << 32n), { ok: false, errno: 'EINVAL' });
});

record('VIO-32 eight event ids are forwarded', () => {
  const forwarded = Array.from({ length: 256 }, (_, id) => id).filter(isForwarded);
  assert.equal(forwarded, [0x04, 0x06, 0x08, 0x0a, 0x10, 0x11, 0x12, 0x13]);
});

record('a stalled event as a page request', () => {
  const event = parseSmmuv3Event(WORDS);
  assert.equal(stallRequest(event), { grpid: 0xbeef, perm: 1 | 8, address: WORDS[2], last: true, pasid: 0x12345 });
  const write = { ...event, readAccess: false, privileged: false, instruction: true, substreamId: undefined };
  assert.equal(stallRequest(write), { grpid: 0xbeef, perm: 2 | 4, address: WORDS[2], last: true });
});

record.run();
