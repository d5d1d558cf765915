import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import { type Routine, sleep } from '../../sched/routine.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import { AdminOpcode, IoOpcode, type NvmeCommand, type NvmeCompletion } from './nvme-commands.js';
import type { NvmeQueue } from './nvme-queue.js';
import type { PciFunction } from './pci-function.js';

/** Controller registers: NVM Express base specification 1.4, 3.1. */
export const Register = {
  CAP: 0x0,
  VS: 0x8,
  CC: 0x14,
  CSTS: 0x1c,
  AQA: 0x24,
  ASQ: 0x28,
  ACQ: 0x30,
  CMBSZ: 0x3c,
} as const;
/** Entries of 64 and 16 bytes, pages of 4 KiB. */
export const CC_SIZES = 0x460000;
export const CC_ENABLE = 0x1;
const CC_SHUTDOWN = 0x4000;
const CSTS_SHUTDOWN_DONE = 0x8;
const CSTS_SHUTDOWN = 0xc;
const GONE = 0xffffffff;
export const ADMIN_TIMEOUT_US = 60_000_000;
const IO_TIMEOUT_US = 30_000_000;
const SHUTDOWN_POLL_US = 100_000;
const SHUTDOWN_POLLS = 50;

export interface NvmeNamespace {
  readonly id: number;
  /** Blocks. */
  readonly blocks: bigint;
  readonly blockBytes: number;
}

/** A controller in use: its queues, their interrupts, its namespaces. */
export class NvmeController {
  readonly machine: GuestMachine;
  readonly fn: PciFunction;
  readonly namespaces: NvmeNamespace[] = [];
  admin: NvmeQueue | undefined;
  /** By CPU: queue 1 is entry 0. */
  readonly io: NvmeQueue[] = [];

  constructor(machine: GuestMachine, fn: PciFunction) {
    this.machine = machine;
    this.fn = fn;
  }

  read(register: number): number {
    return this.fn.readBar(0, register);
  }

  write(register: number, value: number): void {
    this.fn.writeBar(0, register, value);
  }

  /** An admin command; EIO with the controller's status where it refused. */
  *command(command: NvmeCommand): Routine<Outcome<NvmeCompletion>> {
    const { admin } = this;
    if (admin === undefined) return failure('ENODEV');
    const outcome = yield* admin.run(command, ADMIN_TIMEOUT_US);
    if ('errno' in outcome) return failure(outcome.errno);
    return outcome.done.status === 0 ? success(outcome.done) : failure('EIO', outcome.done.status);
  }

  /** Runs `use` with pages for a command's data, and what the data are then. */
  *withPages<T>(bytes: number, use: (pages: readonly number[]) => Routine<Outcome<T>>): Routine<Outcome<T>> {
    const pages = this.machine.frames.take(Math.ceil(bytes / HV_HYP_PAGE_SIZE));
    if (pages === undefined) return failure('ENOMEM');
    for (const page of pages) this.machine.memory.clear(page * HV_HYP_PAGE_SIZE, HV_HYP_PAGE_SIZE);
    const outcome = yield* use(pages);
    // A command without an end may still write there: such pages are lost.
    if (outcome.ok || outcome.errno !== 'ETIMEDOUT') this.machine.frames.give(pages);
    return outcome;
  }

  /** Reads `count` blocks from `block` on, from the queue of a CPU. */
  *readBlocks(cpu: number, namespace: NvmeNamespace, block: bigint, count: number): Routine<Outcome<Uint8Array>> {
    const bytes = count * namespace.blockBytes;
    const controller = this;
    return yield* this.withPages(bytes, function* (pages): Routine<Outcome<Uint8Array>> {
      const done = yield* controller.transfer(IoOpcode.READ, cpu, namespace, block, count, pages);
      if (!done.ok) return done;
      const all = new Uint8Array(pages.length * HV_HYP_PAGE_SIZE);
      for (const [i, page] of pages.entries())
        controller.machine.memory.read(
          page * HV_HYP_PAGE_SIZE,
          all.subarray(i * HV_HYP_PAGE_SIZE, (i + 1) * HV_HYP_PAGE_SIZE),
        );
      return success(all.subarray(0, bytes));
    });
  }

