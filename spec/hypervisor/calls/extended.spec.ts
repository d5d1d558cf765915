import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_features_ebx } from '../../../src/abi/hv/cpuid.js';
import { callFast, callSlow, OUTPUT, PartitionRig, type RigOptions } from '../partition-rig.js';

const MAY_ASK = { bits: { privileges: hv_features_ebx.HV_ENABLE_EXTENDED_HYPERCALLS } };

const extended = suite('hypervisor: extended capabilities 0x8001');

for (const [what, options, outcome, output] of [
  ['without the privilege there is no such call', {}, [2, 0], 'a5a5a5a5a5a5a5a5'],
  ['with it there are none by default', MAY_ASK, [0, 0], '0000000000000000'],
  [
    'a mask is answered as given',
    { ...MAY_ASK, extendedCapabilities: 0x8000000000000006n },
    [0, 0],
    '0600000000000080',
  ],
] as readonly (readonly [string, RigOptions, [number, number], string])[])
  extended(what, () => {
    const rig = new PartitionRig(options);
    rig.memory.write(OUTPUT, new Uint8Array(8).fill(0xa5));
    assert.equal(callSlow(rig, rig.partition.gate(0), { code: 0x8001 }, new Uint8Array(0)), outcome);
    assert.is(rig.hex(OUTPUT, 8), output);
  });

extended('a fast one is answered in registers', () => {
  const rig = new PartitionRig({ extendedCapabilities: 0x55n });
  const registers = BigUint64Array.of(7n, 7n);
  assert.equal(callFast(rig.partition.gate(0), { code: 0x8001 }, registers), [0, 0]);
  assert.equal([...registers], [0x55n, 0n]);
});

extended.run();
