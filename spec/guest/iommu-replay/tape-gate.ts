import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { joinU64 } from '../../../src/bytes/word.js';
import type { GuestMemory } from '../../../src/ports/guest-memory.js';
import type { PageFrames } from '../../../src/ports/page-frames.js';
import { CallsOnlyGate } from '../../support/calls-only-gate.js';
import { type RecordedCall, wordAt } from './recording.js';

/** How far ahead, and then back, a call is looked for that is not the next one. */
const REACH = 200;
const DEPOSIT = 0x48;
const PAGE_BYTES = 4096;

/** How long inputs are, and when two of them are the same. */
export interface TapeRules {
  /** Bytes in front of the list. */
  readonly fixedBytes: Readonly<Record<number, number>>;
  readonly hasList: ReadonlySet<number>;
  /** What is compared of an input; all of it when absent. */
  readonly compared?: (input: string, code: number) => string;
}

/** A hypervisor that answers as a recorded one did, call by call, and notes each call that was not made or is not recorded. */
export class TapeGate extends CallsOnlyGate implements PageFrames {
  /** `-`: recorded and passed over; `~`: one of those, made later; `+`: made and not recorded. */
  readonly differences: string[] = [];
  same = 0;
  private readonly memory: GuestMemory;
  private readonly calls: readonly RecordedCall[];
  private readonly rules: TapeRules;
  private readonly passed = new Set<number>();
  private at = 0;

  constructor(memory: GuestMemory, calls: readonly RecordedCall[], rules: TapeRules) {
    super();
    this.memory = memory;
    this.calls = calls;
    this.rules = rules;
  }

  /** The call that is to come. */
  get next(): RecordedCall | undefined {
    return this.calls[this.at];
  }

  /** Notes what was recorded and never made. */
  end(): void {
    this.skipTo(this.calls.length);
  }

  hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void {
    const code = controlLo & 0xffff;
    const reps = controlHi & 0xfff;
    const { fixedBytes, hasList, compared = (text) => text } = this.rules;
    const length = (fixedBytes[code] ?? 0) + (hasList.has(code) ? 8 * reps : 0);
    const bytes = new Uint8Array(Math.min(length, PAGE_BYTES));
    this.memory.read(inputGpa, bytes);
    const input = bytesToHex(bytes);
    const control = joinU64(controlLo, controlHi);
    const isIt = (call: RecordedCall): boolean =>
      call.control === control &&
      // A list that runs over its page is recorded no further than that, or not at all.
      (compared(call.input, code) === compared(input, code) ||
        (length > PAGE_BYTES && call.input.slice(0, 80) === input.slice(0, 80))) &&
      (call.outputOffset === 0 || call.outputOffset === outputGpa - inputGpa);
    const line = `${control.toString(16)} ${input.slice(0, 96)}`;
    const call = this.findAhead(isIt) ?? this.findBehind(isIt, line);
    if (call === undefined) {
      this.differences.push(`+ ${line}`);
      this.resultLo = 0;
      this.resultHi = reps;
      return;
    }
    const { result, output } = call;
    if (output !== '') this.memory.write(outputGpa, hexToBytes(output));
    this.resultLo = Number(result & 0xffff_ffffn);
    this.resultHi = Number(result >> 32n);
  }

  /** The frames that the recorded guest gave, so that its lists can be compared. */
  take(count: number): number[] | undefined {
    const call = this.calls.slice(this.at, this.at + REACH).find(({ code }) => code === DEPOSIT);
    return Array.from({ length: count }, (_, i) =>
      call !== undefined && i < call.reps ? Number(wordAt(call.input, 8 + 8 * i)) : 0x100000 + i,
    );
  }

  give(): void {}

  private findAhead(isIt: (call: RecordedCall) => boolean): RecordedCall | undefined {
    const found = this.calls.slice(this.at, this.at + REACH).findIndex(isIt);
    if (found < 0) return undefined;
    this.skipTo(this.at + found);
    this.same++;
    this.isMade(this.at);
    return this.calls[this.at++];
  }

  private findBehind(isIt: (call: RecordedCall) => boolean, line: string): RecordedCall | undefined {
    for (const index of this.passed) {
      const call = this.calls[index]!;
      if (index < this.at - REACH || !isIt(call)) continue;
      this.isMade(index);
      this.differences.push(`~ #${call.n} ${line}`);
      this.at = index + 1;
      return call;
    }
    return undefined;
  }

  /** Takes back that a call was passed over. */
  private isMade(index: number): void {
    if (!this.passed.delete(index)) return;
    const told = this.differences.findIndex((line) => line.startsWith(`- #${this.calls[index]!.n} `));
    if (told >= 0) this.differences.splice(told, 1);
  }

  private skipTo(end: number): void {
    for (; this.at < end; this.at++) {
      if (this.passed.has(this.at)) continue;
      const { n, control, input, result } = this.calls[this.at]!;
      this.passed.add(this.at);
      this.differences.push(`- #${n} ${control.toString(16)} ${input.slice(0, 96)} = ${result.toString(16)}`);
    }
  }
}
