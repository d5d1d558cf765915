import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_POST_MESSAGE, HVCALL_SIGNAL_EVENT } from '../../abi/hypercalls/ports.js';
import { hv_input_post_message } from '../../abi/synic/message.js';
import { SignalEvent } from '../../abi/synic/openvmm-signals.js';
import { hv_synic_limits } from '../../abi/synic/register.js';
import type { CallRegistry } from '../call-registry.js';
import { offsetOf } from '../field-offset.js';
import type { PartitionCore } from '../partition-core.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_INVALID_CONNECTION_ID: INVALID_CONNECTION_ID,
  HV_STATUS_INSUFFICIENT_BUFFERS: INSUFFICIENT_BUFFERS,
} = hv_status;

/** A guest that asks on and on without taking the answers has to wait with its next question. */
const MOST_WAITING = 4096;

const MESSAGE_TYPE = offsetOf(hv_input_post_message, 'message_type');
const PAYLOAD_SIZE = offsetOf(hv_input_post_message, 'payload_size');
const PAYLOAD = offsetOf(hv_input_post_message, 'payload');
const MOST_PAYLOAD = hv_input_post_message.size - PAYLOAD;
const FLAG_NUMBER = offsetOf(SignalEvent, 'flag_number');

/** HVCALL_POST_MESSAGE and HVCALL_SIGNAL_EVENT: from the guest to its host, by connection. */
export function servePortCalls(calls: CallRegistry, { ports, backlog }: PartitionCore): void {
  calls.serve(HVCALL_POST_MESSAGE, ({ input, vp }) => {
    const length = input.getUint32(PAYLOAD_SIZE, true);
    if (length > MOST_PAYLOAD) return INVALID_PARAMETER;
    const take = ports.messageTaker(input.getUint32(0, true));
    if (take === undefined) return INVALID_CONNECTION_ID;
    if (backlog.count >= MOST_WAITING) return INSUFFICIENT_BUFFERS;
    const payload = new Uint8Array(input.buffer.slice(PAYLOAD, PAYLOAD + length));
    return take({ vp, type: input.getUint32(MESSAGE_TYPE, true), payload });
  });
  calls.serve(HVCALL_SIGNAL_EVENT, ({ input, vp }) => {
    const flag = input.getUint16(FLAG_NUMBER, true);
    const take = ports.signalTaker(input.getUint32(0, true));
    if (take === undefined) return INVALID_CONNECTION_ID;
    if (flag >= hv_synic_limits.HV_EVENT_FLAGS_COUNT) return INVALID_PARAMETER;
    take(flag, vp);
    return SUCCESS;
  });
}
