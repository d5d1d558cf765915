import { viewOf } from '../../bytes/span.js';
import { NVME_CQE_BYTES, NVME_CSTS_CFS, NVME_REG_CSTS, NVME_REG_DBS, NVME_SQE_BYTES } from '../../hardware/nvme.js';
import type { Errno } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import { Completion } from '../../sched/sync.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import { CoherentMemory, takeZeroed } from './coherent-memory.js';
import { commandBytes, type NvmeCommand, type NvmeCompletion, readCompletion } from './nvme-commands.js';
import type { PciFunction } from './pci-function.js';

/** A controller that is gone reads as all ones. */
const GONE = 0xffffffff;
/** One that failed takes no command any more. */
/** Time between looks at whether the controller is still there. */
const WATCH_US = 1_000_000;

/** How a command ended; `errno` when it did not: the controller is gone, or never answered. */
export type CommandOutcome = { readonly done: NvmeCompletion } | { readonly errno: Errno };

/** A submission queue and its completion queue, both in guest memory. Controllers say of their queue ids what 0 is: admin. */
export class NvmeQueue {
  readonly id: number;
  readonly depth: number;
  readonly submission: CoherentMemory;
  readonly completion: CoherentMemory;
  private readonly machine: GuestMachine;
  private readonly fn: PciFunction;
  private readonly waiting = new Map<number, { done: NvmeCompletion | undefined; readonly event: Completion }>();
  private readonly entry = new Uint8Array(NVME_CQE_BYTES);
  private tail = 0;
  private head = 0;
  private phase = 1;
  private nextId = 0;

  /** A queue whose memory is taken and clear; undefined where there is none. */
  static make(machine: GuestMachine, fn: PciFunction, id: number, depth: number): NvmeQueue | undefined {
    const commands = takeZeroed(machine, depth * NVME_SQE_BYTES);
    if (commands === undefined) return undefined;
    const completions = takeZeroed(machine, depth * NVME_CQE_BYTES);
    // Linux maps completions first, which shows in the addresses that the device gets (nvme_alloc_queue).
    const completion = completions && CoherentMemory.of(machine, fn.dma, completions);
    if (completion === undefined) {
      machine.frames.give(commands);
      return undefined;
    }
    const submission = CoherentMemory.of(machine, fn.dma, commands);
    if (submission !== undefined) return new NvmeQueue(machine, fn, id, depth, submission, completion);
    completion.free();
    return undefined;
  }

  private constructor(
    machine: GuestMachine,
    fn: PciFunction,
    id: number,
    depth: number,
    submission: CoherentMemory,
    completion: CoherentMemory,
  ) {
    this.machine = machine;
    this.fn = fn;
    this.id = id;
    this.depth = depth;
    this.submission = submission;
    this.completion = completion;
  }

  /** Commands that wait for their completion. */
  get outstanding(): number {
    return this.waiting.size;
  }

  /** Sends a command from a CPU and waits for its completion: ETIMEDOUT where none comes, as from a controller that failed. */
  *run(command: NvmeCommand, timeoutUs: number, cpu = 0): Routine<CommandOutcome> {
    const commandId = this.submit(command, cpu);
    if (commandId === undefined) return { errno: 'EBUSY' };
    const waiter = this.waiting.get(commandId)!;
    for (let waited = 0; waited < timeoutUs; waited += WATCH_US) {
      if (yield* waiter.event.wait(this.machine.queue, Math.min(WATCH_US, timeoutUs - waited)))
        return { done: waiter.done! };
      const status = this.fn.readBar(0, NVME_REG_CSTS, cpu);
      if (status === GONE || (status & NVME_CSTS_CFS) !== 0) break;
    }
    this.waiting.delete(commandId);
    return { errno: this.fn.readBar(0, NVME_REG_CSTS, cpu) === GONE ? 'ENODEV' : 'ETIMEDOUT' };
  }

  /** Takes what the controller has completed, as its interrupt says there is something. */
  interrupt(cpu: number): void {
    const before = this.head;
    for (;;) {
      this.machine.memory.read(this.completion.gpa + this.head * NVME_CQE_BYTES, this.entry);
      const found = readCompletion(viewOf(this.entry));
      if (found.phase !== this.phase) break;
      this.head++;
      if (this.head === this.depth) {
        this.head = 0;
        this.phase ^= 1;
      }
      const waiter = this.waiting.get(found.commandId);
      if (waiter === undefined) {
        this.machine.log({
          level: 'warn',
          code: 'nvme-unknown-command',
          fields: { queue: this.id, id: found.commandId },
        });
        continue;
      }
      this.waiting.delete(found.commandId);
      waiter.done = found;
      waiter.event.complete();
    }
    if (this.head !== before) this.fn.writeBar(0, this.doorbell + 4, this.head, cpu);
  }

  /** Gives the memory back; the controller must not use it any more. */
  free(): void {
    this.submission.free();
    this.completion.free();
  }

  private get doorbell(): number {
    return NVME_REG_DBS + this.id * 8;
  }

  private submit(command: NvmeCommand, cpu: number): number | undefined {
    // One entry stays free: a full queue would look like an empty one.
    if (this.waiting.size >= this.depth - 1) return undefined;
    while (this.waiting.has(this.nextId)) this.nextId = (this.nextId + 1) & 0xffff;
    const commandId = this.nextId;
    this.nextId = (commandId + 1) & 0xffff;
    this.waiting.set(commandId, { done: undefined, event: new Completion() });
    this.machine.memory.write(this.submission.gpa + this.tail * NVME_SQE_BYTES, commandBytes(command, commandId));
    this.tail = (this.tail + 1) % this.depth;
    this.fn.writeBar(0, this.doorbell, this.tail, cpu);
    return commandId;
  }
}
