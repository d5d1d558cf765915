import { hv_output_get_partition_id } from '../../abi/hv/partition.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  hv_input_enter_sleep_state,
  hv_input_notify_partition_event,
  hv_partition_event,
  hv_sleep_state,
} from '../../abi/hv/system-property.js';
import { HVCALL_GET_PARTITION_ID } from '../../abi/hypercalls/partition.js';
import {
  HVCALL_ENTER_SLEEP_STATE,
  HVCALL_GET_SYSTEM_PROPERTY,
  HVCALL_NOTIFY_PARTITION_EVENT,
} from '../../abi/hypercalls/system.js';
import { codecOf } from '../../layout/codec.js';
import type { CallRegistry } from '../call-registry.js';
import type { RootMachine } from '../root/root-machine.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_UNKNOWN_PROPERTY: UNKNOWN_PROPERTY,
} = hv_status;

const idOutput = codecOf(hv_output_get_partition_id);
const sleepInput = codecOf(hv_input_enter_sleep_state);
const eventInput = codecOf(hv_input_notify_partition_event);

const EVENTS: ReadonlySet<number> = new Set([
  hv_partition_event.HV_PARTITION_EVENT_ROOT_CRASHDUMP,
  hv_partition_event.HV_PARTITION_ALL_LOGICAL_PROCESSORS_STARTED,
]);

/** HVCALL_GET_PARTITION_ID, 0x46. */
export function servePartitionId(calls: CallRegistry, core: { readonly partitionId: bigint }): void {
  calls.serve(HVCALL_GET_PARTITION_ID, ({ output }) => {
    idOutput.encodeInto({ partition_id: core.partitionId }, output, 0);
    return SUCCESS;
  });
}

/**
 * Power and events, 0x84 and 0x87, and properties of the hypervisor, 0x7B, which is no call of it unless some are given: the
 * recorded hosts have none.
 */
export function serveRootSystem(
  calls: CallRegistry,
  properties: ReadonlyMap<number, bigint> | undefined,
  machine: RootMachine,
): void {
  calls.serve(HVCALL_ENTER_SLEEP_STATE, ({ input }) => {
    const { sleep_state } = sleepInput.decodeAt(input, 0);
    if (sleep_state < hv_sleep_state.HV_SLEEP_STATE_S1 || sleep_state > hv_sleep_state.HV_SLEEP_STATE_LOCK)
      return INVALID_PARAMETER;
    machine.sleepState = sleep_state;
    return SUCCESS;
  });
  calls.serve(HVCALL_NOTIFY_PARTITION_EVENT, ({ input }) => {
    const { event } = eventInput.decodeAt(input, 0);
    if (!EVENTS.has(event)) return INVALID_PARAMETER;
    machine.notify(event);
    return SUCCESS;
  });
  if (properties === undefined) return;
  // The property's number comes first, and the answer is one qword whatever it is.
  calls.serve(HVCALL_GET_SYSTEM_PROPERTY, ({ input, output }) => {
    const value = properties.get(input.getUint32(0, true));
    if (value === undefined) return UNKNOWN_PROPERTY;
    output.setBigUint64(0, value, true);
    return SUCCESS;
  });
}
