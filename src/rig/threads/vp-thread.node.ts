// A thread that is one VP. The first runs the guest's code; each other one makes the exits of its own CPU that the first asks
// for, as a kernel does by inter-processor calls, and passes the interrupts of its VP on.
import { parentPort, workerData } from 'node:worker_threads';
import type { Arch } from '../../layout/types.js';
import { PageFrameAllocator } from '../../memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../memory/shared-memory.js';
import type { LogLine } from '../../ports/log-sink.js';
import { BlockingQueue } from '../../sched/blocking-queue.js';
import { start } from '../../sched/routine.js';
import { Flags } from '../simulate/flags.js';
import type { IommuChoice } from '../simulate/iommu-choice.js';
import { guestOptions } from '../simulate/side-options.js';
import { Findings } from '../simulate/simulation.js';
import { SIMULATIONS } from '../simulate/simulations.js';
import { GuestSide } from '../system/guest-side.js';
import { ring } from '../vp/mailbox.js';
import { VpGate } from '../vp/vp-gate.js';
import { serveMailbox } from '../vp/vp-service.js';
import { callBox, ENDED, exitBoxes, FAILED, RUNNING, type SharedState } from './shared-state.js';

export interface VpTask {
  readonly shared: SharedState;
  readonly cpu: number;
  readonly arch: Arch;
  readonly simulation: keyof typeof SIMULATIONS;
  readonly iommu: IommuChoice | undefined;
  /** When the first CPU, which runs the guest's code, gives up. */
  readonly limitMs: number;
}

/** What the first CPU says at its end. */
export interface GuestReport {
  /** Checks, in order, and whether they hold. */
  readonly checked: readonly (readonly [text: string, ok: boolean])[];
  readonly failures: readonly string[];
  readonly said: readonly string[];
  readonly log: readonly LogLine[];
}

const { shared, cpu, arch, simulation, iommu, limitMs } = workerData as VpTask;
const set = (state: number): void => {
  Atomics.store(shared.states, cpu, state);
  // Whoever waits for exits or calls waits for this too.
  ring(exitBoxes(shared)[0]!.hostBell);
  if (cpu === 0) for (let n = 1; n < shared.vps.length; n++) ring(callBox(shared, n).hostBell);
};
try {
  if (cpu === 0) parentPort!.postMessage(runGuest());
  else answerCalls();
  set(ENDED);
} catch (error) {
  set(FAILED);
  throw error;
}

function runGuest(): GuestReport {
  const boxes = exitBoxes(shared);
  const others = shared.vps.slice(1).map((_, n) => callBox(shared, n + 1));
  let guest: GuestSide | undefined;
  const queue = new BlockingQueue(boxes[0]!.bell, () => {
    let any = false;
    for (const [n, box] of [boxes[0]!, ...others].entries()) {
      const vector = box.takeInterrupt();
      if (vector === undefined) continue;
      guest?.machine.interrupt(shared.vps[n]!, vector);
      any = true;
    }
    return any;
  });
  const said: string[] = [];
  const log: LogLine[] = [];
  const checked: [text: string, ok: boolean][] = [];
  const findings = new Findings(
    (text) => said.push(text),
    (text, ok) => checked.push([text, ok]),
  );
  const chosen = SIMULATIONS[simulation];
  guest = new GuestSide({
    arch,
    memory: SharedGuestMemory.attach(shared.memory),
    frames: PageFrameAllocator.attach(shared.frames),
    queue,
    log: (line) => log.push(line),
    gates: shared.vps.map((vp, n) => new VpGate(vp, n === 0 ? boxes[0]! : others[n - 1]!)),
    ...guestOptions(chosen, iommu),
  });
  const run = start(queue, chosen.guest({ guest, iommu, queue, flags: new Flags(shared.flags), report: findings }));
  queue.run(() => run.done, limitMs);
  findings.check('the guest comes to its end', run.done);
  return { checked, failures: findings.failures, said, log };
}

function answerCalls(): void {
  const exit = exitBoxes(shared)[cpu]!;
  const calls = callBox(shared, cpu);
  const gate = new VpGate(shared.vps[cpu]!, exit);
  const queue = new BlockingQueue(calls.hostBell, () => {
    const vector = exit.takeInterrupt();
    if (vector !== undefined) calls.interrupt(vector);
    return serveMailbox(calls, gate) || vector !== undefined;
  });
  // No limit of its own: the first one, which has one, may be waiting for an answer.
  queue.run(() => Atomics.load(shared.states, 0) !== RUNNING);
}