  /** Writes whole blocks from `block` on; EINVAL for another number of bytes. */
  *writeBlocks(cpu: number, namespace: NvmeNamespace, block: bigint, content: Uint8Array): Routine<Outcome> {
    const count = content.length / namespace.blockBytes;
    if (!Number.isInteger(count) || count < 1) return failure('EINVAL');
    const controller = this;
    return yield* this.withPages(content.length, function* (pages): Routine<Outcome> {
      for (const [i, page] of pages.entries())
        controller.machine.memory.write(
          page * HV_HYP_PAGE_SIZE,
          content.subarray(i * HV_HYP_PAGE_SIZE, (i + 1) * HV_HYP_PAGE_SIZE),
        );
      return yield* controller.transfer(IoOpcode.WRITE, cpu, namespace, block, count, pages);
    });
  }

  /** Stops the controller and gives back everything it has, as far as it is still there. */
  *stop(): Routine {
    const { fn } = this;
    if (this.admin !== undefined && this.read(Register.CSTS) !== GONE) {
      for (const opcode of [AdminOpcode.DELETE_SQ, AdminOpcode.DELETE_CQ])
        for (let id = this.io.length; id >= 1; id--) yield* this.command({ opcode, words: [id] });
      this.write(Register.CC, CC_SIZES | CC_SHUTDOWN | CC_ENABLE);
      for (let poll = 0; poll < SHUTDOWN_POLLS; poll++) {
        const status = this.read(Register.CSTS);
        if (status === GONE || (status & CSTS_SHUTDOWN) === CSTS_SHUTDOWN_DONE) break;
        yield* sleep(this.machine.queue, SHUTDOWN_POLL_US);
      }
    }
    for (let index = fn.interrupts.count - 1; index >= 0; index--) fn.interrupts.release(index);
    fn.interrupts.free();
    fn.clearMaster();
    for (const queue of this.io.splice(0)) queue.free();
    this.admin?.free();
    this.admin = undefined;
    this.namespaces.length = 0;
  }

  /** The I/O queue of a CPU: CPUs share them evenly where there are fewer. */
  queueOf(cpu: number): NvmeQueue | undefined {
    const online = this.machine.cpus.filter((one) => one.online).map((one) => one.cpu);
    const place = Math.max(0, online.indexOf(cpu));
    return this.io[Math.floor((place * this.io.length) / Math.max(online.length, this.io.length))];
  }

  private *transfer(
    opcode: number,
    cpu: number,
    namespace: NvmeNamespace,
    block: bigint,
    count: number,
    pages: readonly number[],
  ): Routine<Outcome> {
    const queue = this.queueOf(cpu);
    if (queue === undefined) return failure('ENODEV');
    const list = pages.length > 2 ? this.makeList(pages.slice(1)) : undefined;
    if (pages.length > 2 && list === undefined) return failure('ENOMEM');
    const second = list ?? pages[1];
    const outcome = yield* queue.run(
      {
        opcode,
        namespace: namespace.id,
        prp1: BigInt(pages[0]! * HV_HYP_PAGE_SIZE),
        prp2: second === undefined ? 0n : BigInt(second * HV_HYP_PAGE_SIZE),
        words: [Number(block & 0xffffffffn), Number(block >> 32n), count - 1],
      },
      IO_TIMEOUT_US,
      cpu,
    );
    if (list !== undefined) this.machine.frames.give([list]);
    if ('errno' in outcome) return failure(outcome.errno);
    return outcome.done.status === 0 ? success(undefined) : failure('EIO', outcome.done.status);
  }

  /** One page with the addresses of up to 512 others. */
  private makeList(pages: readonly number[]): number | undefined {
    if (pages.length > HV_HYP_PAGE_SIZE / 8) return undefined;
    const [list] = this.machine.frames.take(1) ?? [];
    if (list === undefined) return undefined;
    for (const [i, page] of pages.entries())
      this.machine.memory.writeU64(list * HV_HYP_PAGE_SIZE + i * 8, BigInt(page * HV_HYP_PAGE_SIZE));
    return list;
  }
}
