import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../../src/bytes/hex.js';
import { LogicalDeviceIdTable, NO_LOGICAL_DEVICE_IDS } from '../../../src/guest/device-id/logical-device-id-table.js';
import { logicalDeviceId, logicalDeviceIdPrefix, requestedDomain } from '../../../src/hypercall/logical-device-id.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { readTsv } from '../../support/tsv.js';

const table = suite('logical-device-id-table');

function make(): { table: LogicalDeviceIdTable; log: LogLine[] } {
  const log: LogLine[] = [];
  return { table: new LogicalDeviceIdTable((line) => log.push(line)), log };
}

/** Instance GUID bytes with 4 to 7 as given. */
const guid = (b4to7: string): Uint8Array => hexToBytes(`00000000${b4to7}0000000000000000`);

// By hand from the formula b5<<24 | b4<<16 | b7<<8 | (b6 & 0xF8); the first two rows are the ones of the requirement.
const PREFIXES: readonly (readonly [string, string, number])[] = [
  ['12345678', '-3412-7856-', 0x34127850],
  ['0080f800', 'b5 of 0x80', 0x800000f8],
  ['ffffffff', 'all ones', 0xfffffff8],
  ['00000700', 'low bits of b6 only', 0],
  ['00000000', 'zeros', 0],
];
for (const [bytes, note, prefix] of PREFIXES)
  table(`LDID-01 LDID-02 LDID-03 ${note}: no sign, no function bits`, () => {
    const made = logicalDeviceIdPrefix(guid(bytes));
    assert.is(made, prefix);
    assert.is(made & 7, 0);
    for (let fn = 0; fn < 8; fn++) {
      assert.is(logicalDeviceId(made, fn), BigInt(prefix + fn));
      // LDID-04: bits 63:62 are the type, 0 is logical; and nothing above bit 31.
      assert.is(logicalDeviceId(made, fn) >> 32n, 0n);
    }
  });

table('LDID-01 LDID-04 LDID-05 ids seen in the field', () => {
  const rows = readTsv('fixtures/field/vpci-logical-device-ids.tsv');
  assert.is(rows.length, 9);
  for (const row of rows) {
    const bytes = hexToBytes(row.guidBytes!);
    assert.is(logicalDeviceId(logicalDeviceIdPrefix(bytes), 0), BigInt(row.logicalDeviceId!));
    assert.is(requestedDomain(bytes), Number(row.pciDomain));
    assert.is(logicalDeviceIdPrefix(bytes) >>> 16, Number(row.pciDomain));
  }
});

table('LDID-10 LDID-11 LDID-13 a consumer finds the id of any function by domain number', () => {
  const { table: t } = make();
  assert.ok(t.registerBus(0x3412, 0x34127850).ok);
  assert.equal(t.lookup(0x3412), { ok: true, value: 0x34127850 });
  // devfn 0x0b is device 1, function 3.
  assert.equal(t.deviceId(0x3412, 0x0b), { ok: true, value: 0x34127853n });
  assert.equal(t.deviceId(0x3412, 0), { ok: true, value: 0x34127850n });
});

table('LDID-05 the assigned domain may differ from the upper half of the prefix', () => {
  const { table: t } = make();
  assert.ok(t.registerBus(0x3413, 0x34127850).ok);
  assert.equal(t.deviceId(0x3413, 5), { ok: true, value: 0x34127855n });
});

table('LDID-14 without an IOMMU nothing happens and nothing fails', () => {
  assert.ok(NO_LOGICAL_DEVICE_IDS.registerBus(1, 8).ok);
  assert.ok(NO_LOGICAL_DEVICE_IDS.registerBus(1, 16).ok);
  NO_LOGICAL_DEVICE_IDS.unregisterBus(1);
});

table('LDID-15 a registration needs no consumer', () => {
  const { table: t, log } = make();
  assert.ok(t.registerBus(2, 0x20000).ok);
  assert.is(t.size, 1);
  assert.is(log.length, 0);
});

table('LDID-20 the same pair again is no second entry', () => {
  const { table: t, log } = make();
  assert.ok(t.registerBus(7, 0x70000).ok);
  assert.ok(t.registerBus(7, 0x70000).ok);
  assert.is(t.size, 1);
  t.unregisterBus(7);
  assert.is(t.size, 0);
  assert.is(log.length, 0);
});

table('LDID-21 another prefix for a domain is refused, the old one stays', () => {
  const { table: t, log } = make();
  t.registerBus(7, 0x70000);
  assert.equal(t.registerBus(7, 0x70008), { ok: false, errno: 'EEXIST' });
  assert.equal(t.lookup(7), { ok: true, value: 0x70000 });
  assert.equal(log, [
    { level: 'error', code: 'logical-device-id-taken', fields: { domain: 7, old: 0x70000, new: 0x70008 } },
  ]);
});

table('LDID-22 unregistering what is not there changes nothing', () => {
  const { table: t, log } = make();
  t.registerBus(1, 8);
  t.unregisterBus(2);
  t.unregisterBus(2);
  assert.is(t.size, 1);
  assert.is(log.length, 0);
});

table('LDID-23 an absent domain is ENODEV with a log line; prefix 0 is a prefix', () => {
  const { table: t, log } = make();
  assert.equal(t.lookup(9), { ok: false, errno: 'ENODEV' });
  assert.equal(t.deviceId(9, 1), { ok: false, errno: 'ENODEV' });
  assert.is(log.length, 2);
  assert.is(log[0]!.code, 'logical-device-id-missing');
  t.registerBus(9, 0);
  assert.equal(t.lookup(9), { ok: true, value: 0 });
  assert.equal(t.deviceId(9, 1), { ok: true, value: 1n });
});

table('LDID-28 hundreds of buses', () => {
  const { table: t } = make();
  for (let domain = 1; domain <= 500; domain++) t.registerBus(domain, domain << 16);
  for (let domain = 1; domain <= 500; domain++) assert.equal(t.lookup(domain), { ok: true, value: domain << 16 });
});

table('LDID-29 a lookup between any two changes sees the old or the new state', () => {
  const { table: t } = make();
  const seen: (number | undefined)[] = [];
  const look = (): void => {
    const found = t.lookup(3);
    seen.push(found.ok ? found.value : undefined);
  };
  look();
  t.registerBus(3, 0x30000);
  look();
  t.registerBus(3, 0x30008);
  look();
  t.unregisterBus(3);
  look();
  t.registerBus(3, 0x30008);
  look();
  assert.equal(seen, [undefined, 0x30000, 0x30000, undefined, 0x30008]);
});

table.run();
