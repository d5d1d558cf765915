import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../../src/bytes/hex.js';
import { DomainNumberPool, type DomainPolicy } from '../../../src/guest/device-id/domain-number-pool.js';
import { LogicalDeviceIdTable } from '../../../src/guest/device-id/logical-device-id-table.js';
import { logicalDeviceIdPrefix, requestedDomain } from '../../../src/hypercall/logical-device-id.js';
import type { LogLine } from '../../../src/ports/log-sink.js';

const pool = suite('domain-number-pool');

function make(policy?: DomainPolicy): { pool: DomainNumberPool; log: LogLine[] } {
  const log: LogLine[] = [];
  return { pool: new DomainNumberPool((line) => log.push(line), policy), log };
}

/** What a list of requests gets; undefined for a refusal. */
function replay(requests: readonly number[], policy?: DomainPolicy): (number | undefined)[] {
  const { pool: p } = make(policy);
  return requests.map((request) => {
    const got = p.take(request);
    return got.ok ? got.value : undefined;
  });
}

const guid = (b4to7: string): Uint8Array => hexToBytes(`00000000${b4to7}0000000000000000`);

// policy, requests, what they get: by hand from LDID-40 to LDID-45.
const ROWS: readonly (readonly [string, DomainPolicy, readonly number[], readonly (number | undefined)[]])[] = [
  ['LDID-40 exact', 'wrap', [0x37a9, 0xa84b, 0xffff, 1], [0x37a9, 0xa84b, 0xffff, 1]],
  ['LDID-41 LDID-42 wrap: next above', 'wrap', [0x100, 0x100, 0x100], [0x100, 0x101, 0x102]],
  ['LDID-42 wrap: then the lowest', 'wrap', [0xffff, 0xffff, 0xfffe, 0xfffe], [0xffff, 1, 0xfffe, 2]],
  ['LDID-42 bitmap: the lowest', 'bitmap', [0x100, 0x100, 0x100, 1], [0x100, 1, 2, 3]],
  ['LDID-42 ida: next above', 'ida', [0x100, 0x100, 0x101], [0x100, 0x101, 0x102]],
  ['LDID-42 ida: none above though others are free', 'ida', [0xffff, 0xffff], [0xffff, undefined]],
  ['LDID-45 a request for 0 is one for 1', 'wrap', [0, 0, 1], [1, 2, 3]],
  ['LDID-45 under bitmap as well', 'bitmap', [0, 0], [1, 2]],
  ['LDID-45 under ida as well', 'ida', [0, 0], [1, 2]],
];
for (const [title, policy, requests, expected] of ROWS)
  pool(title, () => assert.equal(replay(requests, policy), expected));

pool('LDID-42 wrap is what one gets without a choice', () => assert.is(make().pool.policy, 'wrap'));

pool('LDID-41 a collision is told with what was asked for and what was used', () => {
  const { pool: p, log } = make();
  p.take(0x100);
  assert.is(log.length, 0);
  p.take(0x100);
  assert.equal(log, [{ level: 'info', code: 'pci-domain-collision', fields: { requested: 0x100, used: 0x101 } }]);
});

pool('LDID-42 no number left', () => {
  const { pool: p } = make();
  for (let domain = 1; domain <= 0xffff; domain++) p.take(domain);
  assert.is(p.taken, 0xffff);
  assert.equal(p.take(5), { ok: false, errno: 'ENOSPC' });
  p.give(0x1234);
  assert.equal(p.take(5), { ok: true, value: 0x1234 });
});

pool('LDID-43 the same offers in the same order get the same numbers; another order may differ', () => {
  // Three instance GUIDs whose bytes 4 and 5 are equal.
  const offers = ['34120001', '34120002', '34120003'].map((bytes) => requestedDomain(guid(bytes)));
  assert.equal(replay(offers), [0x1234, 0x1235, 0x1236]);
  assert.equal(replay(offers), replay(offers));
  const mixed = [0x1234, 0x1235, 0x1234];
  assert.equal(replay(mixed), [0x1234, 0x1235, 0x1236]);
  assert.equal(replay([0x1234, 0x1234, 0x1235]), [0x1234, 0x1235, 0x1236]);
});

pool('LDID-44 a number that was given back is free', () => {
  const { pool: p } = make();
  p.take(0x37a9);
  assert.ok(p.isTaken(0x37a9));
  p.give(0x37a9);
  p.give(0x37a9);
  assert.not.ok(p.isTaken(0x37a9));
  assert.is(p.taken, 0);
  assert.equal(p.take(0x37a9), { ok: true, value: 0x37a9 });
});

/** Two devices with equal bytes 4 and 5 and different 6 and 7, one after the other. */
function reuse(skipUnregister: boolean): { second: ReturnType<LogicalDeviceIdTable['registerBus']>; domain: number } {
  const table = new LogicalDeviceIdTable(() => undefined);
  const { pool: p } = make();
  const a = guid('34120100');
  const first = p.take(requestedDomain(a));
  assert.equal(first, { ok: true, value: 0x1234 });
  assert.ok(table.registerBus(0x1234, logicalDeviceIdPrefix(a)).ok);
  if (!skipUnregister) table.unregisterBus(0x1234);
  p.give(0x1234);
  const b = guid('3412f8aa');
  const domain = p.take(requestedDomain(b));
  if (!domain.ok) throw new Error('no domain');
  return { second: table.registerBus(domain.value, logicalDeviceIdPrefix(b)), domain: domain.value };
}

pool('LDID-46 the number of a device that went comes back with another prefix', () => {
  const { second, domain } = reuse(false);
  assert.is(domain, 0x1234);
  assert.ok(second.ok);
});

pool('LDID-46 where the first was not unregistered the second is refused', () => {
  assert.equal(reuse(true).second, { ok: false, errno: 'EEXIST' });
});

pool.run();
