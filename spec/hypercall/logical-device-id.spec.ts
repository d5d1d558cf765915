import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guidToBytes } from '../../src/bytes/guid.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { logicalDeviceId, logicalDeviceIdPrefix, requestedDomain } from '../../src/hypercall/logical-device-id.js';
import { readTsv } from '../support/tsv.js';

interface Row {
  readonly instance: string;
  readonly prefix: number;
  readonly domain: number;
}

// Text shows bytes 4 and 5, then 6 and 7, each pair turned round.
const ROWS: readonly Row[] = [
  { instance: '00000000-3412-7856-0000-000000000000', prefix: 0x34127850, domain: 0x3412 },
  { instance: '00000000-8000-00f8-0000-000000000000', prefix: 0x800000f8, domain: 0x8000 },
  { instance: 'ffffffff-0000-0000-ffff-ffffffffffff', prefix: 0, domain: 0 },
  { instance: '00000000-ffff-ffff-0000-000000000000', prefix: 0xfffffff8, domain: 0xffff },
  { instance: '00000000-0001-0000-0000-000000000000', prefix: 0x00010000, domain: 1 },
];

const prefixes = suite('logicalDeviceIdPrefix');

for (const { instance, prefix } of ROWS)
  prefixes(`LDID-01 LDID-02 LDID-03 ${instance}`, () => {
    assert.is(logicalDeviceIdPrefix(guidToBytes(instance)), prefix);
  });

prefixes('LDID-01 the formula, byte by byte', () => {
  const bytes = new Uint8Array(16);
  bytes.set([0x12, 0x34, 0x56, 0x78], 4);
  assert.is(logicalDeviceIdPrefix(bytes), 0x34127850);
});

prefixes('LDID-02 the low 3 bits of byte 6 never enter', () => {
  const bytes = guidToBytes('00000000-3412-7850-0000-000000000000');
  for (let low = 0; low < 8; low++) {
    bytes[6] = 0x50 | low;
    assert.is(logicalDeviceIdPrefix(bytes), 0x34127850);
  }
});

prefixes('LDID-05 the upper half is the domain asked for', () => {
  for (const { instance } of ROWS) {
    const bytes = guidToBytes(instance);
    assert.is(logicalDeviceIdPrefix(bytes) >>> 16, requestedDomain(bytes));
  }
});

for (const { instanceGuid, guidBytes, pciDomain, logicalDeviceId: id } of readTsv(
  'fixtures/field/vpci-logical-device-ids.tsv',
))
  prefixes(`LDID-05 LDID-40 ${instanceGuid}, seen in the field`, () => {
    const bytes = hexToBytes(guidBytes!);
    assert.is(logicalDeviceIdPrefix(bytes), Number(id));
    assert.is(requestedDomain(bytes), Number(pciDomain));
    assert.is(logicalDeviceIdPrefix(guidToBytes(instanceGuid!)), Number(id));
  });

prefixes('takes 16 bytes', () => {
  for (const length of [0, 8, 15, 17]) assert.throws(() => logicalDeviceIdPrefix(new Uint8Array(length)), /16/);
});

prefixes.run();

const ids = suite('logicalDeviceId');

ids('LDID-01 the function replaces the low 3 bits', () => {
  assert.is(logicalDeviceId(0x34127850, 3), 0x34127853n);
  assert.is(logicalDeviceId(0x34127850, 0), 0x34127850n);
});

ids('LDID-03 LDID-04 the upper half is 0, and with it the type: logical', () => {
  assert.is(logicalDeviceId(0xa84b42c0, 0), 0x00000000a84b42c0n);
  assert.is(logicalDeviceId(0xfffffff8, 7) >> 32n, 0n);
});

ids('LDID-13 of a devfn only the function counts', () => {
  for (let devfn = 0; devfn < 256; devfn++)
    assert.is(logicalDeviceId(0x34127850, devfn), BigInt(0x34127850 + (devfn % 8)));
});

ids.run();

const domains = suite('requestedDomain');

for (const { instance, domain } of ROWS)
  domains(`LDID-40 ${instance}`, () => {
    assert.is(requestedDomain(guidToBytes(instance)), domain);
  });

domains('takes 16 bytes', () => {
  assert.throws(() => requestedDomain(new Uint8Array(4)), /16/);
});

domains.run();
