import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AbiError } from '../../src/bytes/errors.js';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import {
  CONVENTIONS,
  type Convention,
  fastCapacity,
  fastRegisters,
  type Registers,
  readFastInput,
  readFastOutput,
  readSlow,
  slowRegisters,
  withFastOutput,
} from '../../src/hypercall/conventions.js';
import { readProjectText } from '../support/project.js';

interface Case {
  readonly name: string;
  readonly abi: string;
  readonly control: string;
  readonly fast?: readonly string[];
  readonly elements?: number;
  readonly status?: string;
  readonly result?: string | null;
  readonly regs_after?: readonly string[];
}

const { cases } = JSON.parse(readProjectText('fixtures/vectors/hypercall-outcomes.json')) as { cases: Case[] };

function conventionOf(abi: string): Convention {
  if (abi === 'X64') return CONVENTIONS.x64;
  if (abi === 'X86') return CONVENTIONS['x86-32'];
  return abi.startsWith('ArmHv') ? CONVENTIONS['arm64-hvc'] : CONVENTIONS['arm64-smccc'];
}

/** Registers as the dispatcher left them: XMM0 … as 128-bit hex, or X0 … */
function registersAfter(one: Case): Registers {
  const after = one.regs_after ?? [];
  const entries = one.abi.startsWith('X')
    ? after.flatMap((hex, i) => [
        [`XMM${i}.hi`, BigInt(`0x${hex.slice(0, 16)}`)] as const,
        [`XMM${i}.lo`, BigInt(`0x${hex.slice(16)}`)] as const,
      ])
    : after.map((hex, i) => [`X${i}`, BigInt(`0x${hex}`)] as const);
  return Object.fromEntries(entries);
}

function littleEndian(qwords: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(qwords.length * 8);
  qwords.forEach((q, i) => {
    new DataView(bytes.buffer).setBigUint64(i * 8, BigInt(q), true);
  });
  return bytes;
}

const vectors = suite('hypercall conventions: fast calls of OpenVMM');
const got = cases.filter((c) => c.name === 'rep_fast_get' && c.status === 'Success');

vectors('there are cases of three conventions', () => {
  assert.equal([...new Set(got.map((c) => conventionOf(c.abi).name))].sort(), ['arm64-hvc', 'arm64-smccc', 'x64']);
});

for (const one of got) {
  const convention = conventionOf(one.abi);
  vectors(`${convention.name} ${one.control}: input and output where the dispatcher has them`, () => {
    const input = littleEndian(one.fast!);
    const registers = fastRegisters(convention, BigInt(one.control), input);
    assert.is(bytesToHex(readFastInput(convention, registers, input.length)), bytesToHex(input));
    const after = registersAfter(one);
    // The registers in which an input qword travelled and no output came back are as the dispatcher saw them.
    one.fast!.forEach((qword, i) => {
      const [name] = convention.fast[i]!;
      if (name! in after && i < 2 * Math.ceil(one.fast!.length / 2)) assert.is(after[name!], BigInt(qword), name);
      assert.is(registers[name!], BigInt(qword), name);
    });
    const outputBytes = 16 * one.elements!;
    const values = readFastOutput(convention, after, input.length, outputBytes);
    // The probe's handler answers register i with 0x11112222333344 followed by i.
    const expected = Array.from({ length: one.elements! }, (_, i) => `0${i}443333222211110000000000000000`);
    assert.is(bytesToHex(values), expected.join(''));
    // And written the way the dispatcher wrote them.
    const written = withFastOutput(convention, registers, input.length, values, BigInt(one.result!));
    for (const [name, value] of Object.entries(written))
      if (name in after && value !== 0n) assert.is(after[name], value, name);
    assert.is(written[convention.result[0]!], BigInt(one.result!));
  });
}

for (const one of cases.filter((c) => c.name === 'rep_fast_get' && c.abi === 'X86')) {
  vectors(`x86-32 ${one.control}: refused there, and here`, () => {
    assert.is(one.status, 'InvalidHypercallInput');
    const input = littleEndian(one.fast!);
    assert.throws(
      () => fastRegisters(CONVENTIONS['x86-32'], BigInt(one.control), input, 16 * 3),
      (e: unknown) => e instanceof AbiError && e.code === 'E_LENGTH',
    );
  });
}

vectors('x64: five names and five values do not fit the registers', () => {
  const tooMany = cases.find(
    (c) => c.name === 'rep_fast_get' && c.abi === 'X64' && c.status === 'InvalidHypercallInput',
  )!;
  assert.throws(
    () => fastRegisters(CONVENTIONS.x64, BigInt(tooMany.control), littleEndian(tooMany.fast!), 80),
    (e: unknown) => e instanceof AbiError && e.code === 'E_LENGTH',
  );
});

vectors.run();

const rules = suite('hypercall conventions: rules');

// TLFS: XMM0-XMM5 behind two general registers; eight pairs on arm64; one on x86-32.
rules('room for fast input and output', () => {
  assert.equal(
    Object.values(CONVENTIONS).map((c) => [c.name, fastCapacity(c), c.instruction]),
    [
      ['x64', 112, 3],
      ['x86-32', 16, 3],
      ['arm64-hvc', 128, 4],
      ['arm64-smccc', 128, 4],
    ],
  );
});

rules('a memory-based call by hand, each convention', () => {
  const expected: Record<string, Registers> = {
    x64: { RCX: 0x1fb000000b3n, RDX: 0x1_2345_6000n, R8: 0x7000n },
    'x86-32': { EDX: 0x1fbn, EAX: 0xb3n, EBX: 1n, ECX: 0x23456000n, EDI: 0n, ESI: 0x7000n },
    'arm64-hvc': { X0: 0x1fb000000b3n, X1: 0x1_2345_6000n, X2: 0x7000n },
    'arm64-smccc': { X1: 0x1fb000000b3n, X2: 0x1_2345_6000n, X3: 0x7000n },
  };
  for (const convention of Object.values(CONVENTIONS)) {
    const registers = slowRegisters(convention, 0x1fb000000b3n, 0x1_2345_6000n, 0x7000n);
    assert.equal(registers, expected[convention.name], convention.name);
    assert.equal(readSlow(convention, registers), {
      control: 0x1fb000000b3n,
      inputGpa: 0x1_2345_6000n,
      outputGpa: 0x7000n,
    });
  }
});

rules('x86-32 signals an event in two register pairs', () => {
  const registers = fastRegisters(CONVENTIONS['x86-32'], 0x1005dn, hexToBytes('0520000007000000'));
  assert.equal(registers, { EAX: 0x1005dn, EDX: 0n, ECX: 0x2005n, EBX: 7n, ESI: 0n, EDI: 0n });
});

rules('an odd output has zeros beside it', () => {
  const registers = withFastOutput(CONVENTIONS.x64, { XMM0: 0n }, 8, hexToBytes('1122334455667788'), 0n);
  assert.is(registers['XMM0.lo'], 0x8877665544332211n);
  assert.is(registers['XMM0.hi'], 0n);
});

rules.run();
