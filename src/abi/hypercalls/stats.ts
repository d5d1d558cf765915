import { hypercall } from '../../layout/hypercall.js';
import {
  hv_input_map_stats_page,
  hv_input_map_stats_page2,
  hv_input_unmap_stats_page,
  hv_output_map_stats_page,
} from '../hv/stats.js';
import { HVGDK_MINI } from '../origin.js';

// Statistics pages.

export const HVCALL_MAP_STATS_PAGE = hypercall('HVCALL_MAP_STATS_PAGE', 0x006c, HVGDK_MINI, {
  input: hv_input_map_stats_page,
  output: hv_output_map_stats_page,
  alias: ['HvCallMapStatsPage'],
});

export const HVCALL_UNMAP_STATS_PAGE = hypercall('HVCALL_UNMAP_STATS_PAGE', 0x006d, HVGDK_MINI, {
  input: hv_input_unmap_stats_page,
  alias: ['HvCallUnmapStatsPage'],
});

export const HVCALL_MAP_STATS_PAGE2 = hypercall('HVCALL_MAP_STATS_PAGE2', 0x0131, HVGDK_MINI, {
  input: hv_input_map_stats_page2,
  alias: ['HvCallMapStatsPage2'],
});
