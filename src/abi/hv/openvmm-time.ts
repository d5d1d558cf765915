import { i64, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';

// Reference time.

/** The whole page; Linux stops behind tsc_offset (ms_hyperv_tsc_page, 24 bytes). */
export const HvReferenceTscPage = struct(
  'HvReferenceTscPage',
  0x1000,
  {
    tsc_sequence: u32,
    reserved1: rsvd(u32),
    tsc_scale: u64,
    tsc_offset: i64,
    timeline_bias: u64,
    tsc_multiplier: u64,
    reserved2: rsvd(u64, 507),
  },
  HVDEF,
);

export const RestorePartitionTime = struct(
  'RestorePartitionTime',
  0x20,
  {
    partition_id: u64,
    tsc_sequence: u32,
    reserved: rsvd(u32),
    reference_time_in_100_ns: u64,
    tsc: u64,
  },
  HVDEF,
);
