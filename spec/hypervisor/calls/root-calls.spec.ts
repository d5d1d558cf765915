import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_features_ebx } from '../../../src/abi/hv/cpuid.js';
import {
  hv_input_add_logical_processor,
  hv_input_get_logical_processor_run_time,
} from '../../../src/abi/hv/logical-processor.js';
import { hv_create_vp } from '../../../src/abi/hv/vp.js';
import { encode } from '../../../src/layout/codec.js';
import { callFast, callSlow, OUTPUT, PartitionRig, type RigOptions, type SlowCall } from '../partition-rig.js';

const SELF = 0xffffffffffffffffn;
const ROOT = 1n;

class RootRig extends PartitionRig {
  constructor(options: RigOptions = {}) {
    super({ isRoot: true, vps: [0, 1, 5], ...options });
    this.memory.write(OUTPUT, new Uint8Array(64).fill(0xa5));
  }

  call(call: SlowCall, input: Uint8Array = new Uint8Array(0)): [number, number] {
    return callSlow(this, this.partition.gate(0), call, input);
  }

  deposit(frames: readonly number[], partitionId = ROOT, repStart = 0): [number, number] {
    return this.call({ code: 0x48, reps: frames.length, repStart }, qwords([partitionId, ...frames.map(BigInt)]));
  }

  withdraw(reps: number, partitionId = ROOT): [number, number] {
    return this.call({ code: 0x49, reps }, qwords([partitionId, 0n]));
  }

  add(index: number): [number, number] {
    return this.call({ code: 0x76 }, addInput(index));
  }

  create(index: number, partitionId = ROOT): [number, number] {
    return this.call({ code: 0x4e }, createInput(index, partitionId));
  }

  runTime(index: number): [number, number] {
    return this.call({ code: 4 }, encode(hv_input_get_logical_processor_run_time, { lp_index: index }));
  }
}

function qwords(words: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(words).buffer);
}

