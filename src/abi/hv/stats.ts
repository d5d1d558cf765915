import { array } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { union } from '../../layout/union.js';
import { HVHDK, HVHDK_MINI } from '../origin.js';

// Statistics pages. include/hyperv/hvhdk.h, hvhdk_mini.h.

export const hv_stats_object_type = enumeration('hv_stats_object_type', {
  HV_STATS_OBJECT_HYPERVISOR: 0x1,
  HV_STATS_OBJECT_LOGICAL_PROCESSOR: 0x2,
  HV_STATS_OBJECT_PARTITION: 0x10001,
  HV_STATS_OBJECT_VP: 0x10002,
});

export const hv_stats_area_type = enumeration('hv_stats_area_type', {
  HV_STATS_AREA_SELF: 0,
  HV_STATS_AREA_PARENT: 1,
  HV_STATS_AREA_INTERNAL: 2,
  HV_STATS_AREA_COUNT: 3,
});

export const hv_stats_page = struct('hv_stats_page', 0x1000, { data: array(u64, 512) }, HVHDK);

export const hv_stats_object_identity = union(
  'hv_stats_object_identity',
  0x10,
  {
    hv: struct({ reserved: rsvd(15), stats_area_type: u8.as(hv_stats_area_type) }),
    lp: struct({ lp_index: u32, reserved: rsvd(11), stats_area_type: u8.as(hv_stats_area_type) }),
    partition: struct({ partition_id: u64, reserved: rsvd(7), stats_area_type: u8.as(hv_stats_area_type) }),
    vp: struct({
      partition_id: u64,
      vp_index: u32,
      flags: u16,
      reserved: rsvd(1),
      stats_area_type: u8.as(hv_stats_area_type),
    }),
  },
  {
    by: 'type',
    of: {
      [hv_stats_object_type.HV_STATS_OBJECT_HYPERVISOR]: 'hv',
      [hv_stats_object_type.HV_STATS_OBJECT_LOGICAL_PROCESSOR]: 'lp',
      [hv_stats_object_type.HV_STATS_OBJECT_PARTITION]: 'partition',
      [hv_stats_object_type.HV_STATS_OBJECT_VP]: 'vp',
    },
    otherwise: 'vp',
  },
  HVHDK_MINI,
);

export const hv_input_map_stats_page = struct(
  'hv_input_map_stats_page',
  0x18,
  { type: u32.as(hv_stats_object_type), padding: rsvd(u32), identity: hv_stats_object_identity },
  HVHDK_MINI,
);

export const hv_input_map_stats_page2 = struct(
  'hv_input_map_stats_page2',
  0x20,
  { type: u32.as(hv_stats_object_type), padding: rsvd(u32), identity: hv_stats_object_identity, map_location: u64 },
  HVHDK_MINI,
);

export const hv_output_map_stats_page = struct('hv_output_map_stats_page', 0x8, { map_location: u64 }, HVHDK_MINI);

export const hv_input_unmap_stats_page = struct(
  'hv_input_unmap_stats_page',
  0x18,
  { type: u32.as(hv_stats_object_type), padding: rsvd(u32), identity: hv_stats_object_identity },
  HVHDK_MINI,
);
