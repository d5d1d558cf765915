import { hv_status } from '../../abi/hv/status.js';
import { type Depositor, HV_PARTITION_ID_SELF, withDeposits } from '../../hypercall/deposit.js';
import { callOnPage } from '../../hypercall/page-call.js';
import { errnoOf } from '../../hypercall/status.js';
import { controlWord } from '../../hypercall/words.js';
import type { Hypercall } from '../../layout/hypercall.js';
import { enumMeta } from '../../layout/scalar.js';
import { nameOf } from '../../layout/symbol.js';
import type { CpuGate } from '../../ports/cpu-gate.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import type { GuestCpu, GuestMachine } from '../machine/guest-machine.js';

const STATUS = enumMeta(hv_status);
/** Pages given for a create or an attach that asks for memory (DEP-02). */
const SMALL_DEPOSIT = 1;

export interface CallPortOptions {
  /** CPU that the code runs on. */
  readonly onCpu?: () => number;
  readonly isRoot: boolean;
  /** Who deposits name; Linux names its partition by the number that it asked for, all ones mean the same. */
  readonly ownPartition?: bigint;
}

/** Where the driver's hypercalls leave the guest: the per-CPU page, deposits, and one line for whatever was refused (COM-05). */
export class CallPort implements Depositor {
  readonly machine: GuestMachine;
  readonly isRoot: boolean;
  readonly ownPartition: bigint;
  private readonly onCpu: () => number;

  constructor(machine: GuestMachine, options: CallPortOptions) {
    this.machine = machine;
    this.isRoot = options.isRoot;
    this.ownPartition = options.ownPartition ?? HV_PARTITION_ID_SELF;
    this.onCpu = options.onCpu ?? (() => 0);
  }

  get pages() {
    return this.machine.pages;
  }

  get frames() {
    return this.machine.frames;
  }

  /**
   * The CPU that the code is on, to be asked once for a call: its page, its way out and the place of its result are one CPU's,
   * and the next call may be another's. Throws RangeError for one that is not there.
   */
  get running(): GuestCpu {
    const cpu = this.onCpu();
    const found = this.machine.cpus[cpu];
    if (found === undefined) throw new RangeError(`there is no CPU ${cpu}`);
    return found;
  }

  /** One call. The output is copied only after a success (IOMMU-06); a failure is reported. */
  call(call: Hypercall, input: Uint8Array, outputBytes: number, context: Record<string, unknown>): Outcome<Uint8Array> {
    const output = new Uint8Array(outputBytes);
    const { resultLo, resultHi } = this.once(call, input, output);
    return this.judge(call, resultLo, resultHi, output, context);
  }

  /** One call that a deposit to `partition` can cure; its input is made anew for every attempt (IOMMU-34, DEP-03). */
  callWithDeposits(
    call: Hypercall,
    partition: bigint,
    build: () => Uint8Array,
    context: Record<string, unknown>,
    accepted?: number,
  ): Outcome {
    const none = new Uint8Array(0);
    const outcome = withDeposits(this, partition, SMALL_DEPOSIT, () => {
      const { resultLo, resultHi } = this.once(call, build(), none);
      return { resultLo, resultHi, progress: 0 };
    });
    if (!outcome.ok) {
      this.report(call, outcome.status, context);
      return outcome;
    }
    const { resultLo, resultHi } = outcome.value;
    if ((resultLo & 0xffff) === accepted && resultHi !== 0xffffffff) return DONE;
    const judged = this.judge(call, resultLo, resultHi, none, context);
    return judged.ok ? DONE : judged;
  }

  report(call: Hypercall, status: number | undefined, context: Record<string, unknown>): void {
    const statusName = status === undefined ? undefined : nameOf(STATUS, status);
    this.machine.log({
      level: 'error',
      code: 'iommu-call-failed',
      fields: {
        ...context,
        call: call.name,
        statusName: statusName ?? 'unknown',
        status: status === undefined ? undefined : `0x${status.toString(16)}`,
      },
    });
  }

  /** The result is in the gate that was called. */
  private once(call: Hypercall, input: Uint8Array, output: Uint8Array): CpuGate {
    const { running } = this;
    callOnPage(this.pages, running, controlWord({ code: call.code }), input, output);
    return running.gate;
  }

  private judge(
    call: Hypercall,
    resultLo: number,
    resultHi: number,
    output: Uint8Array,
    context: Record<string, unknown>,
  ): Outcome<Uint8Array> {
    const errno = errnoOf(resultLo, resultHi);
    if (errno === undefined) return success(output);
    const status = resultLo & 0xffff;
    this.report(call, status, context);
    return failure(errno, status);
  }
}
