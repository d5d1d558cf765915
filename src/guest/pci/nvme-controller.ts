import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import {
  NVME_CC_ENABLE,
  NVME_CC_SHN_NORMAL,
  NVME_CSTS_CFS,
  NVME_CSTS_SHST_CMPLT,
  NVME_CSTS_SHST_MASK,
  NVME_REG_CC,
  NVME_REG_CSTS,
  nvme_admin_opcode,
  nvme_opcode,
} from '../../hardware/nvme.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import { type Routine, sleep } from '../../sched/routine.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import { CoherentMemory, takeZeroed } from './coherent-memory.js';
import type { NvmeCommand, NvmeCompletion } from './nvme-commands.js';
import type { NvmeQueue } from './nvme-queue.js';
import type { PciFunction } from './pci-function.js';

/** Entries of 64 and 16 bytes, pages of 4 KiB. */
export const CC_SIZES = 0x460000;
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

/** Pages for a command's data: frames, and where the controller has them. */
export interface DataPages {
  readonly frames: readonly number[];
  readonly addresses: readonly bigint[];
}

/** A controller in use: its queues, their interrupts, its namespaces. */
export class NvmeController {
  readonly machine: GuestMachine;
  readonly fn: PciFunction;
  readonly namespaces: NvmeNamespace[] = [];
  admin: NvmeQueue | undefined;
  /** By CPU: queue 1 is entry 0. */
  readonly io: NvmeQueue[] = [];
  /** Pages for lists of addresses that are not in use just now (nvme's prp_page_pool). */
  private readonly lists: CoherentMemory[] = [];
  /** Gives back what commands without an end may still use. */
  private readonly unended: (() => void)[] = [];

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

  /** Runs `use` with pages for a command's data, zeroed, which the controller may write where `writable`. */
  *withPages<T>(bytes: number, writable: boolean, use: (pages: DataPages) => Routine<Outcome<T>>): Routine<Outcome<T>> {
    const { machine } = this;
    const { dma } = this.fn;
    const frames = machine.frames.take(Math.ceil(bytes / HV_HYP_PAGE_SIZE));
    if (frames === undefined) return failure('ENOMEM');
    for (const frame of frames) machine.memory.clear(frame * HV_HYP_PAGE_SIZE, HV_HYP_PAGE_SIZE);
    const mapped = dma.mapPages(frames, writable);
    if (!mapped.ok) {
      machine.frames.give(frames);
      return mapped;
    }
    const outcome = yield* use({ frames, addresses: mapped.value });
    this.whenEnded(outcome, () => {
      dma.unmapPages(mapped.value);
      machine.frames.give(frames);
    });
    return outcome;
  }

  /** What is in pages. */
  contentOf({ frames }: DataPages): Uint8Array {
    const all = new Uint8Array(frames.length * HV_HYP_PAGE_SIZE);
    for (const [i, frame] of frames.entries())
      this.machine.memory.read(
        frame * HV_HYP_PAGE_SIZE,
        all.subarray(i * HV_HYP_PAGE_SIZE, (i + 1) * HV_HYP_PAGE_SIZE),
      );
    return all;
  }

  /** Reads `count` blocks from `block` on, from the queue of a CPU. */
  *readBlocks(cpu: number, namespace: NvmeNamespace, block: bigint, count: number): Routine<Outcome<Uint8Array>> {
    const bytes = count * namespace.blockBytes;
    const controller = this;
    return yield* this.withPages(bytes, true, function* (pages): Routine<Outcome<Uint8Array>> {
      const done = yield* controller.transfer(nvme_opcode.nvme_cmd_read, cpu, namespace, block, count, pages.addresses);
      return done.ok ? success(controller.contentOf(pages).subarray(0, bytes)) : done;
    });
  }

  /** Writes whole blocks from `block` on; EINVAL for another number of bytes. */
  *writeBlocks(cpu: number, namespace: NvmeNamespace, block: bigint, content: Uint8Array): Routine<Outcome> {
    const count = content.length / namespace.blockBytes;
    if (!Number.isInteger(count) || count < 1) return failure('EINVAL');
    const controller = this;
    return yield* this.withPages(content.length, false, function* ({ frames, addresses }): Routine<Outcome> {
      for (const [i, frame] of frames.entries())
        controller.machine.memory.write(
          frame * HV_HYP_PAGE_SIZE,
          content.subarray(i * HV_HYP_PAGE_SIZE, (i + 1) * HV_HYP_PAGE_SIZE),
        );
      return yield* controller.transfer(nvme_opcode.nvme_cmd_write, cpu, namespace, block, count, addresses);
    });
  }

