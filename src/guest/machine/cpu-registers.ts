import { hv_msr, hv_msr_arm64 } from '../../abi/hv/msr-number.js';
import { hv_input_get_vp_registers, hv_input_set_vp_registers } from '../../abi/hv/vp-registers.js';
import { HVCALL_GET_VP_REGISTERS, HVCALL_SET_VP_REGISTERS } from '../../abi/hypercalls/vp.js';
import { hiOf, loOf } from '../../bytes/word.js';
import { HV_PARTITION_ID_SELF } from '../../hypercall/deposit.js';
import { controlWord } from '../../hypercall/words.js';
import { encode } from '../../layout/codec.js';
import type { CpuGate } from '../../ports/cpu-gate.js';

/** Synthetic registers by the names that both architectures have, which are MSRs on x64 and VP registers on arm64. */
export type SynicRegister = keyof typeof hv_msr & keyof typeof hv_msr_arm64 & `HV_MSR_${string}`;

/** The hypervisor's registers of one CPU. */
export interface CpuRegisters {
  /** Undefined when the access faults or is refused. */
  read(register: SynicRegister): bigint | undefined;
  write(register: SynicRegister, value: bigint): boolean;
  /** A synthetic interrupt source, 0 to 15. */
  readSint(sint: number): bigint | undefined;
  writeSint(sint: number, value: bigint): boolean;
}

export function registersOf(arch: 'x64' | 'arm64', gate: CpuGate): CpuRegisters {
  const numbers: Readonly<Record<SynicRegister, number>> = arch === 'x64' ? hv_msr : hv_msr_arm64;
  const read = arch === 'x64' ? (n: number) => gate.rdmsr(n) : (n: number) => readVpRegister(gate, n);
  const write =
    arch === 'x64'
      ? (n: number, value: bigint) => gate.wrmsr(n, value)
      : (n: number, value: bigint) => writeVpRegister(gate, n, value);
  return {
    read: (register) => read(numbers[register]),
    write: (register, value) => write(numbers[register], value),
    readSint: (sint) => read(numbers.HV_MSR_SINT0 + sint),
    writeSint: (sint, value) => write(numbers.HV_MSR_SINT0 + sint, value),
  };
}

const HV_VP_INDEX_SELF = 0xfffffffe;
const SELF = {
  partition_id: HV_PARTITION_ID_SELF,
  vp_index: HV_VP_INDEX_SELF,
  input_vtl: { target_vtl: 0, use_target_vtl: false },
};
const ONE_REGISTER = { reps: 1, fast: true };
const GET = controlWord({ code: HVCALL_GET_VP_REGISTERS.code, ...ONE_REGISTER });
const SET = controlWord({ code: HVCALL_SET_VP_REGISTERS.code, ...ONE_REGISTER });
/** Qwords of the calls in registers: the input, and behind it, from a multiple of 16 bytes on, one register value. */
const CALL_QWORDS = 6;
const VALUE_AT = 4;

/** A VP register of the calling CPU by the fast form of HVCALL_GET_VP_REGISTERS; undefined when it is refused. */
export function readVpRegister(gate: CpuGate, name: number): bigint | undefined {
  const words = wordsOf(encode(hv_input_get_vp_registers, { ...SELF, names: [name] }));
  gate.hypercallFast(loOf(GET), hiOf(GET), words);
  return (gate.resultLo & 0xffff) === 0 ? words[VALUE_AT]! : undefined;
}

/** False when the call is refused. */
export function writeVpRegister(gate: CpuGate, name: number, value: bigint): boolean {
  const words = wordsOf(encode(hv_input_set_vp_registers, { ...SELF, elements: [{ name, value: { reg64: value } }] }));
  gate.hypercallFast(loOf(SET), hiOf(SET), words);
  return (gate.resultLo & 0xffff) === 0;
}

function wordsOf(input: Uint8Array): BigUint64Array {
  const bytes = new Uint8Array(CALL_QWORDS * 8);
  bytes.set(input);
  return new BigUint64Array(bytes.buffer);
}
