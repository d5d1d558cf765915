import { hiOf, loOf } from '../../bytes/word.js';

// Commands of 64 bytes and completions of 16: NVM Express base specification 1.4, 4.2, 4.6, 5 and 6; include/linux/nvme.h.

export const COMMAND_BYTES = 64;
export const COMPLETION_BYTES = 16;

export const AdminOpcode = {
  DELETE_SQ: 0x00,
  CREATE_SQ: 0x01,
  DELETE_CQ: 0x04,
  CREATE_CQ: 0x05,
  IDENTIFY: 0x06,
  SET_FEATURES: 0x09,
} as const;

export const IoOpcode = { FLUSH: 0x00, WRITE: 0x01, READ: 0x02 } as const;

/** What an identify command asks for (CNS). */
export const Identify = {
  NAMESPACE: 0,
  CONTROLLER: 1,
  ACTIVE_NAMESPACES: 2,
  NAMESPACE_DESCRIPTORS: 3,
  COMMAND_SET: 6,
} as const;

export const FEATURE_QUEUES = 0x07;
/** Queue memory is contiguous; a completion queue interrupts. */
export const QUEUE_CONTIGUOUS = 1;
export const QUEUE_INTERRUPTS = 2;

export interface NvmeCommand {
  readonly opcode: number;
  readonly namespace?: number;
  /** Data: the first page, and the second one or a list of the others. */
  readonly prp1?: bigint;
  readonly prp2?: bigint;
  /** Words 10 to 15. */
  readonly words?: readonly number[];
}

export interface NvmeCompletion {
  /** Word 0, what a command gives back. */
  readonly result: number;
  readonly queueHead: number;
  readonly commandId: number;
  /** Status field without the phase bit; 0 is success. */
  readonly status: number;
}

/** Bytes of a command. */
export function commandBytes(command: NvmeCommand, commandId: number): Uint8Array {
  const bytes = new Uint8Array(COMMAND_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, command.opcode);
  view.setUint16(2, commandId, true);
  view.setUint32(4, command.namespace ?? 0, true);
  for (const [at, prp] of [
    [24, command.prp1 ?? 0n],
    [32, command.prp2 ?? 0n],
  ] as const) {
    view.setUint32(at, loOf(prp), true);
    view.setUint32(at + 4, hiOf(prp), true);
  }
  for (const [i, word] of (command.words ?? []).entries()) view.setUint32(40 + i * 4, word, true);
  return bytes;
}

/** A completion, and the phase bit that says whether it is new. */
export function readCompletion(view: DataView): NvmeCompletion & { readonly phase: number } {
  const status = view.getUint16(14, true);
  return {
    result: view.getUint32(0, true),
    queueHead: view.getUint16(8, true),
    commandId: view.getUint16(12, true),
    status: status >>> 1,
    phase: status & 1,
  };
}