  /** Stops the controller and gives back everything it has, as far as it is still there. */
  *stop(): Routine {
    const { fn } = this;
    // One that is gone or has failed takes no command, and does no DMA: it is only let go (nvme_dev_disable).
    if (this.admin !== undefined && (this.read(NVME_REG_CSTS) & NVME_CSTS_CFS) === 0) {
      for (const opcode of [nvme_admin_opcode.nvme_admin_delete_sq, nvme_admin_opcode.nvme_admin_delete_cq])
        for (let id = this.io.length; id >= 1; id--) yield* this.command({ opcode, words: [id] });
      this.write(NVME_REG_CC, CC_SIZES | NVME_CC_SHN_NORMAL | NVME_CC_ENABLE);
      for (let poll = 0; poll < SHUTDOWN_POLLS; poll++) {
        const status = this.read(NVME_REG_CSTS);
        if (status === GONE || (status & NVME_CSTS_SHST_MASK) === NVME_CSTS_SHST_CMPLT) break;
        yield* sleep(this.machine.queue, SHUTDOWN_POLL_US);
      }
    }
    for (let index = fn.interrupts.count - 1; index >= 0; index--) fn.interrupts.release(index);
    fn.interrupts.free();
    fn.clearMaster();
    for (const queue of this.io.splice(0)) queue.free();
    this.admin?.free();
    this.admin = undefined;
    for (const giveBack of this.unended.splice(0)) giveBack();
    for (const list of this.lists.splice(0)) list.free();
    this.namespaces.length = 0;
  }

  /** The I/O queue of a CPU: CPUs share them evenly where there are fewer. */
  queueOf(cpu: number): NvmeQueue | undefined {
    const online = this.machine.cpus.filter((one) => one.online).map((one) => one.cpu);
    const place = Math.max(0, online.indexOf(cpu));
    return this.io[Math.floor((place * this.io.length) / Math.max(online.length, this.io.length))];
  }

  /** A command on blocks whose data are in pages that the controller has at `addresses`, the first of them and all others. */
  *transfer(
    opcode: number,
    cpu: number,
    namespace: NvmeNamespace,
    block: bigint,
    count: number,
    addresses: readonly bigint[],
  ): Routine<Outcome> {
    const queue = this.queueOf(cpu);
    if (queue === undefined) return failure('ENODEV');
    const list = addresses.length > 2 ? this.makeList(addresses.slice(1)) : undefined;
    if (addresses.length > 2 && list === undefined) return failure('ENOMEM');
    const outcome = yield* queue.run(
      {
        opcode,
        namespace: namespace.id,
        prp1: addresses[0]!,
        prp2: list?.address ?? addresses[1] ?? 0n,
        words: [Number(block & 0xffffffffn), Number(block >> 32n), count - 1],
      },
      IO_TIMEOUT_US,
      cpu,
    );
    const done = 'errno' in outcome ? failure(outcome.errno) : endOf(outcome.done.status);
    if (list !== undefined) this.whenEnded(done, () => this.lists.push(list));
    return done;
  }

  /** Runs `giveBack` now; behind the controller's stop for a command without an end, which may still use what it has. */
  private whenEnded(outcome: Outcome<unknown>, giveBack: () => void): void {
    if (!outcome.ok && outcome.errno === 'ETIMEDOUT') this.unended.push(giveBack);
    else giveBack();
  }

  /** One page with up to 512 addresses. */
  private makeList(addresses: readonly bigint[]): CoherentMemory | undefined {
    if (addresses.length > HV_HYP_PAGE_SIZE / 8) return undefined;
    const list = this.lists.pop() ?? this.newList();
    if (list === undefined) return undefined;
    for (const [i, address] of addresses.entries()) this.machine.memory.writeU64(list.gpa + i * 8, address);
    return list;
  }

  private newList(): CoherentMemory | undefined {
    const frames = takeZeroed(this.machine, HV_HYP_PAGE_SIZE);
    return frames && CoherentMemory.of(this.machine, this.fn.dma, frames);
  }
}

function endOf(status: number): Outcome {
  return status === 0 ? DONE : failure('EIO', status);
}
