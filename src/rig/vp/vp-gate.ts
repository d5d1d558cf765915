import type { CpuGate } from '../../ports/cpu-gate.js';
import { ANSWERED, ASKED, Ask, IDLE, type Mailbox, ring } from './mailbox.js';

/** A processor whose hypervisor runs in another thread: every exit sleeps until it is answered. */
export class VpGate implements CpuGate {
  readonly vp: number;
  resultLo = 0;
  resultHi = 0;
  private readonly box: Mailbox;

  constructor(vp: number, box: Mailbox) {
    this.vp = vp;
    this.box = box;
  }

  hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void {
    const { qwords } = this.box;
    qwords[1] = BigInt(inputGpa);
    qwords[2] = BigInt(outputGpa);
    this.call(Ask.Hypercall, controlLo, controlHi);
  }

  hypercallFast(controlLo: number, controlHi: number, registers: BigUint64Array): void {
    const { qwords, words } = this.box;
    qwords.set(registers, 1);
    words[1] = registers.length;
    this.call(Ask.FastHypercall, controlLo, controlHi);
    registers.set(qwords.subarray(1, 1 + registers.length));
  }

  rdmsr(msr: number): bigint | undefined {
    this.box.words[1] = msr;
    this.ask(Ask.ReadMsr);
    return this.box.words[4] === 0 ? undefined : this.box.qwords[0]!;
  }

  wrmsr(msr: number, value: bigint): boolean {
    this.box.words[1] = msr;
    this.box.qwords[0] = value;
    this.ask(Ask.WriteMsr);
    return this.box.words[4] !== 0;
  }

  mmioRead(gpa: number, size: 1 | 2 | 4 | 8): bigint {
    this.box.qwords[1] = BigInt(gpa);
    this.box.words[1] = size;
    this.ask(Ask.MmioRead);
    return this.box.qwords[0]!;
  }

  mmioWrite(gpa: number, size: 1 | 2 | 4 | 8, value: bigint): void {
    this.box.qwords[0] = value;
    this.box.qwords[1] = BigInt(gpa);
    this.box.words[1] = size;
    this.ask(Ask.MmioWrite);
  }

  private call(kind: number, controlLo: number, controlHi: number): void {
    const { words } = this.box;
    words[2] = controlLo | 0;
    words[3] = controlHi | 0;
    this.ask(kind);
    this.resultLo = words[2]! >>> 0;
    this.resultHi = words[3]! >>> 0;
  }

  private ask(kind: number): void {
    const { state, words, hostBell } = this.box;
    words[0] = kind;
    // Publishes everything above: the host reads it after it has seen the state.
    Atomics.store(state, 0, ASKED);
    ring(hostBell);
    while (Atomics.load(state, 0) !== ANSWERED) Atomics.wait(state, 0, ASKED);
    Atomics.store(state, 0, IDLE);
  }
}
