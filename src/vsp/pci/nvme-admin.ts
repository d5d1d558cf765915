import {
  NVME_CQ_IRQ_ENABLED,
  NVME_CQE_BYTES,
  NVME_QUEUE_PHYS_CONTIG,
  NVME_SQE_BYTES,
  nvme_admin_opcode,
  nvme_id_cns,
} from '../../hardware/nvme.js';
import type { DmaPort } from '../../ports/dma-port.js';
import { type NvmeCommand, type NvmeOutcome, PAGE, toGuest } from './nvme-command.js';
import type { NvmeFeatures } from './nvme-features.js';
import {
  emptyPage,
  identifyController,
  identifyNamespace,
  MAX_TRANSFER_BYTES,
  NAMESPACE,
  type NvmeIdentity,
  namespaceDescriptors,
  namespaceList,
} from './nvme-identify.js';
import { logPage } from './nvme-log.js';
import { CompletionQueue, canReach, SubmissionQueue } from './nvme-queue.js';
import * as status from './nvme-status.js';

/** The queues of a controller by id; 0 is the admin pair. */
export interface NvmeQueues {
  readonly submissions: Map<number, SubmissionQueue>;
  readonly completions: Map<number, CompletionQueue>;
}

export interface NvmeAdminParts extends NvmeQueues {
  readonly dma: DmaPort;
  readonly identity: NvmeIdentity;
  readonly features: NvmeFeatures;
  /** I/O queues of each kind. */
  readonly maxQueues: number;
  /** Most entries of a queue. */
  readonly maxEntries: number;
  readonly vectors: number;
}

type Run = (parts: NvmeAdminParts, command: NvmeCommand) => NvmeOutcome;

const OK: NvmeOutcome = { status: status.NVME_SUCCESS };

/** The shape that both kinds of queue are created with. */
function queueShape(parts: NvmeAdminParts, { words, prp1 }: NvmeCommand, entryBytes: number): NvmeOutcome | bigint {
  const id = words[0]! & 0xffff;
  const entries = (words[0]! >>> 16) + 1;
  if (id === 0 || id > parts.maxQueues) return { status: status.NVME_INVALID_QUEUE_ID };
  if (entries < 2 || entries > parts.maxEntries) return { status: status.NVME_INVALID_QUEUE_SIZE };
  if ((words[1]! & NVME_QUEUE_PHYS_CONTIG) === 0 || prp1 % BigInt(PAGE) !== 0n)
    return { status: status.NVME_INVALID_FIELD };
  return canReach(parts.dma, prp1, entries * entryBytes) ? prp1 : { status: status.NVME_DATA_TRANSFER_ERROR };
}

const createCompletions: Run = (parts, command) => {
  const base = queueShape(parts, command, NVME_CQE_BYTES);
  if (typeof base !== 'bigint') return base;
  const [id, entries] = [command.words[0]! & 0xffff, (command.words[0]! >>> 16) + 1];
  const vector = command.words[1]! >>> 16;
  if (parts.completions.has(id)) return { status: status.NVME_INVALID_QUEUE_ID };
  if (vector >= parts.vectors) return { status: status.NVME_INVALID_INTERRUPT_VECTOR };
  const interrupts = (command.words[1]! & NVME_CQ_IRQ_ENABLED) !== 0;
  parts.completions.set(id, new CompletionQueue(id, base, entries, interrupts ? vector : undefined));
  return OK;
};

const createSubmissions: Run = (parts, command) => {
  const base = queueShape(parts, command, NVME_SQE_BYTES);
  if (typeof base !== 'bigint') return base;
  const [id, entries] = [command.words[0]! & 0xffff, (command.words[0]! >>> 16) + 1];
  const completionId = command.words[1]! >>> 16;
  if (parts.submissions.has(id)) return { status: status.NVME_INVALID_QUEUE_ID };
  const completions = completionId === 0 ? undefined : parts.completions.get(completionId);
  if (completions === undefined) return { status: status.NVME_COMPLETION_QUEUE_INVALID };
  parts.submissions.set(id, new SubmissionQueue(id, base, entries, completions));
  return OK;
};

const deleteSubmissions: Run = ({ submissions }, { words }) => {
  const id = words[0]! & 0xffff;
  return id !== 0 && submissions.delete(id) ? OK : { status: status.NVME_INVALID_QUEUE_ID };
};

