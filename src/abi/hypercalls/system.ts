import { hypercall } from '../../layout/hypercall.js';
import {
  hv_input_add_logical_processor,
  hv_input_get_logical_processor_run_time,
  hv_output_add_logical_processor,
  hv_output_get_logical_processor_run_time,
} from '../hv/logical-processor.js';
import { RestorePartitionTime } from '../hv/openvmm-time.js';
import {
  hv_input_disable_hyp_ex,
  hv_input_enter_sleep_state,
  hv_input_get_system_property,
  hv_input_notify_partition_event,
  hv_input_set_system_property,
  hv_output_get_system_property,
} from '../hv/system-property.js';
import { HVDEF } from '../openvmm-origin.js';
import { HVGDK_MINI } from '../origin.js';

// The machine below: processors, power, properties of the hypervisor itself.

export const HVCALL_GET_LOGICAL_PROCESSOR_RUN_TIME = hypercall(
  'HVCALL_GET_LOGICAL_PROCESSOR_RUN_TIME',
  0x0004,
  HVGDK_MINI,
  {
    input: hv_input_get_logical_processor_run_time,
    output: hv_output_get_logical_processor_run_time,
    alias: ['HvCallGetLogicalProcessorRunTime'],
  },
);

export const HVCALL_SET_SYSTEM_PROPERTY = hypercall('HVCALL_SET_SYSTEM_PROPERTY', 0x006f, HVGDK_MINI, {
  input: hv_input_set_system_property,
  alias: ['HvCallSetSystemProperty'],
});

export const HVCALL_ADD_LOGICAL_PROCESSOR = hypercall('HVCALL_ADD_LOGICAL_PROCESSOR', 0x0076, HVGDK_MINI, {
  input: hv_input_add_logical_processor,
  output: hv_output_add_logical_processor,
  alias: ['HvCallAddLogicalProcessor'],
});

export const HVCALL_GET_SYSTEM_PROPERTY = hypercall('HVCALL_GET_SYSTEM_PROPERTY', 0x007b, HVGDK_MINI, {
  input: hv_input_get_system_property,
  output: hv_output_get_system_property,
  alias: ['HvCallGetSystemProperty'],
});

export const HVCALL_ENTER_SLEEP_STATE = hypercall('HVCALL_ENTER_SLEEP_STATE', 0x0084, HVGDK_MINI, {
  input: hv_input_enter_sleep_state,
  alias: ['HvCallEnterSleepState'],
});

export const HVCALL_NOTIFY_PARTITION_EVENT = hypercall('HVCALL_NOTIFY_PARTITION_EVENT', 0x0087, HVGDK_MINI, {
  input: hv_input_notify_partition_event,
  alias: ['HvCallNotifyPartitionEvent'],
});

export const HVCALL_DISABLE_HYP_EX = hypercall('HVCALL_DISABLE_HYP_EX', 0x010f, HVGDK_MINI, {
  input: hv_input_disable_hyp_ex,
  alias: ['HvCallDisableHypervisorEx'],
});

export const HvCallRestorePartitionTime = hypercall('HvCallRestorePartitionTime', 0x0103, HVDEF, {
  input: RestorePartitionTime,
  alias: ['HvRestorePartitionTime'],
});
