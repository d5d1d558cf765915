import { hv_status } from '../../abi/hv/status.js';
import { callOnPage } from '../../hypercall/page-call.js';
import { callReps } from '../../hypercall/rep-loop.js';
import { errnoOf } from '../../hypercall/status.js';
import { controlWord } from '../../hypercall/words.js';
import type { Hypercall } from '../../layout/hypercall.js';
import { enumMeta } from '../../layout/scalar.js';
import { nameOf } from '../../layout/symbol.js';
import type { LogLine } from '../../ports/log-sink.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { GuestMachine } from '../machine/guest-machine.js';

const STATUS = enumMeta(hv_status);
const NO_BYTES = new Uint8Array(0);

/**
 * Makes hypercalls on the per-CPU page of the CPU that runs. The input is whole bytes made beforehand, so that between taking
 * the page and the return of the call nothing is looked up, allocated or waited for (COM-03) and no byte of an earlier call
 * is left in it (COM-04). The output lies behind the input in the same page and is read only after a success.
 */
export class CallPage {
  readonly machine: GuestMachine;
  private readonly onCpu: () => number;

  /** `onCpu` says on which CPU the code runs. Throws RangeError from `call` for one that is not there. */
  constructor(machine: GuestMachine, onCpu: () => number = () => 0) {
    this.machine = machine;
    this.onCpu = onCpu;
  }

  /** The output's bytes, or why the hypervisor refused. A failure is not logged: who calls knows what it means. */
  call(call: Hypercall, input: Uint8Array, outputBytes = 0): Outcome<Uint8Array> {
    const running = this.running();
    const output = outputBytes === 0 ? NO_BYTES : new Uint8Array(outputBytes);
    callOnPage(this.machine.pages, running, controlWord({ code: call.code }), input, output);
    const { gate } = running;
    const errno = errnoOf(gate.resultLo, gate.resultHi);
    return errno === undefined ? success(output) : failure(errno, gate.resultLo & 0xffff);
  }

  /** A rep call over `count` elements that `input` ends with, made again where it stopped half way (COM-08). */
  callList(call: Hypercall, input: Uint8Array, count: number): Outcome<number> {
    const { gate, cpu } = this.running();
    const outcome = this.machine.pages.withInputPage(
      cpu,
      input.length,
      0,
      (area) => {
        new Uint8Array(area.input.buffer, area.input.byteOffset, input.length).set(input);
        return callReps(gate, call.code, count, area.inputGpa, 0);
      },
      0,
    );
    if (outcome.stuck) return failure('EIO', outcome.resultLo & 0xffff);
    const errno = errnoOf(outcome.resultLo, outcome.resultHi);
    return errno === undefined ? success(outcome.done) : failure(errno, outcome.resultLo & 0xffff);
  }

  /** One line for a call that failed, the same for every call (COM-05). */
  report(level: LogLine['level'], call: Hypercall, status: number | undefined, context: Record<string, unknown>): void {
    const name = status === undefined ? undefined : nameOf(STATUS, status);
    this.machine.log({
      level,
      code: 'pviommu-call-failed',
      fields: { ...context, call: call.name, statusName: name ?? 'unknown', status },
    });
  }

  private running() {
    const cpu = this.onCpu();
    const found = this.machine.cpus[cpu];
    if (found === undefined) throw new RangeError(`there is no CPU ${cpu}`);
    return found;
  }
}
