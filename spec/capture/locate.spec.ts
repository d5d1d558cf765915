import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_ring_buffer } from '../../src/abi/vmbus/ring.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';
import { anyUnknown, headPart, issue, opaque, type Place, structPart } from '../../src/capture/locate.js';
import { isDecoded, plainValue, reencodes } from '../../src/capture/value.js';
import { perArch, versions } from '../../src/layout/group.js';
import { rep } from '../../src/layout/list.js';
import { u8, u16, u32 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { union } from '../../src/layout/union.js';

const place = (hex: string, offset = 0, end = hex.length / 2): Place => ({
  label: 'in',
  view: viewOf(hexToBytes(hex)),
  offset,
  end,
});
const X64 = { arch: 'x64' } as const;

const pair = struct('pair', 4, { a: u16, b: u16 });
const open = struct('open', 2, { count: u16, list: rep(u16, { count: 'count' }) });

const located = suite('structPart');

located('where it is told, with what it is told', () => {
  const part = structPart(place('ffff0100020003ff', 2), pair, X64, { name: 'PAIR', direction: 'host->guest' });
  assert.equal([part.struct, part.offset, part.size, part.name, part.direction], ['pair', 2, 4, 'PAIR', 'host->guest']);
  assert.equal(plainValue(part), { a: 1, b: 2 });
  assert.equal([part.issues, part.slack, part.unattributed, part.classPayload], [[], [], 0, 0]);
});

located('an open end takes what its count says, and no more than the place has', () => {
  const part = structPart(place('0200aabbccddeeff'), open, X64);
  assert.is(part.size, 6);
  assert.is(structPart(place('0900aabbccddeeff', 0, 6), open, X64).size, 6);
});

for (let length = 0; length <= 4; length++)
  located(`${length} of 4 bytes`, () => {
    const part = structPart(place('01000200'.slice(0, length * 2)), pair, X64);
    assert.equal(
      [part.size, part.struct, part.issues.map((one) => one.code)],
      [length, 'pair', length < 4 ? ['I_SHORT'] : []],
    );
    assert.ok(isDecoded(part) && reencodes(part));
  });

located('a union that is cut is bytes that nothing accounts for', () => {
  const either = union('either', 4, { a: u32, b: pair }, { otherwise: 'a' });
  const part = structPart(place('0102'), either, X64);
  assert.equal([part.type, part.unattributed, part.issues[0]!.code], [undefined, 2, 'I_SHORT']);
});

located('an open end that cannot be walked is reported and does not throw', () => {
  const long = struct('long', 4, { tag: u32 });
  const tagged = struct('tagged', 1, {
    n: u8,
    list: rep(union('either', 4, { short: u8, long }, { by: 'short', of: { 0: 'short' }, otherwise: 'long' }), {}),
  });
  const part = structPart(place('010101'), tagged, X64);
  assert.ok(part.issues.length <= 1);
  assert.is(part.offset + part.size + part.unattributed >= 1, true);
});

const older = struct('grown', 2, { a: u16 });
const newer = struct('grown', 4, { a: u16, b: u16 });
const grown = versions({ 'linux-6.12': older, 'linux-7.3': newer });
const wide = struct('arched', 2, { a: u16 });
const arched = perArch({ x64: wide, arm64: struct('arched', 4, { a: u32 }) });

located('the newest version that the bytes fill', () => {
  const version = (hex: string, abi?: string): unknown => {
    const { version: name, chosen } = structPart(place(hex), grown, { arch: 'x64', abi });
    return [name, chosen];
  };
  assert.equal(version('0100'), ['linux-6.12', true]);
  assert.equal(version('010002'), ['linux-6.12', true]);
  assert.equal(version('01000200'), ['linux-7.3', true]);
  assert.equal(version('01000200', 'linux-6.12'), ['linux-6.12', true]);
  assert.equal(version('01000200', 'no-such-version'), ['linux-7.3', true]);
});

located('the layout of the architecture', () => {
  assert.is(structPart(place('01000200'), arched, { arch: 'x64' }).size, 2);
  const part = structPart(place('01000200'), arched, { arch: 'arm64' });
  assert.equal([part.size, part.arch, part.chosen], [4, 'arm64', false]);
});

located.run();

const heads = suite('headPart, opaque, anyUnknown');

heads('the first bytes of a struct, without an issue', () => {
  const part = headPart(place('60000000400000000100000000000000'), hv_ring_buffer, X64);
  assert.equal([part.size, part.issues], [16, []]);
  assert.equal(plainValue(part), { write_index: 96, read_index: 64, interrupt_mask: 1, pending_send_sz: 0 });
});

heads('all of it, and the data behind it', () => {
  const part = headPart(place('00'.repeat(4100)), hv_ring_buffer, X64);
  assert.equal([part.size, part.unattributed], [4100, 0]);
});

heads('opaque bytes under a name', () => {
  const part = opaque(place('00112233', 1, 3), 'payload', { classPayload: 2 });
  assert.equal(
    [part.struct, part.type, part.offset, part.size, part.classPayload, part.arch],
    ['payload', undefined, 1, 2, 2, 'any'],
  );
  assert.ok(isDecoded(part));
  assert.not.ok(isDecoded(opaque(place('00'), 'payload')));
});

heads('an unknown name anywhere inside is one', () => {
  const inner = opaque(place('00'), 'x', { issues: [issue('I_UNKNOWN', 'who is it', 3)] });
  const outer = structPart(place('01000200'), pair, X64, { inner });
  assert.equal(
    [anyUnknown([outer]), anyUnknown([structPart(place('01000200'), pair, X64)]), anyUnknown([])],
    [true, false, false],
  );
  assert.equal(inner.issues[0], { code: 'I_UNKNOWN', path: '', offset: 3, text: 'who is it' });
});

heads.run();