const deleteCompletions: Run = ({ submissions, completions }, { words }) => {
  const id = words[0]! & 0xffff;
  if (id === 0 || !completions.has(id)) return { status: status.NVME_INVALID_QUEUE_ID };
  if ([...submissions.values()].some((queue) => queue.completions.id === id))
    return { status: status.NVME_INVALID_QUEUE_DELETION };
  completions.delete(id);
  return OK;
};

/** Controller or namespace structure, in its order of CNS. */
const identify: Run = ({ dma, identity }, command) => {
  const about = command.words[0]! & 0xff;
  const namespaced =
    about === nvme_id_cns.NVME_ID_CNS_NS ||
    about === nvme_id_cns.NVME_ID_CNS_NS_DESC_LIST ||
    about === nvme_id_cns.NVME_ID_CNS_CS_NS;
  if (namespaced && command.nsid !== NAMESPACE) return { status: status.NVME_INVALID_NAMESPACE };
  const page = identifyPage(identity, about, command);
  if (page === undefined) return { status: status.NVME_INVALID_FIELD };
  return { status: toGuest(dma, command, page) ? status.NVME_SUCCESS : status.NVME_DATA_TRANSFER_ERROR };
};

function identifyPage(identity: NvmeIdentity, about: number, { nsid, words }: NvmeCommand): Uint8Array | undefined {
  // The command set of the newer kinds is in bits 31:24 of word 11: only the NVM set is here.
  if (about >= nvme_id_cns.NVME_ID_CNS_CS_NS && words[1]! >>> 24 !== 0) return undefined;
  switch (about) {
    case nvme_id_cns.NVME_ID_CNS_NS:
      return identifyNamespace(identity);
    case nvme_id_cns.NVME_ID_CNS_CTRL:
      return identifyController(identity);
    case nvme_id_cns.NVME_ID_CNS_NS_ACTIVE_LIST:
    case nvme_id_cns.NVME_ID_CNS_NS_ACTIVE_LIST_CS:
      return namespaceList(nsid);
    case nvme_id_cns.NVME_ID_CNS_NS_DESC_LIST:
      return namespaceDescriptors(identity);
    case nvme_id_cns.NVME_ID_CNS_CS_NS:
    case nvme_id_cns.NVME_ID_CNS_CS_CTRL:
      return emptyPage();
    default:
      return undefined;
  }
}

const getLog: Run = ({ dma }, command) => {
  const { words } = command;
  const page = logPage(words[0]! & 0xff);
  if (page === undefined) return { status: status.NVME_INVALID_LOG_PAGE };
  const length = (((words[0]! >>> 16) | ((words[1]! & 0xffff) << 16)) >>> 0) * 4 + 4;
  if (length > MAX_TRANSFER_BYTES || words[2]! % 4 !== 0 || words[3] !== 0)
    return { status: status.NVME_INVALID_FIELD };
  const bytes = new Uint8Array(length);
  bytes.set(page.subarray(words[2]!, words[2]! + length));
  return { status: toGuest(dma, command, bytes) ? status.NVME_SUCCESS : status.NVME_DATA_TRANSFER_ERROR };
};

/** Admin commands that end at once (NVM Express 1.4, 5); an asynchronous event request does not. */
const COMMANDS: ReadonlyMap<number, Run> = new Map<number, Run>([
  [nvme_admin_opcode.nvme_admin_delete_sq, deleteSubmissions],
  [nvme_admin_opcode.nvme_admin_create_sq, createSubmissions],
  [nvme_admin_opcode.nvme_admin_get_log_page, getLog],
  [nvme_admin_opcode.nvme_admin_delete_cq, deleteCompletions],
  [nvme_admin_opcode.nvme_admin_create_cq, createCompletions],
  [nvme_admin_opcode.nvme_admin_identify, identify],
  // Whatever is to be aborted has ended already, or is an event request: it was not aborted, says bit 0.
  [nvme_admin_opcode.nvme_admin_abort_cmd, () => ({ status: status.NVME_SUCCESS, result: 1 })],
  [nvme_admin_opcode.nvme_admin_set_features, ({ features }, command) => features.set(command)],
  [nvme_admin_opcode.nvme_admin_get_features, ({ features }, command) => features.get(command)],
]);

export function runAdmin(parts: NvmeAdminParts, command: NvmeCommand): NvmeOutcome {
  return COMMANDS.get(command.opcode)?.(parts, command) ?? { status: status.NVME_INVALID_OPCODE };
}
