import { hv_status } from '../abi/hv/status.js';
import { catalog } from '../abi/hypercalls/catalog.js';
import { bytesToHex, hexNumber } from '../bytes/hex.js';
import { joinU64 } from '../bytes/word.js';
import { type Hypercall, inputSide } from '../layout/hypercall.js';
import type { Arch } from '../layout/types.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import type { TraceSink } from '../ports/trace-sink.js';
import type { CallFrame } from './call-frame.js';
import type { CallRegistry } from './call-registry.js';

/** Registers of a call that captures have, as far as they are known. */
export interface CallOrigin {
  /** Address of the instruction. */
  readonly at?: bigint;
  /** RAX before the call. */
  readonly rax?: bigint;
  /** X0 to X8. */
  readonly x?: readonly bigint[];
}

/** A call as it was made. */
export interface MadeCall {
  readonly lo: number;
  readonly hi: number;
  readonly fast: boolean;
  /** Of a memory-based call. */
  readonly inputGpa: number;
  readonly outputGpa: number;
  /** Of a fast call. */
  readonly registers?: BigUint64Array;
  readonly origin?: CallOrigin;
}

const CALLS = new Map<number, Hypercall>(catalog.map((call) => [call.code, call]));
const REGISTER_CALLS: ReadonlySet<number> = new Set([0x50, 0x51]);
/** Where the first register's name is in the input of both. */
const NAME_AT = 16;
const MOST_BYTES = 4096;
const QWORD = 8;

/** Writes hypercalls into a trace in the form of the captures. */
export class CallTrace {
  private readonly sink: TraceSink;
  private readonly arch: Arch;
  private readonly memory: GuestMemory;
  private readonly registry: CallRegistry;

  constructor(sink: TraceSink, arch: Arch, memory: GuestMemory, registry: CallRegistry) {
    this.sink = sink;
    this.arch = arch;
    this.memory = memory;
    this.registry = registry;
  }

  /** The call's input before it is made: fixed part, variable header and list, as far as there is memory or are registers. */
  inputOf({ lo, hi, fast, inputGpa, registers }: MadeCall): Uint8Array {
    const code = lo & 0xffff;
    const sizes = this.sizesOf(code);
    const length = Math.min(sizes.header + QWORD * ((lo >>> 17) & 0x3ff) + sizes.element * (hi & 0xfff), MOST_BYTES);
    if (fast) {
      const bytes = new Uint8Array(Math.ceil(length / QWORD) * QWORD);
      const words = new BigUint64Array(bytes.buffer);
      words.set((registers ?? words).subarray(0, Math.min(words.length, registers?.length ?? 0)));
      return bytes;
    }
    const there = Math.min(length, MOST_BYTES - (inputGpa % MOST_BYTES));
    if (there === 0 || !this.memory.has(inputGpa, there)) return new Uint8Array(0);
    const bytes = new Uint8Array(there);
    this.memory.read(inputGpa, bytes);
    return bytes;
  }

  record(frame: CallFrame, made: MadeCall, input: Uint8Array): void {
    const { lo, hi, origin } = made;
    const control = joinU64(lo >>> 0, hi >>> 0);
    const arm64 = this.arch === 'arm64';
    const register = this.registerOf(frame, input);
    const out = frame.outputBytes.subarray(frame.outputFrom, frame.outputTo);
    this.sink.event({
      k: 'hypercall',
      vp: frame.vp,
      ...(origin?.at === undefined ? {} : { [arm64 ? 'pc' : 'rip']: hexNumber(origin.at) }),
      control: hexNumber(control),
      code: hexNumber(frame.code),
      fast: made.fast ? 1 : 0,
      ...(register === undefined ? { var: frame.varQwords } : {}),
      reps: frame.reps,
      ...(register === undefined ? { start: frame.repStart } : {}),
      ...(arm64 ? { x: this.xRegisters(made).map((word) => hexNumber(word)) } : this.x64Registers(made)),
      ...(register === undefined ? {} : { register: hexNumber(register) }),
      in: bytesToHex(input),
      ...(out.length > 0 ? { out: bytesToHex(out) } : {}),
      ...(frame.fault ? { fault: '#UD' } : { result: hexNumber(resultOf(frame)) }),
    });
  }

  private sizesOf(code: number): { header: number; element: number } {
    const served = this.registry.get(code);
    if (served !== undefined) return { header: served.input, element: served.inputElement };
    const call = CALLS.get(code);
    return call === undefined ? { header: 0, element: 0 } : inputSide(call, this.arch);
  }

  private x64Registers({ fast, inputGpa, outputGpa, registers, origin }: MadeCall): Record<string, string> {
    return {
      rdx: hexNumber(fast ? (registers?.[0] ?? 0n) : inputGpa),
      r8: hexNumber(fast ? (registers?.[1] ?? 0n) : outputGpa),
      ...(origin?.rax === undefined ? {} : { rax_before: hexNumber(origin.rax) }),
    };
  }

  /** X0 to X8 of the SMCCC form, put together where the caller had none. */
  private xRegisters({ lo, hi, fast, inputGpa, outputGpa, registers, origin }: MadeCall): readonly bigint[] {
    if (origin?.x !== undefined) return origin.x;
    const words = fast ? [...(registers ?? [])] : [BigInt(inputGpa), BigInt(outputGpa)];
    return Array.from({ length: 9 }, (_, i) => {
      if (i === 0) return SMCCC_CALL;
      return (i === 1 ? joinU64(lo >>> 0, hi >>> 0) : words[i - 2]) ?? 0n;
    });
  }

  /** Name of the register that an arm64 guest reads or writes with one call. */
  private registerOf(frame: CallFrame, input: Uint8Array): number | undefined {
    if (this.arch !== 'arm64' || !REGISTER_CALLS.has(frame.code) || input.length < NAME_AT + 4) return undefined;
    return new DataView(input.buffer, input.byteOffset).getUint32(NAME_AT, true);
  }
}

/** HV_SMCCC_FUNC_NUMBER as a vendor hypervisor call (arch/arm64/include/asm/mshyperv.h). */
const SMCCC_CALL = 0x4600_0001n;

/** A call that the processor makes again has no result yet: the record tells how far it is. */
function resultOf(frame: CallFrame): bigint {
  if (!frame.retry) return joinU64(frame.resultLo, frame.resultHi);
  return joinU64(hv_status.HV_STATUS_TIME_OUT, frame.resultHi);
}
