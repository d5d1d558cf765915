import { hiOf, loOf } from '../../bytes/word.js';
import { NVME_SQE_BYTES } from '../../hardware/nvme.js';

// Commands of 64 bytes and completions of 16: NVM Express base specification 1.4, 4.2, 4.6, 5 and 6; include/linux/nvme.h.

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
  const bytes = new Uint8Array(NVME_SQE_BYTES);
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
