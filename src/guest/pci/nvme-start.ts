import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { hiOf, loOf } from '../../bytes/word.js';
import {
  NVME_CC_ENABLE,
  NVME_CQ_IRQ_ENABLED,
  NVME_CSTS_CFS,
  NVME_CSTS_RDY,
  NVME_FEAT_NUM_QUEUES,
  NVME_QUEUE_PHYS_CONTIG,
  NVME_REG_ACQ,
  NVME_REG_AQA,
  NVME_REG_ASQ,
  NVME_REG_CAP,
  NVME_REG_CC,
  NVME_REG_CMBSZ,
  NVME_REG_CSTS,
  NVME_REG_VS,
  nvme_admin_opcode,
  nvme_id_cns,
} from '../../hardware/nvme.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import { type Routine, sleep } from '../../sched/routine.js';
import { CC_SIZES, type NvmeController, type NvmeNamespace } from './nvme-controller.js';
import { NvmeQueue } from './nvme-queue.js';

// The start of a controller in the order of nvme_probe and nvme_reset_work, drivers/nvme/host/pci.c.

const ADMIN_DEPTH = 32;
const IO_DEPTH = 64;
const GONE = 0xffffffff;
const READY_POLL_US = 1000;
/** CAP.TO counts 500 ms. */
const READY_UNIT_US = 500_000;
const FORMATTED_SIZE = 26;
const FORMATS = 128;
/** 512 bytes to one page. */
const MIN_BLOCK_SHIFT = 9;
const MAX_BLOCK_SHIFT = 12;

/** Brings a controller up: queues, interrupts, namespaces. What is made so far stays with it when it fails. */
export function* startController(controller: NvmeController): Routine<Outcome> {
  const { fn, machine } = controller;
  fn.enable();
  fn.setMaster();
  if (controller.read(NVME_REG_CSTS) === GONE) return failure('ENODEV');
  // One interrupt until the controller has said how many queues it has.
  const first = fn.allocateInterrupts(1);
  if (!first.ok) return first;
  const timeout = (readCap(controller).low >>> 24) * READY_UNIT_US;
  controller.read(NVME_REG_CMBSZ);
  const enabled = yield* enable(controller, timeout);
  if (!enabled.ok) return enabled;
  const one = requestAdmin(controller);
  if (!one.ok) return one;
  controller.read(NVME_REG_VS);
  const identity = yield* identify(controller, nvme_id_cns.NVME_ID_CNS_CTRL);
  if (!identity.ok) return identity;
  const online = machine.cpus.filter((cpu) => cpu.online).length;
  const granted = yield* askQueues(controller, online);
  if (!granted.ok) return granted;
  fn.interrupts.release(0);
  fn.interrupts.free();
  const count = fn.allocateInterrupts(1 + granted.value, { preVectors: 1 });
  if (!count.ok) return count;
  const again = requestAdmin(controller);
  if (!again.ok) return again;
  const queues = yield* makeQueues(controller, granted.value, count.value);
  if (!queues.ok) return queues;
  return yield* findNamespaces(controller);
}

function readCap(controller: NvmeController): { low: number; high: number } {
  return { low: controller.read(NVME_REG_CAP), high: controller.read(NVME_REG_CAP + 4) };
}

function requestAdmin(controller: NvmeController): Outcome {
  return controller.fn.interrupts.request(0, (cpu) => {
    controller.admin?.interrupt(cpu);
    // A function with one interrupt has all its queues on it.
    if (controller.fn.interrupts.count === 1) for (const queue of controller.io) queue.interrupt(cpu);
  });
}

function* enable(controller: NvmeController, timeoutUs: number): Routine<Outcome> {
  controller.read(NVME_REG_VS);
  controller.write(NVME_REG_CC, 0);
  const stopped = yield* waitReady(controller, 0, timeoutUs);
  if (!stopped.ok) return stopped;
  const admin = NvmeQueue.make(controller.machine, controller.fn, 0, ADMIN_DEPTH);
  if (admin === undefined) return failure('ENOMEM');
  controller.admin = admin;
  controller.write(NVME_REG_AQA, ((ADMIN_DEPTH - 1) << 16) | (ADMIN_DEPTH - 1));
  writeAddress(controller, NVME_REG_ASQ, admin.submission.address);
  writeAddress(controller, NVME_REG_ACQ, admin.completion.address);
  readCap(controller);
  controller.write(NVME_REG_CC, CC_SIZES);
  readCap(controller);
  controller.write(NVME_REG_CC, CC_SIZES | NVME_CC_ENABLE);
  return yield* waitReady(controller, NVME_CSTS_RDY, timeoutUs);
}

function writeAddress(controller: NvmeController, register: number, address: bigint): void {
  controller.write(register, loOf(address));
  controller.write(register + 4, hiOf(address));
}

