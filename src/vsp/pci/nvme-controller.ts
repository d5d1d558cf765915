import { bytesToHex } from '../../bytes/hex.js';
import {
  NVME_CC_ENABLE,
  NVME_CC_SHN_MASK,
  NVME_CQE_BYTES,
  NVME_CSTS_CFS,
  NVME_CSTS_RDY,
  NVME_CSTS_SHST_CMPLT,
  NVME_REG_ACQ,
  NVME_REG_AQA,
  NVME_REG_ASQ,
  NVME_REG_CAP,
  NVME_REG_CC,
  NVME_REG_CSTS,
  NVME_REG_DBS,
  NVME_REG_VS,
  NVME_SQE_BYTES,
  nvme_admin_opcode,
} from '../../hardware/nvme.js';
import type { DmaPort } from '../../ports/dma-port.js';
import type { MmioDevice } from '../../ports/host-port.js';
import { type NvmeAdminParts, runAdmin } from './nvme-admin.js';
import { type NvmeCommand, type NvmeOutcome, readCommand } from './nvme-command.js';
import { NvmeFeatures } from './nvme-features.js';
import { ASYNC_EVENT_LIMIT, NVME_VERSION, type NvmeIdentity } from './nvme-identify.js';
import { runIo } from './nvme-io.js';
import { CompletionQueue, canReach, SubmissionQueue } from './nvme-queue.js';
import { NVME_ASYNC_EVENT_LIMIT, NVME_SUCCESS } from './nvme-status.js';
import type { DevicePort } from './pci-device.js';

const MAX_ENTRIES = 64;
/** Entries less one, contiguous queues, 5 s to get ready, the NVM command set; 4 KiB pages and 4-byte doorbells are zeros. */
const CAP_VALUE = (1n << 37n) | (10n << 24n) | (1n << 16n) | BigInt(MAX_ENTRIES - 1);

/** Commands taken in one go, so that a guest that adds without end keeps nobody else waiting. */
const COMMANDS_A_TURN = 64;

export interface NvmeControllerParts {
  readonly port: Pick<DevicePort, 'queue' | 'trace'>;
  /** All that the controller has of memory. */
  readonly dma: DmaPort;
  readonly identity: NvmeIdentity;
  readonly maxQueues: number;
  readonly vectors: number;
  raise(vector: number): boolean;
  /** Where the function is, for the trace. */
  slot(): number;
}

/** The registers, queues and commands of one controller. */
export class NvmeController implements MmioDevice {
  readonly #parts: NvmeControllerParts;
  readonly #admin: NvmeAdminParts;
  readonly #features: NvmeFeatures;
  readonly #bytes = new Uint8Array(NVME_SQE_BYTES);
  #events: number[] = [];
  #cc = 0;
  #csts = 0;
  #aqa = 0;
  #asq = 0n;
  #acq = 0n;
  #scheduled = false;

