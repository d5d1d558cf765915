import { vpci } from '../../abi/vpci/messages.js';
import { DecodeError } from '../../bytes/errors.js';
import { viewOf } from '../../bytes/span.js';
import { codecOf } from '../../layout/codec.js';
import type { Declared, ValueOf } from '../../layout/types.js';

/** One packet of the guest, in private memory. */
export interface VpciRequest {
  /** Of pci_message_type; -1 where the packet is too short for one or is none of a message. */
  readonly type: number;
  /** Name of the message; the number where there is none. */
  readonly name: string;
  /** The word at offset 4, where most messages have their slot; -1 where the packet ends before. */
  readonly slot: number;
  /** With the padding to a multiple of 8. */
  readonly payload: Uint8Array;
  /** Of the answer; undefined when none is asked for. */
  readonly transactionId: bigint | undefined;
  /** How many packets of the channel came before. */
  readonly step: number;
}

/** READ_BLOCK and WRITE_BLOCK have their slot behind the block's id. */
const SLOT_AT_8: ReadonlySet<number> = new Set([0x42490009, 0x4249000a]);

/** The head of a packet. `payload` must be the caller's own copy. */
export function readRequest(payload: Uint8Array, transactionId: bigint | undefined, step: number): VpciRequest {
  const view = viewOf(payload);
  const type = payload.length >= 4 ? view.getUint32(0, true) : -1;
  const slotAt = SLOT_AT_8.has(type) ? 8 : 4;
  const slot = payload.length >= slotAt + 4 ? view.getUint32(slotAt, true) : -1;
  const name = vpci.byCode.get(type)?.name ?? `0x${(type >>> 0).toString(16)}`;
  return { type, name, slot, payload, transactionId, step };
}

/** The body as a declared struct; undefined when it does not fit. Bytes behind it are ignored. */
export function readBody<T extends Declared>(type: T, request: VpciRequest): ValueOf<T> | undefined {
  try {
    return codecOf(type).decodeAt(viewOf(request.payload), 0);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
