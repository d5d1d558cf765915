import { joinU64 } from '../bytes/word.js';
import type { CpuGate } from '../ports/cpu-gate.js';
import type { CallFrame } from './call-frame.js';
import type { CallTrace, MadeCall } from './call-trace.js';
import type { AccessSize } from './devices/device-space.js';
import type { Dispatcher } from './dispatcher.js';
import { gpaNumber } from './gpa.js';
import type { PartitionCore } from './partition-core.js';
import type { VirtualProcessor } from './virtual-processor.js';

/** Most executions of one instruction; a rep call that did one rep each time would need so many. */
const MOST_RESUMES = 4096;
/** What a guest gets whose call does not return: that of no hypercall page (hv_do_hypercall, Linux). */
const NO_RESULT = 0xffff_ffff;
const FAST = 0x10000;
const FAST_PAIRS = { x64: 7, arm64: 8 } as const;

/** What a gate has of its partition besides the core. */
export interface GatePorts {
  readonly core: PartitionCore;
  readonly dispatcher: Dispatcher;
  readonly calls: CallTrace | undefined;
  readonly rdmsr: (vp: number, msr: number) => bigint | undefined;
  readonly wrmsr: (vp: number, msr: number, value: bigint) => boolean;
  /** Runs what waits for the end of a call. */
  readonly finish: () => void;
}

/** The way out of the guest for code in this process: one VP's. */
export class PartitionGate implements CpuGate {
  readonly vp: number;
  resultLo = 0;
  resultHi = 0;
  private readonly processor: VirtualProcessor;
  private readonly ports: GatePorts;
  private readonly pairs: number;

  constructor(processor: VirtualProcessor, ports: GatePorts) {
    this.vp = processor.index;
    this.processor = processor;
    this.ports = ports;
    this.pairs = FAST_PAIRS[ports.core.arch];
  }

  hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void {
    // The control word alone says what the registers hold.
    if ((controlLo & FAST) !== 0) {
      this.hypercallFast(controlLo, controlHi, BigUint64Array.of(BigInt(inputGpa), BigInt(outputGpa)));
      return;
    }
    const { dispatcher, calls } = this.ports;
    const frame = this.processor.frames.take();
    let hi = controlHi;
    try {
      for (let i = 0; i < MOST_RESUMES; i++) {
        if (calls === undefined) dispatcher.slow(frame, controlLo, hi, inputGpa, outputGpa);
        else {
          const made: MadeCall = { lo: controlLo, hi, fast: false, inputGpa, outputGpa };
          const input = calls.inputOf(made);
          dispatcher.slow(frame, controlLo, hi, inputGpa, outputGpa);
          calls.record(frame, made, input);
        }
        if (!frame.retry) break;
        hi = frame.retryHi;
      }
    } finally {
      this.processor.frames.give();
    }
    this.end(frame);
  }

  hypercallFast(controlLo: number, controlHi: number, registers: BigUint64Array): void {
    if ((controlLo & FAST) === 0) {
      this.hypercall(controlLo, controlHi, gpaNumber(registers[0] ?? 0n), gpaNumber(registers[1] ?? 0n));
      return;
    }
    const { dispatcher, calls } = this.ports;
    const frame = this.processor.frames.take();
    let hi = controlHi;
    try {
      for (let i = 0; i < MOST_RESUMES; i++) {
        if (calls === undefined) dispatcher.fast(frame, controlLo, hi, registers, this.pairs, 'next pair');
        else {
          const made: MadeCall = {
            lo: controlLo,
            hi,
            fast: true,
            inputGpa: 0,
            outputGpa: 0,
            registers: registers.slice(),
          };
          const input = calls.inputOf(made);
          dispatcher.fast(frame, controlLo, hi, registers, this.pairs, 'next pair');
          calls.record(frame, made, input);
        }
        if (!frame.retry) break;
        hi = frame.retryHi;
      }
    } finally {
      this.processor.frames.give();
    }
    this.end(frame);
  }

  rdmsr(msr: number): bigint | undefined {
    return this.ports.rdmsr(this.vp, msr);
  }

  wrmsr(msr: number, value: bigint): boolean {
    return this.ports.wrmsr(this.vp, msr, value);
  }

  mmioRead(gpa: number, size: AccessSize): bigint {
    return this.ports.core.space.read(this.vp, gpa, size);
  }

  mmioWrite(gpa: number, size: AccessSize, value: bigint): void {
    this.ports.core.space.write(this.vp, gpa, size, value);
  }

  /** The last result as one word. */
  get result(): bigint {
    return joinU64(this.resultLo, this.resultHi);
  }

  private end(frame: CallFrame): void {
    const lo = frame.fault ? NO_RESULT : frame.resultLo;
    const hi = frame.fault ? NO_RESULT : frame.resultHi;
    this.ports.finish();
    // Interrupts have come in by now, and their handlers may have made calls through this gate.
    this.resultLo = lo;
    this.resultHi = hi;
  }
}
