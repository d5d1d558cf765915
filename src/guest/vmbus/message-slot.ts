import { hv_message, hv_message_header } from '../../abi/synic/message.js';
import { hv_synic_limits } from '../../abi/synic/register.js';
import { vmbus_connection } from '../../abi/vmbus/version.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { decode } from '../../layout/codec.js';
import type { GuestMemory } from '../../ports/guest-memory.js';

const SINT = vmbus_connection.VMBUS_MESSAGE_SINT;
const NO_MESSAGE = 0;

/** A message out of a slot, copied. */
export interface SlotMessage {
  readonly type: number;
  readonly payload: Uint8Array;
}

/**
 * Takes the message of the VMBus source out of a CPU's message page; undefined when there is none. `release` is called
 * when another one waits for the slot (an end of message is due).
 */
export function takeMessage(memory: GuestMemory, messagePfn: number, release: () => void): SlotMessage | undefined {
  const slot = messagePfn * HV_HYP_PAGE_SIZE + SINT * hv_message.size;
  const bytes = new Uint8Array(hv_message.size);
  memory.read(slot, bytes);
  const { message_type: type, payload_size } = decode(hv_message_header, bytes, { trailing: 'ignore' });
  if (type === NO_MESSAGE) return undefined;
  // The slot is free from here on; the flag is looked at afterwards, or a message that is queued in between stays there.
  memory.storeU32(slot, NO_MESSAGE);
  memory.read(slot, bytes.subarray(0, hv_message_header.size));
  const { message_flags } = decode(hv_message_header, bytes, { trailing: 'ignore' });
  if (message_flags.msg_pending) release();
  return { type, payload: bytes.slice(hv_message_header.size, hv_message_header.size + payload_size) };
}

/** Event flags of the VMBus source that are set in a CPU's event page, ascending; they are cleared. */
export function takeEventFlags(memory: GuestMemory, eventPfn: number): number[] {
  const bytes = hv_synic_limits.HV_EVENT_FLAGS_BYTE_COUNT;
  const at = eventPfn * HV_HYP_PAGE_SIZE + SINT * bytes;
  const flags: number[] = [];
  for (let word = 0; word < bytes; word += 4) {
    if (memory.loadU32(at + word) === 0) continue;
    const set = memory.clearU32(at + word, 0xffff_ffff);
    for (let bit = 0; bit < 32; bit++) if ((set >>> bit) & 1) flags.push(word * 8 + bit);
  }
  return flags;
}
