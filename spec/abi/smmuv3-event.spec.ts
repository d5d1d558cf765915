import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { evtq_ent } from '../../src/abi/iommufd/smmuv3-event.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { ownBitFields } from '../../src/export/bit-fields.js';
import { decode, encode } from '../../src/layout/codec.js';

const record = suite('abi: event record of the SMMUv3');

/** Masks of arm-smmu-v3.h: word, first and last bit. */
const MASKS: readonly (readonly [name: string, word: number, first: number, last: number])[] = [
  ['EVTQ_0_ID', 0, 0, 7],
  ['EVTQ_0_SSV', 0, 11, 11],
  ['EVTQ_0_SSID', 0, 12, 31],
  ['EVTQ_0_SID', 0, 32, 63],
  ['EVTQ_1_STAG', 1, 0, 15],
  ['EVTQ_1_STALL', 1, 31, 31],
  ['EVTQ_1_PnU', 1, 33, 33],
  ['EVTQ_1_InD', 1, 34, 34],
  ['EVTQ_1_RnW', 1, 35, 35],
  ['EVTQ_1_S2', 1, 39, 39],
  ['EVTQ_1_CLASS', 1, 40, 41],
  ['EVTQ_1_TT_READ', 1, 44, 44],
  ['EVTQ_2_ADDR', 2, 0, 63],
  ['EVTQ_3_IPA', 3, 12, 51],
  ['EVTQ_3_FETCH_ADDR', 3, 3, 51],
];

/** The member of that name, wherever it stands. */
function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const own = (value as Record<string, unknown>)[name];
  return own ?? Object.values(value).reduce<unknown>((found, one) => found ?? member(one, name), undefined);
}

for (const [name, word, first, last] of MASKS)
  record(`VIO-30 ${name} is bits ${last}:${first} of word ${word}`, () => {
    const words = new BigUint64Array(4);
    // A descriptor's address stands in records of fetch faults alone.
    if (name === 'EVTQ_3_FETCH_ADDR') words[0] = 0x03n;
    const ones = (1n << BigInt(last - first + 1)) - 1n;
    words[word]! |= ones << BigInt(first);
    const value = decode(evtq_ent, new Uint8Array(words.buffer));
    assert.is(BigInt(member(value, name) as bigint), ones);
    assert.is(bytesToHex(encode(evtq_ent, value)), bytesToHex(new Uint8Array(words.buffer)));
    words[word] = ~(ones << BigInt(first));
    if (word === 0) words[0]! &= ~0xffn;
    if (name === 'EVTQ_3_FETCH_ADDR') words[0] = 0x03n;
    assert.is(BigInt(member(decode(evtq_ent, new Uint8Array(words.buffer)), name) as bigint), 0n, 'other bits');
  });

record('no other field has a name of C', () => {
  const named = ownBitFields(evtq_ent).map((field) => field.path.slice(field.path.lastIndexOf('.') + 1));
  const masks = new Set(MASKS.map(([name]) => name));
  assert.equal(
    named.filter((name) => !masks.has(name) && !name.startsWith('unnamed_')),
    [],
  );
});

record.run();