function* waitReady(controller: NvmeController, wanted: number, timeoutUs: number): Routine<Outcome> {
  for (let waited = 0; ; waited += READY_POLL_US) {
    const status = controller.read(NVME_REG_CSTS);
    if (status === GONE) return failure('ENODEV');
    if ((status & NVME_CSTS_RDY) === wanted) return DONE;
    // Linux waits for such a controller to the end of its time.
    if (wanted === NVME_CSTS_RDY && (status & NVME_CSTS_CFS) !== 0) return failure('EIO');
    if (waited >= timeoutUs) return failure('ETIMEDOUT');
    yield* sleep(controller.machine.queue, READY_POLL_US);
  }
}

/** A page that an identify command filled. */
function* identify(controller: NvmeController, what: number, namespace = 0): Routine<Outcome<Uint8Array>> {
  return yield* controller.withPages(HV_HYP_PAGE_SIZE, true, function* (pages): Routine<Outcome<Uint8Array>> {
    const done = yield* controller.command({
      opcode: nvme_admin_opcode.nvme_admin_identify,
      namespace,
      prp1: pages.addresses[0]!,
      words: [what],
    });
    return done.ok ? success(controller.contentOf(pages)) : done;
  });
}

/** Asks for `count` pairs of I/O queues; what the controller gives is no more than that. */
function* askQueues(controller: NvmeController, count: number): Routine<Outcome<number>> {
  const done = yield* controller.command({
    opcode: nvme_admin_opcode.nvme_admin_set_features,
    words: [NVME_FEAT_NUM_QUEUES, ((count - 1) << 16) | (count - 1)],
  });
  if (!done.ok) return done;
  const { result } = done.value;
  return success(Math.min(count, (result & 0xffff) + 1, (result >>> 16) + 1));
}

function* makeQueues(controller: NvmeController, wanted: number, interrupts: number): Routine<Outcome> {
  // With one interrupt the admin queue shares it.
  const count = Math.min(wanted, Math.max(1, interrupts - 1));
  for (let id = 1; id <= count; id++) {
    const queue = NvmeQueue.make(controller.machine, controller.fn, id, IO_DEPTH);
    if (queue === undefined) return failure('ENOMEM');
    const vector = interrupts > 1 ? id : 0;
    const completion = yield* controller.command({
      opcode: nvme_admin_opcode.nvme_admin_create_cq,
      prp1: queue.completion.address,
      words: [((IO_DEPTH - 1) << 16) | id, (vector << 16) | NVME_CQ_IRQ_ENABLED | NVME_QUEUE_PHYS_CONTIG],
    });
    const submission = completion.ok
      ? yield* controller.command({
          opcode: nvme_admin_opcode.nvme_admin_create_sq,
          prp1: queue.submission.address,
          words: [((IO_DEPTH - 1) << 16) | id, (id << 16) | NVME_QUEUE_PHYS_CONTIG],
        })
      : completion;
    if (!submission.ok) {
      queue.free();
      return submission;
    }
    controller.io.push(queue);
    if (vector === 0) continue;
    const requested = controller.fn.interrupts.request(vector, (cpu) => queue.interrupt(cpu));
    if (!requested.ok) return requested;
  }
  return DONE;
}

function* findNamespaces(controller: NvmeController): Routine<Outcome> {
  // Older controllers refuse these two; the list of namespaces is what counts.
  yield* identify(controller, nvme_id_cns.NVME_ID_CNS_CS_CTRL);
  const list = yield* identify(controller, nvme_id_cns.NVME_ID_CNS_NS_ACTIVE_LIST);
  if (!list.ok) return list;
  const view = new DataView(list.value.buffer);
  for (let at = 0; at < list.value.length; at += 4) {
    const id = view.getUint32(at, true);
    if (id === 0) break;
    yield* identify(controller, nvme_id_cns.NVME_ID_CNS_NS_DESC_LIST, id);
    const found = yield* identify(controller, nvme_id_cns.NVME_ID_CNS_NS, id);
    if (!found.ok) return found;
    const namespace = readNamespace(id, new DataView(found.value.buffer));
    if (namespace !== undefined) controller.namespaces.push(namespace);
    else controller.machine.log({ level: 'warn', code: 'nvme-namespace-unusable', fields: { id } });
  }
  return DONE;
}

/** What an identify page says of a namespace; undefined where its blocks have a size that Linux would not take. */
function readNamespace(id: number, page: DataView): NvmeNamespace | undefined {
  const format = FORMATS + (page.getUint8(FORMATTED_SIZE) & 0xf) * 4;
  const shift = page.getUint8(format + 2);
  if (shift < MIN_BLOCK_SHIFT || shift > MAX_BLOCK_SHIFT) return undefined;
  return { id, blocks: page.getBigUint64(0, true), blockBytes: 1 << shift };
}
