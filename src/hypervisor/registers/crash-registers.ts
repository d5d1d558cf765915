import { hv_msr_value } from '../../abi/hv/msr-value.js';
import { hexNumber } from '../../bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import type { GuestCrash } from '../partition-options.js';

const {
  HV_X64_MSR_CRASH_PARAMS: PARAMETERS,
  HV_CRASH_CTL_CRASH_NOTIFY: NOTIFY,
  HV_CRASH_CTL_CRASH_NOTIFY_MSG: MESSAGE,
} = hv_msr_value;

/** With a message, P3 is its GPA and P4 its length (hyperv_report_panic_msg, drivers/hv/hv_common.c). */
const TEXT_GPA = 3;
const TEXT_LENGTH = 4;

/** Where a guest says that it has crashed. */
export class CrashRegisters {
  private readonly memory: GuestMemory;
  private readonly trace: TraceSink;
  private readonly onCrash: ((crash: GuestCrash) => void) | undefined;
  private readonly parameters = new BigUint64Array(PARAMETERS);

  constructor(memory: GuestMemory, trace: TraceSink, onCrash: ((crash: GuestCrash) => void) | undefined) {
    this.memory = memory;
    this.trace = trace;
    this.onCrash = onCrash;
  }

  /** What can be asked for: a report, and a message with it. */
  get control(): bigint {
    return NOTIFY | MESSAGE;
  }

  writeControl(vp: number, value: bigint): void {
    if ((value & NOTIFY) === 0n) return;
    const parameters = [...this.parameters];
    const text = (value & MESSAGE) === 0n ? undefined : this.text();
    this.trace.event({ k: 'crash', vp, ctl: hexNumber(value), p: parameters.map((word) => hexNumber(word)) });
    if (text !== undefined) this.trace.event({ k: 'crash_text', vp, text });
    this.onCrash?.({ vp, parameters, ...(text === undefined ? {} : { text }) });
  }

  read(index: number): bigint {
    return this.parameters[index] ?? 0n;
  }

  write(index: number, value: bigint): void {
    this.parameters[index] = value;
  }

  /** At most a page, as far as the guest's memory has it. */
  private text(): string | undefined {
    const gpa = Number(this.parameters[TEXT_GPA]!);
    const length = Number(this.parameters[TEXT_LENGTH]!);
    if (length === 0 || length > HV_HYP_PAGE_SIZE || !this.memory.has(gpa, length)) return undefined;
    const bytes = new Uint8Array(length);
    this.memory.read(gpa, bytes);
    return new TextDecoder().decode(bytes);
  }
}
