import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_status } from '../../../src/abi/hv/status.js';
import { FAMILY } from './domain-replay.js';
import { bytes, DEVICE, domainBytes, IommuRig, LOGICAL } from './iommu-rig.js';

const test = suite('hypervisor: device domains and a hostile caller');
const STATUSES: ReadonlySet<number> = new Set(Object.values(hv_status));

const made = fc.record({
  code: fc.constantFrom(...FAMILY),
  reps: fc.oneof(fc.nat(3), fc.nat(4095)),
  start: fc.oneof(fc.constant(0), fc.nat(4095)),
  name: fc.record({ id: fc.constantFrom(0, 1, 2, 0xffffffff), type: fc.constantFrom(0, 1) }),
  rest: fc.uint8Array({ minLength: 0, maxLength: 64 }),
});

for (const isRoot of [true, false])
  test(`whatever is called, a status comes back and devices are somewhere (root: ${isRoot})`, () => {
    fc.assert(
      fc.property(fc.array(made, { maxLength: 40 }), (calls) => {
        const rig = new IommuRig({ guestPartitions: [0x42n], poolPages: 20 }, { isRoot });
        const device = isRoot ? DEVICE : LOGICAL;
        for (const { code, reps, start, name, rest } of calls) {
          const [status, done] = rig.call(code, bytes(domainBytes(name), rest), reps, start);
          assert.ok(STATUSES.has(status), `${code} ${status}`);
          assert.ok(done <= reps);
          rig.iommu.dma.access(device, 0xffff_ffff_ffff_f000n, 0x1000, 'write');
          rig.iommu.dma.access(device, 0x1000n, 0x3000, 'read');
        }
      }),
      { numRuns: 100 },
    );
  });

test.run();
