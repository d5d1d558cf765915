import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { perArch, versions } from '../../src/layout/group.js';
import {
  type Hypercall,
  hypercall,
  inputSide,
  MAX_REP_COUNT,
  outputSide,
  repLimits,
} from '../../src/layout/hypercall.js';
import { rep, varhead } from '../../src/layout/list.js';
import { bytes, u8, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';

const origin = { from: 'a specification', version: 'v1' };
const fixed = struct('fixed', 0x18, { a: u64, b: u64, c: u64 });
const pages = struct('pages', 0x28, { head: bytes(0x28), list: rep(u64) });
const banks = struct('banks', 0x18, {
  a: u64,
  format: u64,
  mask: u64,
  contents: varhead(u64, { count: { popcount: 'mask' } }),
  list: rep(u64),
});
const wide = struct('wide', 0x10, { a: u64, b: u64, list: rep(struct({ x: u64, y: u64 })) });
const outs = struct('outs', 0, { list: rep(struct({ x: bytes(16) })) });
const byteList = struct('byteList', 0, { list: rep(u8) });
const archs = perArch({
  x64: struct('p', 8, { a: u64, list: rep(u64) }),
  arm64: struct('p', 16, { a: u64, b: u64, list: rep(u32) }),
});
const aged = versions({
  old: struct('v', 8, { a: u64, list: rep(u64) }),
  new: struct('v', 16, { a: u64, b: u64, list: rep(u64) }),
});

const forms = suite('layout: hypercall, its form');

const calls: { call: Hypercall; form: string }[] = [
  { call: hypercall('A', 1, origin), form: 'simple' },
  { call: hypercall('B', 2, origin, { input: fixed }), form: 'simple' },
  { call: hypercall('C', 3, origin, { input: pages, rep: 'list' }), form: 'rep' },
  { call: hypercall('D', 4, origin, { input: fixed, output: outs, outRep: 'list' }), form: 'rep' },
  { call: hypercall('E', 5, origin, { input: fixed, rep: true }), form: 'rep' },
  { call: hypercall('F', 6, origin, { input: banks, varhead: 24 }), form: 'varhead' },
  { call: hypercall('G', 7, origin, { input: banks, varhead: 24, rep: 'list' }), form: 'rep+varhead' },
  { call: hypercall('H', 8, origin, { input: fixed, fast: 16 }), form: 'fast16' },
  { call: hypercall('I', 9, origin, { fast: 8 }), form: 'fast8' },
];
for (const { call, form } of calls) forms(`${call.name} is ${form}`, () => assert.is(call.form, form));

forms('keeps what it is given', () => {
  const call = hypercall('HVCALL_X', 0xffff, origin, {
    alias: ['HvCallX'],
    linuxBatch: 7,
    note: 'a note',
    varhead: { x64: 8, arm64: 16 },
  });
  assert.equal(
    [call.code, call.alias, call.linuxBatch, call.note, call.varhead, call.origin],
    [0xffff, ['HvCallX'], 7, 'a note', { x64: 8, arm64: 16 }, origin],
  );
  assert.equal(hypercall('B', 2, origin, { varhead: 24 }).varhead, { x64: 24, arm64: 24 });
  assert.equal(hypercall('B', 2, origin).alias, []);
});

forms.run();

const sides = suite('layout: inputSide and outputSide');

const areas: { note: string; side: ReturnType<typeof inputSide>; is: [string | undefined, number, number] }[] = [
  { note: 'no input', side: inputSide(hypercall('A', 1, origin)), is: [undefined, 0, 0] },
  { note: 'a fixed input', side: inputSide(hypercall('B', 2, origin, { input: fixed })), is: ['fixed', 24, 0] },
  {
    note: 'a header and elements',
    side: inputSide(hypercall('C', 3, origin, { input: pages, rep: 'list' })),
    is: ['pages', 40, 8],
  },
  {
    note: 'the bytes in front of the variable header',
    side: inputSide(hypercall('F', 6, origin, { input: banks, varhead: 8, rep: 'list' })),
    is: ['banks', 8, 8],
  },
  {
    note: 'reps without elements',
    side: inputSide(hypercall('E', 5, origin, { input: fixed, rep: true })),
    is: ['fixed', 24, 0],
  },
  { note: 'x64', side: inputSide(hypercall('P', 5, origin, { input: archs, rep: 'list' })), is: ['p', 8, 8] },
  {
    note: 'arm64',
    side: inputSide(hypercall('P', 5, origin, { input: archs, rep: 'list' }), 'arm64'),
    is: ['p', 16, 4],
  },
  {
    note: 'the newest version',
    side: inputSide(hypercall('V', 5, origin, { input: aged, rep: 'list' })),
    is: ['v', 16, 8],
  },
  {
    note: 'a version by name',
    side: inputSide(hypercall('V', 5, origin, { input: aged, rep: 'list' }), 'x64', 'old'),
    is: ['v', 8, 8],
  },
  {
    note: 'an output list',
    side: outputSide(hypercall('D', 4, origin, { output: outs, outRep: 'list' })),
    is: ['outs', 0, 16],
  },
  {
    note: 'an output list of a version',
    side: outputSide(hypercall('V', 4, origin, { output: aged, outRep: 'list' }), 'x64', 'old'),
    is: ['v', 8, 8],
  },
  { note: 'a fixed output', side: outputSide(hypercall('B', 2, origin, { output: fixed })), is: ['fixed', 24, 0] },
  { note: 'no output', side: outputSide(hypercall('B', 2, origin, { input: fixed })), is: [undefined, 0, 0] },
];
for (const { note, side, is } of areas)
  sides(note, () => assert.equal([side.type?.name, side.header, side.element], is));

sides('asked again gives the same', () => {
  const call = hypercall('P', 5, origin, { input: archs, rep: 'list' });
  for (let i = 0; i < 2; i++) {
    assert.is(inputSide(call).header, 8);
    assert.is(inputSide(call, 'arm64').header, 16);
  }
});

sides.run();

const limits = suite('layout: repLimits');

// By hand: (4096 - header - 8 × qwords of the variable header) / element, rounded down.
const bounds: { note: string; is: ReturnType<typeof repLimits>; expected: ReturnType<typeof repLimits> }[] = [
  { note: 'no reps', is: repLimits(hypercall('B', 2, origin, { input: fixed })), expected: undefined },
  {
    note: 'map_device_gpa_pages: 507',
    is: repLimits(hypercall('C', 3, origin, { input: pages, rep: 'list' })),
    expected: { maxReps: 507, boundBy: 'input page', inputPage: 507 },
  },
  {
    note: 'elements of 16 bytes',
    is: repLimits(hypercall('W', 3, origin, { input: wide, rep: 'list' })),
    expected: { maxReps: 255, boundBy: 'input page', inputPage: 255 },
  },
  {
    note: 'the output page bounds',
    is: repLimits(hypercall('O', 3, origin, { input: pages, output: outs, rep: 'list', outRep: 'list' })),
    expected: { maxReps: 256, boundBy: 'output page', inputPage: 507, outputPage: 256 },
  },
  {
    note: 'the input page bounds',
    is: repLimits(hypercall('O', 3, origin, { input: pages, output: byteList, rep: 'list', outRep: 'list' })),
    expected: { maxReps: 507, boundBy: 'input page', inputPage: 507, outputPage: 4096 },
  },
  {
    note: 'the control word bounds',
    is: repLimits(hypercall('O', 3, origin, { input: byteList, rep: 'list' })),
    expected: { maxReps: 4095, boundBy: '12-bit rep field', inputPage: 4096 },
  },
  {
    note: 'reps without elements',
    is: repLimits(hypercall('E', 5, origin, { input: fixed, rep: true })),
    expected: { maxReps: 4095, boundBy: '12-bit rep field' },
  },
  {
    note: 'a variable header takes its share',
    is: repLimits(hypercall('G', 7, origin, { input: banks, varhead: 24, rep: 'list' }), 'x64', 3),
    expected: { maxReps: 506, boundBy: 'input page', inputPage: 506 },
  },
  {
    note: 'by architecture',
    is: repLimits(hypercall('P', 5, origin, { input: archs, rep: 'list' }), 'arm64'),
    expected: { maxReps: 1020, boundBy: 'input page', inputPage: 1020 },
  },
];
for (const { note, is, expected } of bounds) limits(note, () => assert.equal(is, expected));

limits('the rep count has 12 bits', () => {
  assert.is(MAX_REP_COUNT, 2 ** 12 - 1);
});

limits.run();
