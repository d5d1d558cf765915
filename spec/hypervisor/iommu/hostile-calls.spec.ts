import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_status } from '../../../src/abi/hv/status.js';
import { CONVENTIONS } from '../../../src/hypercall/conventions.js';
import type { IommuOptions } from '../../../src/hypervisor/iommu/iommu-options.js';
import { recordedHost } from '../../../src/hypervisor/iommu/recorded-host.js';
import { INPUT, OUTPUT } from '../partition-rig.js';
import { bytes, DEVICE, domainBytes, IommuRig, LOGICAL, OTHER } from './iommu-rig.js';

const test = suite('hypervisor: device domains and a hostile caller');
const STATUSES: ReadonlySet<number> = new Set(Object.values(hv_status));
/** Calls of devices and their domains, those of 2021 among them, and deposits and withdrawals. */
const FAMILY = [
  0x48, 0x49, 0x82, 0x83, 0xb1, 0xb2, 0xb3, 0xb4, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xce, 0xd0, 0xd1, 0x125, 0x127,
];
const POOL = 20;
const GUEST = 0x42n;

const made = fc.record({
  code: fc.constantFrom(...FAMILY),
  reps: fc.oneof(fc.nat(3), fc.nat(4095)),
  start: fc.oneof(fc.constant(0), fc.nat(4095)),
  name: fc.record({ id: fc.constantFrom(0, 1, 2, 0xffffffff), type: fc.constantFrom(0, 1) }),
  rest: fc.uint8Array({ minLength: 0, maxLength: 64 }),
});

const KINDS: readonly (readonly [string, boolean, IommuOptions])[] = [
  ['root', true, { pagesPerMapping: 1, pagesPerAttachment: 1 }],
  ['root that pays for tables twice', true, { pagesPerTable: 2, capabilities: { maxIovaWidth: 57 } }],
  ['guest', false, {}],
  ['guest with large pages kept whole', false, { largePagesWhole: true, configureLayout: 'series-rfc-2021' }],
  ['L1VH', false, { isL1vh: true, pagesPerAttachment: 2 }],
];

/** Never less than none, never more than there are. */
function checkPages({ iommu }: IommuRig): void {
  const { domains } = iommu;
  const { pool, accounts, partitionId } = domains;
  const deposited = accounts.of(partitionId)?.deposited ?? 0;
  assert.ok(pool.free >= 0 && pool.free <= POOL + deposited, `${pool.free} of ${POOL} + ${deposited}`);
  for (const { mapped } of domains.list()) assert.ok(mapped >= 0);
}

/** When the devices are gone and the domains deleted, all pages are free again. */
function checkEnd({ iommu }: IommuRig): void {
  const { domains } = iommu;
  for (const device of [DEVICE, OTHER, LOGICAL]) domains.removeDevice(device);
  for (const one of domains.list()) domains.delete(domains.find(one)!);
  assert.is(domains.pool.free, POOL + (domains.accounts.of(domains.partitionId)?.deposited ?? 0));
  const guest = domains.accounts.of(GUEST);
  assert.is(guest?.free, guest?.deposited);
}

function checkDevice({ iommu }: IommuRig, device: bigint): void {
  iommu.dma.access(device, 0xffff_ffff_ffff_f000n, 0x1000, 'write');
  iommu.dma.access(device, 0x1000n, 0x3000, 'read');
}

for (const [name, isRoot, options] of KINDS) {
  test(`whatever is called, a status comes back, devices are somewhere and pages add up (${name})`, () => {
    fc.assert(
      fc.property(fc.array(made, { maxLength: 40 }), (calls) => {
        const rig = new IommuRig({ guestPartitions: [GUEST], poolPages: POOL, ...options }, { isRoot });
        for (const { code, reps, start, name: domain, rest } of calls) {
          const [status, done] = rig.call(code, bytes(domainBytes(domain), rest), reps, start);
          assert.ok(STATUSES.has(status), `${code} ${status}`);
          assert.ok(done <= reps);
          checkDevice(rig, isRoot ? DEVICE : LOGICAL);
          checkPages(rig);
        }
        checkEnd(rig);
      }),
      { numRuns: 100 },
    );
  });

  test(`any word, at any address, with any bytes behind it (${name})`, () => {
    const control = fc
      .tuple(fc.constantFrom(...FAMILY), fc.bigInt(0n, (1n << 64n) - 1n), fc.boolean())
      .map(([code, word, isFast]) => (word & ~0x1ffffn) | BigInt(code) | (isFast ? 0x10000n : 0n))
      // Most words have reserved bits, which say nothing of the call.
      .map((word) => (word % 3n === 0n ? word : word & 0x0fff_0fff_07ff_ffffn));
    const gpa = fc.oneof(fc.constant(BigInt(INPUT)), fc.constantFrom(8n, 4n, 0xfffn, 1n << 20n, (1n << 64n) - 8n));
    const call = fc.record({
      control,
      input: gpa,
      output: fc.oneof(fc.constant(BigInt(OUTPUT)), gpa),
      page: fc.uint8Array({ maxLength: 128 }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), fc.boolean(), (calls, isRecorded) => {
        const { formRules } = recordedHost('root');
        const rig = new IommuRig(
          { guestPartitions: [GUEST], poolPages: POOL, ...options },
          { isRoot, ...(isRecorded ? { formRules } : {}) },
        );
        for (const { control: word, input, output, page } of calls) {
          rig.memory.write(INPUT, page);
          const registers = { RCX: word, RDX: input, R8: output };
          const { registers: after } = rig.partition.hypercall(0, CONVENTIONS.x64, registers);
          assert.ok(STATUSES.has(Number(after.RAX! & 0xffffn)), `${word.toString(16)}`);
          checkDevice(rig, isRoot ? DEVICE : LOGICAL);
          checkPages(rig);
        }
        checkEnd(rig);
      }),
      { numRuns: 100 },
    );
  });
}

test.run();
