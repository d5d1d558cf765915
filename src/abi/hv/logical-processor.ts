import { rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVHDK_MINI } from '../origin.js';
import { hv_proximity_domain_info } from './memory.js';
import { hv_status } from './status.js';

// Logical processors. include/hyperv/hvhdk_mini.h.

export const hv_input_get_logical_processor_run_time = struct(
  'hv_input_get_logical_processor_run_time',
  0x4,
  { lp_index: u32 },
  HVHDK_MINI,
);

export const hv_output_get_logical_processor_run_time = struct(
  'hv_output_get_logical_processor_run_time',
  0x20,
  { global_time: u64, local_run_time: u64, rsvdz0: rsvd(u64), hypervisor_time: u64 },
  HVHDK_MINI,
);

export const hv_lp_startup_status = struct(
  'hv_lp_startup_status',
  0x38,
  {
    hv_status: u64.as(hv_status),
    substatus1: u64,
    substatus2: u64,
    substatus3: u64,
    substatus4: u64,
    substatus5: u64,
    substatus6: u64,
  },
  HVHDK_MINI,
);

export const hv_input_add_logical_processor = struct(
  'hv_input_add_logical_processor',
  0x10,
  { lp_index: u32, apic_id: u32, proximity_domain_info: hv_proximity_domain_info },
  HVHDK_MINI,
);

export const hv_output_add_logical_processor = struct(
  'hv_output_add_logical_processor',
  0x38,
  { startup_status: hv_lp_startup_status },
  HVHDK_MINI,
);
