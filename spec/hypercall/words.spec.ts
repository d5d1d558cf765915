import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { controlWord, splitControlWord, splitResult } from '../../src/hypercall/words.js';

const words = suite('control and result words');

// Control words of a real guest's calls, taken apart by hand after the TLFS bit positions.
const ROWS = [
  {
    control: 0x5cn,
    note: 'post message',
    code: 0x5c,
    fast: false,
    varQwords: 0,
    reps: 0,
    repStart: 0,
    reserved: 0n,
    nested: false,
  },
  {
    control: 0x1005dn,
    note: 'fast signal',
    code: 0x5d,
    fast: true,
    varQwords: 0,
    reps: 0,
    repStart: 0,
    reserved: 0n,
    nested: false,
  },
  {
    control: 0x4007en,
    note: 'retarget, one bank',
    code: 0x7e,
    fast: false,
    varQwords: 2,
    reps: 0,
    repStart: 0,
    reserved: 0n,
    nested: false,
  },
  {
    control: 0x1fb000000b3n,
    note: 'a full map',
    code: 0xb3,
    fast: false,
    varQwords: 0,
    reps: 507,
    repStart: 0,
    reserved: 0n,
    nested: false,
  },
  {
    control: 0x6401fa000000b3n,
    note: 'resumed at 100 of 506',
    code: 0xb3,
    fast: false,
    varQwords: 0,
    reps: 506,
    repStart: 100,
    reserved: 0n,
    nested: false,
  },
  {
    control: 0x1000000000b4n,
    note: 'a count that spilled into bit 44',
    code: 0xb4,
    fast: false,
    varQwords: 0,
    reps: 0,
    repStart: 0,
    reserved: 0x100000000000n,
    nested: false,
  },
  {
    control: 0xffffffffffffffffn,
    note: 'all ones',
    code: 0xffff,
    fast: true,
    varQwords: 1023,
    reps: 4095,
    repStart: 4095,
    reserved: 0xf000f00078000000n,
    nested: true,
  },
] as const;

for (const { control, note, ...parts } of ROWS) {
  words(`COM-01, COM-05: ${note}`, () => {
    assert.equal(splitControlWord(control), parts);
    assert.is(controlWord(parts) | parts.reserved, control);
  });
}

words('COM-05: a result, exactly', () => {
  assert.equal(splitResult(0x1f00000000bn), { status: 0xb, repsDone: 496, reserved: 0n });
  assert.equal(splitResult(0xffffffffffffffffn), { status: 0xffff, repsDone: 4095, reserved: 0xfffff000ffff0000n });
});

words.run();