function u32s(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function addInput(lp_index: number): Uint8Array {
  const bytes = new Uint8Array(hv_input_add_logical_processor.size);
  bytes.set(u32s(lp_index, lp_index));
  return bytes;
}

function createInput(index: number, partitionId: bigint): Uint8Array {
  const bytes = new Uint8Array(hv_create_vp.size);
  bytes.set(qwords([partitionId]));
  bytes.set(u32s(index), 8);
  // What an older kernel leaves in the padding (offset 12) is not looked at.
  bytes.set([0xde, 0xad, 0xbe], 12);
  return bytes;
}

const root = suite('hypervisor: calls of a root partition');

root('there are none for others, who may be let ask for their id', () => {
  const codes = [0x46, 0x48, 0x49, 0x4e, 0x04, 0x76, 0x7b, 0x7c, 0x7d, 0x84, 0x87];
  const rig = new PartitionRig();
  for (const code of codes) assert.equal(callSlow(rig, rig.partition.gate(0), { code }, new Uint8Array(0)), [2, 0]);
  assert.is(rig.partition.machine, undefined);
  const asking = new PartitionRig({ bits: { privileges: hv_features_ebx.HV_ACCESS_PARTITION_ID }, partitionId: 0x42n });
  assert.equal(callSlow(asking, asking.partition.gate(0), { code: 0x46 }, new Uint8Array(0)), [0, 0]);
  assert.is(asking.memory.readU64(OUTPUT), 0x42n);
  assert.equal(callSlow(asking, asking.partition.gate(0), { code: 0x48, reps: 1 }, new Uint8Array(16)), [2, 0]);
});

root('its id is 1', () => {
  const rig = new RootRig();
  assert.equal(rig.call({ code: 0x46 }), [0, 0]);
  assert.is(rig.memory.readU64(OUTPUT), 1n);
  const registers = new BigUint64Array(4);
  assert.equal(callFast(rig.partition.gate(0), { code: 0x46 }, registers), [0, 0]);
  assert.is(registers[0], 1n);
});

root('a processor costs a page: memory is short, is deposited, and then it does', () => {
  const rig = new RootRig();
  assert.equal(rig.add(1), [0xb, 0]);
  assert.is(rig.hex(OUTPUT, 8), 'a5'.repeat(8), 'no output without success');
  assert.equal(rig.deposit([0x20]), [0, 1]);
  assert.equal(rig.add(1), [0, 0]);
  assert.is(rig.hex(OUTPUT, 56), '00'.repeat(56));
  assert.equal(rig.create(1), [0xb, 0]);
  assert.equal(rig.deposit([0x21], SELF), [0, 1]);
  assert.equal(rig.create(1), [0, 0]);
  const { machine } = rig.partition;
  assert.equal(machine!.logicalProcessors, [0, 1]);
  assert.equal(machine!.virtualProcessors, [0, 1]);
  assert.is(machine!.accounts.of(ROOT)!.free, 0);
});

root('pages that the hypervisor has spare a deposit', () => {
  const rig = new RootRig({ rootPages: 2 });
  assert.equal(
    [rig.add(1), rig.create(1), rig.add(5)],
    [
      [0, 0],
      [0, 0],
      [0xb, 0],
    ],
  );
});

root('an index that is not there, or is taken, is refused and costs nothing', () => {
  const rig = new RootRig({ rootPages: 2 });
  for (const index of [0, 2, 0xffffffff]) {
    assert.equal(rig.add(index), [0x41, 0]);
    assert.equal(rig.create(index), [0xe, 0]);
  }
  assert.equal(rig.create(1, 7n), [0xd, 0]);
  assert.is(rig.partition.machine!.accounts.of(ROOT)!.free, 2);
});

root('a processor has run time once it runs', () => {
  const rig = new RootRig({ rootPages: 1 });
  rig.queue.advance(1500);
  assert.equal(rig.runTime(1), [0x41, 0]);
  assert.equal(rig.add(1), [0, 0]);
  assert.equal(rig.runTime(1), [0, 0]);
  assert.equal([rig.memory.readU64(OUTPUT), rig.memory.readU64(OUTPUT + 8)], [15000n, 15000n]);
  assert.equal(rig.runTime(0), [0, 0]);
});

root('a deposit stops at the first frame that is none, or is given already', () => {
  const rig = new RootRig();
  assert.equal(rig.deposit([0x20, 0x21, 0x100]), [5, 2]);
  assert.equal(rig.deposit([0x22, 0x20]), [5, 1]);
  assert.equal(rig.deposit([0x23, 0x23]), [5, 1]);
  assert.equal(rig.call({ code: 0x48, reps: 1 }, qwords([ROOT, 1n << 52n])), [5, 0]);
  assert.equal(rig.call({ code: 0x48, reps: 1 }, qwords([ROOT, 0xffffffffffffffffn])), [5, 0]);
  assert.equal(rig.deposit([0x24], 9n), [0xd, 0]);
  assert.is(rig.partition.machine!.accounts.of(ROOT)!.deposited, 4);
});

root('a deposit goes on where it stopped, and in slices', () => {
  const rig = new RootRig({ sliceReps: 2 });
  assert.equal(rig.deposit([0x20, 0x21, 0x22, 0x23, 0x24]), [0, 5]);
  assert.equal(rig.deposit([0x20, 0x21, 0x30], ROOT, 2), [0, 3]);
  assert.is(rig.partition.machine!.accounts.of(ROOT)!.deposited, 6);
});

root('frames come back as they were given, unless they are in use', () => {
  const rig = new RootRig();
  rig.deposit([0x20, 0x21, 0x22]);
  rig.add(1);
  assert.equal(rig.withdraw(1), [0, 1]);
  assert.is(rig.memory.readU64(OUTPUT), 0x21n);
  assert.equal(rig.withdraw(4), [0x1d, 1]);
  assert.is(rig.memory.readU64(OUTPUT), 0x22n);
  assert.equal(rig.withdraw(1), [0x1d, 0]);
  assert.equal(rig.withdraw(1, 3n), [0xd, 0]);
  assert.is(rig.partition.machine!.accounts.of(ROOT)!.deposited, 1);
  assert.equal(rig.deposit([0x21]), [0, 1], 'it may be given again');
});

root('events are noted and sleep states entered; others are refused', () => {
  const rig = new RootRig();
  const { machine } = rig.partition;
  assert.equal(rig.call({ code: 0x87 }, u32s(4, 0)), [0, 0]);
  assert.equal(rig.call({ code: 0x87 }, u32s(4, 0)), [0, 0]);
  assert.equal(rig.call({ code: 0x87 }, u32s(2, 1)), [0, 0]);
  assert.equal(rig.call({ code: 0x87 }, u32s(3, 0)), [5, 0]);
  assert.equal(machine!.events, [4, 2]);
  for (const state of [0, 7, 0xffffffff]) assert.equal(rig.call({ code: 0x84 }, u32s(state, 0)), [5, 0]);
  assert.is(machine!.sleepState, undefined);
  assert.equal(rig.call({ code: 0x84 }, u32s(5, 0)), [0, 0]);
  assert.is(machine!.sleepState, 5);
});

root('properties of the hypervisor are there when they are given', () => {
  const ask = (rig: RootRig, property: number) => rig.call({ code: 0x7b }, u32s(property, 0, 0, 0));
  assert.equal(ask(new RootRig(), 15), [2, 0]);
  const rig = new RootRig({ systemProperties: new Map([[15, 4n]]) });
  assert.equal(ask(rig, 15), [0, 0]);
  assert.is(rig.memory.readU64(OUTPUT), 4n);
  assert.equal(ask(rig, 47), [9, 0]);
});

root.run();
