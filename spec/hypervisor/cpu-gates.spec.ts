import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HVGDK_MINI } from '../../src/abi/origin.js';
import { CONVENTIONS } from '../../src/hypercall/conventions.js';
import { hypercall } from '../../src/layout/hypercall.js';
import { rep } from '../../src/layout/list.js';
import { u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { callFast, callSlow, INPUT, OUTPUT, PartitionRig, type RigOptions } from './partition-rig.js';

const test = suite('hypervisor: hypercalls through a CPU’s gate and through registers (COM-01, COM-05)');

const pair = struct('pair', 16, { a: u64, b: u64 });
const one = struct('one', 8, { a: u64 });
const ADD = hypercall('ADD', 0x7001, HVGDK_MINI, { input: pair, output: one });
const list = struct('list', 8, { header: u64, elements: rep(u64) });
const results = struct('results', 0, { values: rep(u64) });
const SQUARE = hypercall('SQUARE', 0x7002, HVGDK_MINI, {
  input: list,
  rep: 'elements',
  output: results,
  outRep: 'values',
});

function rigWithCalls(options: RigOptions = {}): PartitionRig {
  const rig = new PartitionRig(options);
  rig.partition.calls.serve(ADD, ({ input, output }) => {
    output.setBigUint64(0, input.getBigUint64(0, true) + input.getBigUint64(8, true), true);
    return 0;
  });
  rig.partition.calls.serve(SQUARE, (call) => {
    for (let i = call.repStart; i < call.repEnd; i++) {
      const value = call.input.getBigUint64(call.listAt + 8 * i, true);
      call.done = i;
      if (value === 0n) return 0x41;
      call.output.setBigUint64(8 * i, value * value, true);
    }
    call.done = call.repEnd;
    return 0;
  });
  return rig;
}

const words = (...values: bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(values).buffer);

test('a memory-based call', () => {
  const rig = rigWithCalls();
  assert.equal(callSlow(rig, rig.partition.gate(0), { code: 0x7001 }, words(3n, 4n)), [0, 0]);
  assert.is(rig.memory.readU64(OUTPUT), 7n);
});

test('a fast call: output in the pair behind the input', () => {
  const rig = rigWithCalls();
  const registers = BigUint64Array.of(3n, 4n, 99n, 99n, 99n);
  assert.equal(callFast(rig.partition.gate(0), { code: 0x7001 }, registers), [0, 0]);
  assert.equal([...registers], [3n, 4n, 7n, 0n, 99n]);
});

test('reps: all, and up to the one that fails', () => {
  const rig = rigWithCalls();
  const gate = rig.partition.gate(0);
  assert.equal(callSlow(rig, gate, { code: 0x7002, reps: 3 }, words(0n, 2n, 3n, 4n)), [0, 3]);
  assert.equal(
    [0, 8, 16].map((at) => rig.memory.readU64(OUTPUT + at)),
    [4n, 9n, 16n],
  );
  assert.equal(callSlow(rig, gate, { code: 0x7002, reps: 3, repStart: 1 }, words(0n, 5n, 6n, 0n)), [0x41, 2]);
  assert.equal(
    [0, 8, 16].map((at) => rig.memory.readU64(OUTPUT + at)),
    [4n, 36n, 16n],
  );
});

test('a time slice that ends: the gate goes on, the registers say where', () => {
  const rig = rigWithCalls({ sliceReps: 2 });
  const gate = rig.partition.gate(0);
  assert.equal(callSlow(rig, gate, { code: 0x7002, reps: 5 }, words(0n, 2n, 3n, 4n, 5n, 6n)), [0, 5]);
  assert.equal(
    [0, 32].map((at) => rig.memory.readU64(OUTPUT + at)),
    [4n, 36n],
  );
  assert.equal(
    rig.kinds('hypercall').map(({ control, start, result }) => [control, start, result]),
    [
      ['0x500007002', 0, '0x200000078'],
      ['0x2000500007002', 2, '0x400000078'],
      ['0x4000500007002', 4, '0x500000000'],
    ],
  );
});

test('the same as a partial success', () => {
  const rig = rigWithCalls({ sliceReps: 2, continuation: 'partial' });
  const gate = rig.partition.gate(0);
  assert.equal(callSlow(rig, gate, { code: 0x7002, reps: 5 }, words(0n, 2n, 3n, 4n, 5n, 6n)), [0, 2]);
  assert.equal(callSlow(rig, gate, { code: 0x7002, reps: 5, repStart: 4 }, words(0n, 2n, 3n, 4n, 5n, 6n)), [0, 5]);
});

test('the control word says what the registers hold, whichever way the call comes', () => {
  const rig = rigWithCalls();
  const gate = rig.partition.gate(0);
  rig.memory.write(INPUT, words(30n, 40n));
  gate.hypercallFast(0x7001, 0, BigUint64Array.of(BigInt(INPUT), BigInt(OUTPUT)));
  assert.is(rig.memory.readU64(OUTPUT), 70n);
  rig.partition.listenSignals(0x10003, () => undefined);
  gate.hypercall(0x1005d, 0, 0x10003, 0);
  assert.equal([gate.resultLo, gate.resultHi], [0, 0]);
});

test('a handler may call out of the same VP again', () => {
  const rig = rigWithCalls();
  const gate = rig.partition.gate(0);
  rig.partition.listenSignals(1, () => {
    assert.equal(callSlow(rig, rig.partition.gate(0), { code: 0x7001 }, words(1n, 1n)), [0, 0]);
  });
  assert.equal(callFast(gate, { code: 0x5d }, BigUint64Array.of(1n)), [0, 0]);
});

test('what follows from a call comes after it', () => {
  const rig = rigWithCalls();
  rig.partition.listenSignals(1, () => rig.partition.afterCall(() => rig.partition.interrupt(1, 0x99)));
  callFast(rig.partition.gate(0), { code: 0x5d }, BigUint64Array.of(1n));
  assert.equal(
    rig.events.map(({ k }) => k),
    ['hypercall', 'msi'],
  );
});

for (const [how, call] of [
  ['slow', (rig: PartitionRig) => callSlow(rig, rig.partition.gate(0), { code: 0x7003 }, words(1n, 0n))],
  ['fast', (rig: PartitionRig) => callFast(rig.partition.gate(0), { code: 0x7003 }, BigUint64Array.of(1n, 0n))],
  ['register', (rig: PartitionRig) => rig.partition.hypercall(0, CONVENTIONS.x64, { RCX: 0x17003n, RDX: 1n, R8: 0n })],
] as const)
  test(`a handler of the embedder that throws out of a ${how} call does not use up a frame`, () => {
    const rig = rigWithCalls();
    const inputs = new Set<DataView>();
    rig.partition.calls.serve(hypercall('THROW', 0x7003, HVGDK_MINI, { input: pair }), ({ input }) => {
      inputs.add(input);
      throw new Error('the handler’s own');
    });
    for (let i = 0; i < 3; i++) assert.throws(() => call(rig), /the handler’s own/);
    assert.is(inputs.size, 1);
    assert.equal(callSlow(rig, rig.partition.gate(0), { code: 0x7001 }, words(3n, 4n)), [0, 0]);
  });

test('what follows from a call and throws keeps nothing else from coming, at the end of the next call', () => {
  const rig = rigWithCalls();
  const done: string[] = [];
  rig.partition.listenSignals(1, () => {
    rig.partition.afterCall(() => {
      throw new Error('the sink’s own');
    });
    for (const what of ['second', 'third']) rig.partition.afterCall(() => void done.push(what));
  });
  assert.throws(() => callFast(rig.partition.gate(0), { code: 0x5d }, BigUint64Array.of(1n)), /the sink’s own/);
  assert.equal(done, []);
  assert.equal(callSlow(rig, rig.partition.gate(0), { code: 0x7001 }, words(3n, 4n)), [0, 0]);
  assert.equal(done, ['second', 'third']);
});

for (const [what, input, output, status] of [
  ['input outside of memory', 0x7fff_f000, OUTPUT, 3],
  ['input beyond 52 bits, unaligned', 2 ** 52 + 4, OUTPUT, 4],
  ['output outside of memory', INPUT, 0x7fff_f000, 3],
  ['input over the end of its page', INPUT + 0xff8, OUTPUT, 3],
  ['unaligned input', INPUT + 4, OUTPUT, 4],
  ['unaligned output', INPUT, OUTPUT + 4, 4],
] as const)
  test(`${what}: status ${status}`, () => {
    const rig = rigWithCalls();
    const gate = rig.partition.gate(0);
    gate.hypercall(0x7001, 0, input, output);
    assert.equal([gate.resultLo, gate.resultHi], [status, 0]);
  });

test('x64 registers: RAX is the result, nothing else of a call without output', () => {
  const rig = rigWithCalls();
  rig.partition.listenSignals(0x10003, () => undefined);
  const before = { RCX: 0x1005dn, RDX: 0x10003n, R8: 5n, RAX: 0xabcn };
  const { registers, retry } = rig.partition.hypercall(1, CONVENTIONS.x64, before, 0x1234n);
  assert.equal(registers, { ...before, RAX: 0n });
  assert.is(retry, false);
  assert.equal(rig.events, [
    {
      k: 'hypercall',
      vp: 1,
      rip: '0x1234',
      control: '0x1005d',
      code: '0x5d',
      fast: 1,
      var: 0,
      reps: 0,
      start: 0,
      rdx: '0x10003',
      r8: '0x5',
      rax_before: '0xabc',
      in: '0300010000000000',
      result: '0x0',
    },
  ]);
});

test('arm64 registers: X0 is the result, the output behind the input', () => {
  const rig = rigWithCalls({ arch: 'arm64' });
  const before = { X0: 0x46000001n, X1: 0x17001n, X2: 3n, X3: 4n };
  const { registers } = rig.partition.hypercall(0, CONVENTIONS['arm64-smccc'], before, 0x44n);
  assert.equal(registers, { ...before, X0: 0n, X4: 7n });
  const [event] = rig.events;
  assert.is(event!.pc, '0x44');
  assert.not.ok('rip' in event!);
  assert.equal(event!.x, ['0x46000001', '0x17001', '0x3', '0x4', '0x0', '0x0', '0x0', '0x0', '0x0']);
});

test('an instruction that is to be executed again has its result register as it was', () => {
  const rig = rigWithCalls({ sliceReps: 2 });
  rig.memory.write(INPUT, words(0n, 2n, 3n, 4n));
  const before = { RCX: 0x3_0000_7002n, RDX: BigInt(INPUT), R8: BigInt(OUTPUT), RAX: 0x77n };
  const first = rig.partition.hypercall(0, CONVENTIONS.x64, before);
  assert.equal(first, { registers: { ...before, RCX: 0x2_0003_0000_7002n }, retry: true });
  const second = rig.partition.hypercall(0, CONVENTIONS.x64, first.registers);
  assert.equal(second, { registers: { ...first.registers, RAX: 0x3_0000_0000n }, retry: false });
});

test('unknown codes and reserved bits', () => {
  const rig = rigWithCalls();
  const gate = rig.partition.gate(0);
  assert.equal(callSlow(rig, gate, { code: 0x7777 }, words(1n)), [2, 0]);
  gate.hypercall(0x08007001, 0, INPUT, OUTPUT);
  assert.equal([gate.resultLo, gate.resultHi], [3, 0]);
  const lenient = rigWithCalls({ lenient: true });
  lenient.partition.gate(0).hypercall(0x08007001, 0x10000000 | 0, INPUT, OUTPUT);
  assert.is(lenient.partition.gate(0).resultLo, 0);
});

test('a call that is known but not served is recorded with its declared input', () => {
  const rig = rigWithCalls();
  callSlow(rig, rig.partition.gate(0), { code: 0x58 }, words(1n, 2n));
  const [event] = rig.events;
  assert.equal([event!.in, event!.result], ['01000000000000000200000000000000', '0x2']);
});

test('a call is served once, and can be withdrawn', () => {
  const rig = rigWithCalls();
  assert.throws(() => rig.partition.calls.serve(ADD, () => 0), /E_HYPERVISOR/);
  assert.equal([rig.partition.calls.withdraw(0x7001), rig.partition.calls.withdraw(0x7001)], [true, false]);
  assert.equal(callSlow(rig, rig.partition.gate(0), { code: 0x7001 }, words(3n, 4n)), [2, 0]);
});

for (const vps of [[], [1, 0], [0, 0], [-1], [4096], [0.5]])
  test(`VP indices [${vps}] are refused (E_HYPERVISOR)`, () => {
    assert.throws(() => new PartitionRig({ vps }), /E_HYPERVISOR/);
  });

test.run();
