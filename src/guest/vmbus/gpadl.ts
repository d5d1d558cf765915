import { vmbus_channel_message_type as TYPE } from '../../abi/vmbus/channel.js';
import { gpa_range, vmbus_channel_gpadl_body, vmbus_channel_gpadl_header } from '../../abi/vmbus/gpadl.js';
import { vmbus_limits } from '../../abi/vmbus/version.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { encode } from '../../layout/codec.js';

const ROOM = vmbus_limits.MAX_SIZE_CHANNEL_MESSAGE;
/** Page numbers that fit the first message, and each that follows (create_gpadl_header, drivers/hv/channel.c). */
const IN_HEADER = (ROOM - vmbus_channel_gpadl_header.minSize - gpa_range.minSize) >> 3;
const IN_BODY = (ROOM - vmbus_channel_gpadl_body.minSize) >> 3;

/** The messages that describe whole pages to the host as one range: a header, and bodies for what it has no room for. */
export function gpadlMessages(relid: number, gpadl: number, pfns: readonly number[]): Uint8Array[] {
  const numbers = pfns.map(BigInt);
  const first = numbers.slice(0, IN_HEADER);
  const range = { byte_count: pfns.length * HV_HYP_PAGE_SIZE, byte_offset: 0 };
  const whole = encode(vmbus_channel_gpadl_header, {
    header: { msgtype: TYPE.CHANNELMSG_GPADL_HEADER },
    child_relid: relid,
    gpadl,
    range_buflen: gpa_range.minSize + numbers.length * 8,
    rangecount: 1,
    range: [{ ...range, pfn_array: numbers }],
  });
  // The list goes on in the bodies: the header message ends where its room does.
  const messages: Uint8Array[] = [
    whole.slice(0, vmbus_channel_gpadl_header.minSize + gpa_range.minSize + first.length * 8),
  ];
  for (let at = IN_HEADER, number = 0; at < numbers.length; at += IN_BODY, number++)
    messages.push(
      encode(vmbus_channel_gpadl_body, {
        header: { msgtype: TYPE.CHANNELMSG_GPADL_BODY },
        msgnumber: number,
        gpadl,
        pfn: numbers.slice(at, at + IN_BODY),
      }),
    );
  return messages;
}