  constructor(parts: NvmeControllerParts) {
    this.#parts = parts;
    this.#features = new NvmeFeatures(parts.maxQueues);
    this.#admin = {
      dma: parts.dma,
      identity: parts.identity,
      features: this.#features,
      maxQueues: parts.maxQueues,
      maxEntries: MAX_ENTRIES,
      vectors: parts.vectors,
      submissions: new Map(),
      completions: new Map(),
    };
  }

  get ready(): boolean {
    return (this.#csts & NVME_CSTS_RDY) !== 0;
  }

  /** Its queues could not be reached, or it was started wrongly: it does nothing until it is disabled. */
  get hasFailed(): boolean {
    return (this.#csts & NVME_CSTS_CFS) !== 0;
  }

  /** Asynchronous event requests that are held. */
  get heldEvents(): number {
    return this.#events.length;
  }

  reset(): void {
    this.#disable();
    this.#cc = 0;
    this.#aqa = 0;
    this.#asq = 0n;
    this.#acq = 0n;
  }

  read(offset: number, size: 1 | 2 | 4 | 8): bigint {
    if (size < 4 || offset % size !== 0) return 0n;
    if (size === 4) return BigInt(this.#word(offset));
    return BigInt(this.#word(offset)) | (BigInt(this.#word(offset + 4)) << 32n);
  }

  write(offset: number, size: 1 | 2 | 4 | 8, value: bigint): void {
    if (size < 4 || offset % size !== 0) return;
    const low = Number(BigInt.asUintN(32, value));
    if (offset >= NVME_REG_DBS) this.#doorbell(offset - NVME_REG_DBS, low);
    else this.#setWord(offset, low);
    if (size === 8 && offset < NVME_REG_DBS) this.#setWord(offset + 4, Number(BigInt.asUintN(32, value >> 32n)));
  }

  /** Ends one of the held event requests with this result; false when none is held or the queue is full. */
  notify(result: number): boolean {
    const completions = this.#admin.completions.get(0);
    const queue = this.#admin.submissions.get(0);
    if (this.#events.length === 0 || completions === undefined || queue === undefined || completions.full) return false;
    const commandId = this.#events.shift()!;
    const completion = { commandId, status: NVME_SUCCESS, result, queueId: 0, queueHead: queue.head };
    if (!completions.post(this.#admin.dma, completion)) return this.#fail();
    this.#interrupt(completions);
    return true;
  }

  #word(offset: number): number {
    switch (offset) {
      case NVME_REG_CAP:
        return Number(CAP_VALUE & 0xffff_ffffn);
      case NVME_REG_CAP + 4:
        return Number(CAP_VALUE >> 32n);
      case NVME_REG_VS:
        return NVME_VERSION;
      case NVME_REG_CC:
        return this.#cc;
      case NVME_REG_CSTS:
        return this.#csts;
      case NVME_REG_AQA:
        return this.#aqa;
      case NVME_REG_ASQ:
      case NVME_REG_ACQ:
        return Number(BigInt.asUintN(32, offset === NVME_REG_ASQ ? this.#asq : this.#acq));
      case NVME_REG_ASQ + 4:
      case NVME_REG_ACQ + 4:
        return Number((offset === NVME_REG_ASQ + 4 ? this.#asq : this.#acq) >> 32n);
      default:
        return 0;
    }
  }

  #setWord(offset: number, value: number): void {
    const low = (word: bigint) => (word & ~0xffff_ffffn) | BigInt((value & ~0xfff) >>> 0);
    switch (offset) {
      case NVME_REG_CC:
        this.#configure(value);
        return;
      case NVME_REG_AQA:
        this.#aqa = value & 0x0fff_0fff;
        return;
      case NVME_REG_ASQ:
        this.#asq = BigInt.asUintN(64, low(this.#asq));
        return;
      case NVME_REG_ASQ + 4:
        this.#asq = (this.#asq & 0xffff_ffffn) | (BigInt(value) << 32n);
        return;
      case NVME_REG_ACQ:
        this.#acq = BigInt.asUintN(64, low(this.#acq));
        return;
      case NVME_REG_ACQ + 4:
        this.#acq = (this.#acq & 0xffff_ffffn) | (BigInt(value) << 32n);
        return;
      default:
    }
  }

  #configure(value: number): void {
    const was = this.#cc;
    this.#cc = value;
    if ((value & NVME_CC_ENABLE) === 0) {
      if ((was & NVME_CC_ENABLE) !== 0) this.#disable();
    } else if ((was & NVME_CC_ENABLE) === 0) this.#enable();
    if ((value & NVME_CC_SHN_MASK) !== 0) this.#csts |= NVME_CSTS_SHST_CMPLT;
  }

  #enable(): void {
    const { dma } = this.#admin;
    const submissions = (this.#aqa & 0xfff) + 1;
    const completions = (this.#aqa >>> 16) + 1;
    // Command set, page size and arbitration must be the ones there are, entries 64 and 16 bytes.
    const shape = (this.#cc & 0x00ff_3ff0) === 0x0046_0000;
    const reached =
      canReach(dma, this.#asq, submissions * NVME_SQE_BYTES) && canReach(dma, this.#acq, completions * NVME_CQE_BYTES);
    if (!reached || submissions < 2 || completions < 2 || !shape) {
      this.#fail();
      return;
    }
    const queue = new CompletionQueue(0, this.#acq, completions, 0);
    this.#admin.completions.set(0, queue);
    this.#admin.submissions.set(0, new SubmissionQueue(0, this.#asq, submissions, queue));
    this.#csts = NVME_CSTS_RDY;
  }

  #disable(): void {
    this.#csts = 0;
    this.#events = [];
    this.#features.reset();
    this.#admin.submissions.clear();
    this.#admin.completions.clear();
  }

  /** Tails of submission queues and heads of completion queues by turns; a value outside of the queue is not taken. */
  #doorbell(offset: number, value: number): void {
    const id = offset >>> 3;
    const { submissions, completions } = this.#admin;
    const queue = (offset & 4) === 0 ? submissions.get(id) : completions.get(id);
    if (queue === undefined || value >= queue.entries || offset % 4 !== 0) return;
    if (queue instanceof SubmissionQueue) queue.tail = value;
    else queue.head = value;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.port.queue.post(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  /** Takes commands of all queues by turns while their completion queues have room. */
  #run(): void {
    const posted = new Set<CompletionQueue>();
    let left = COMMANDS_A_TURN;
    for (let idle = false; !idle && left > 0; ) {
      idle = true;
      for (const queue of [...this.#admin.submissions.values()]) {
        if (!this.#works || queue.empty || queue.completions.full || left === 0) continue;
        // A queue that a command of this round deleted is not read again.
        if (this.#admin.submissions.get(queue.id) !== queue) continue;
        idle = false;
        left--;
        if (this.#runOne(queue)) posted.add(queue.completions);
      }
    }
    for (const queue of posted) if (this.#admin.completions.get(queue.id) === queue) this.#interrupt(queue);
    if (left === 0) this.#schedule();
  }

  /** True when a completion was written. */
  #runOne(queue: SubmissionQueue): boolean {
    const { dma, identity } = this.#admin;
    if (!queue.take(dma, this.#bytes)) return this.#fail();
    const command = readCommand(this.#bytes);
    const { port, slot } = this.#parts;
    port.trace.event({ k: 'nvme', slot: slot(), q: queue.id, cmd: bytesToHex(this.#bytes) });
    const admin = queue.id === 0;
    const outcome =
      admin && command.opcode === nvme_admin_opcode.nvme_admin_async_event
        ? this.#hold(command)
        : admin
          ? runAdmin(this.#admin, command)
          : runIo(dma, identity, command);
    if (outcome === undefined) return false;
    const { status, result = 0 } = outcome;
    const completion = { commandId: command.id, status, result, queueId: queue.id, queueHead: queue.head };
    return queue.completions.post(dma, completion) || this.#fail();
  }

  get #works(): boolean {
    return this.ready && !this.hasFailed;
  }

  #fail(): false {
    this.#csts |= NVME_CSTS_CFS;
    return false;
  }

  #hold({ id }: NvmeCommand): NvmeOutcome | undefined {
    if (this.#events.length >= ASYNC_EVENT_LIMIT) return { status: NVME_ASYNC_EVENT_LIMIT };
    this.#events.push(id);
    return undefined;
  }

  #interrupt({ vector }: CompletionQueue): void {
    if (vector !== undefined) this.#parts.raise(vector);
  }
}
