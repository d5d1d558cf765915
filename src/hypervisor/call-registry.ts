import { type Hypercall, inputSide, outputSide } from '../layout/hypercall.js';
import type { Arch } from '../layout/types.js';
import type { CallHandler } from './call-frame.js';
import { HypervisorError } from './hypervisor-error.js';

/** Sizes of a call in bytes, where they are not those of the newest declared structs. */
export interface CallSizes {
  /** Fixed input in front of variable header and list. */
  readonly input?: number;
  /** Input per rep. */
  readonly inputElement?: number;
  /** Fixed output in front of the list. */
  readonly output?: number;
  /** Output per rep. */
  readonly outputElement?: number;
}

/** What the dispatcher has to know of a call that is served. */
export interface ServedCall {
  readonly name: string;
  readonly isRep: boolean;
  readonly isVariable: boolean;
  /** The control word is the code and nothing else, or the instruction faults (TLFS, VTL entry and return). */
  readonly isVtl: boolean;
  readonly input: number;
  readonly inputElement: number;
  readonly output: number;
  readonly outputElement: number;
  readonly handle: CallHandler;
}

/** The calls that a partition serves. Others may be added and taken away at any time. */
export class CallRegistry {
  readonly arch: Arch;
  private readonly served = new Map<number, ServedCall>();

  constructor(arch: Arch) {
    this.arch = arch;
  }

  /** Serves a call. Throws HypervisorError when its code is served already. */
  serve(call: Hypercall, handle: CallHandler, sizes: CallSizes = {}): void {
    if (this.served.has(call.code)) throw new HypervisorError(`${call.name} is served already`);
    const input = inputSide(call, this.arch);
    const output = outputSide(call, this.arch);
    this.served.set(call.code, {
      name: call.name,
      isRep: call.rep !== undefined || call.outRep !== undefined,
      isVariable: call.varhead !== undefined,
      isVtl: call.form === 'vtl',
      input: sizes.input ?? input.header,
      inputElement: sizes.inputElement ?? input.element,
      output: sizes.output ?? output.header,
      outputElement: sizes.outputElement ?? output.element,
      handle,
    });
  }

  /** Serves a call no longer; false when it is not served. */
  withdraw(code: number): boolean {
    return this.served.delete(code);
  }

  get(code: number): ServedCall | undefined {
    return this.served.get(code);
  }

  /** Codes that are served, ascending. */
  codes(): number[] {
    return [...this.served.keys()].sort((a, b) => a - b);
  }
}
