import {
  hv_input_add_logical_processor,
  hv_input_get_logical_processor_run_time,
  hv_output_get_logical_processor_run_time,
} from '../../abi/hv/logical-processor.js';
import { hv_status } from '../../abi/hv/status.js';
import { hv_create_vp } from '../../abi/hv/vp.js';
import { HVCALL_ADD_LOGICAL_PROCESSOR, HVCALL_GET_LOGICAL_PROCESSOR_RUN_TIME } from '../../abi/hypercalls/system.js';
import { HVCALL_CREATE_VP } from '../../abi/hypercalls/vp.js';
import { codecOf } from '../../layout/codec.js';
import type { Clock } from '../../ports/run-queue.js';
import type { CallRegistry } from '../call-registry.js';
import type { Added, RootMachine } from '../root/root-machine.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID,
  HV_STATUS_INVALID_LP_INDEX: INVALID_LP_INDEX,
  HV_STATUS_INVALID_VP_INDEX: INVALID_VP_INDEX,
  HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY,
} = hv_status;
/** Times are in units of 100 ns. */
const UNITS_PER_US = 10;

const runTimeInput = codecOf(hv_input_get_logical_processor_run_time);
const runTimeOutput = codecOf(hv_output_get_logical_processor_run_time);
const addInput = codecOf(hv_input_add_logical_processor);
const createInput = codecOf(hv_create_vp);

/** What processors need of a partition. */
export interface ProcessorPartition {
  readonly queue: Clock;
  isSelf(partitionId: bigint): boolean;
}

/**
 * Processors of the machine, 0x04, 0x76 and 0x4E, each of which costs a page. One that is not there, or that runs already, has an
 * invalid index. A newer Linux asks for a processor's run time to learn whether it runs.
 */
export function serveRootProcessors(calls: CallRegistry, core: ProcessorPartition, machine: RootMachine): void {
  calls.serve(HVCALL_GET_LOGICAL_PROCESSOR_RUN_TIME, ({ input, output }) => {
    const { lp_index } = runTimeInput.decodeAt(input, 0);
    if (!machine.hasLogicalProcessor(lp_index)) return INVALID_LP_INDEX;
    const time = BigInt(Math.floor(core.queue.now() * UNITS_PER_US));
    runTimeOutput.encodeInto({ global_time: time, local_run_time: time, hypervisor_time: 0n }, output, 0);
    return SUCCESS;
  });
  // The output is the status of the start: all zeros, as the frame has it.
  calls.serve(HVCALL_ADD_LOGICAL_PROCESSOR, ({ input }) => {
    const { lp_index } = addInput.decodeAt(input, 0);
    return statusOf(machine.addLogicalProcessor(lp_index), INVALID_LP_INDEX);
  });
  calls.serve(HVCALL_CREATE_VP, ({ input }) => {
    const { partition_id, vp_index } = createInput.decodeAt(input, 0);
    if (!core.isSelf(partition_id)) return INVALID_PARTITION_ID;
    return statusOf(machine.createVp(vp_index), INVALID_VP_INDEX);
  });
}

function statusOf(added: Added, invalidIndex: number): number {
  if (added === 'added') return SUCCESS;
  return added === 'no memory' ? INSUFFICIENT_MEMORY : invalidIndex;
}
