import { hv_device_domain_id_value } from '../../abi/hv/device-domain.js';
import { hv_iommu_cap } from '../../abi/hv/device-domain-flush.js';
import { hv_device_id } from '../../abi/hv/device-id.js';
import { hv_map_gpa_flags } from '../../abi/hv/memory.js';
import { deviceIdReading } from '../../capture/device-readings.js';
import { encode } from '../../layout/codec.js';
import type { InputOf } from '../../layout/types.js';
import { hexText, plural } from '../tree/numbers.js';
import { at, type Detail, hexAt, listOf, numberAt, type Value } from './value-at.js';

const { HV_DEVICE_DOMAIN_ID_DEFAULT: DEFAULT, HV_DEVICE_DOMAIN_ID_NULL: NULL } = hv_device_domain_id_value;
const STAGE1 = 1;

function domain(value: Value): string {
  const id = numberAt(value, 'device_domain.domain_id.id');
  if (numberAt(value, 'device_domain.domain_id.type') === STAGE1) return `stage-1 domain ${id}`;
  return id === DEFAULT ? 'default domain' : id === NULL ? 'null domain' : `domain ${id}`;
}

function device(value: Value, path = 'device_id'): string {
  const found = at(value, path);
  if (typeof found === 'bigint') return deviceIdReading(found).title;
  if (typeof found !== 'object' || found === null) return '';
  const bytes = encode(hv_device_id, found as InputOf<typeof hv_device_id>);
  return deviceIdReading(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)).title;
}

const address = (value: Value, path: string): string => hexAt(value, path);

function allowed(flags: number): string {
  const { HV_MAP_GPA_READABLE: READ, HV_MAP_GPA_WRITABLE: WRITE } = hv_map_gpa_flags;
  return (flags & READ ? 'r' : '-') + (flags & WRITE ? 'w' : '-');
}

const map: Detail = (value, reps) => {
  const [first] = listOf(value.gpa_page_list);
  return [
    domain(value),
    `${plural(reps, 'page')} at ${address(value, 'target_device_va_base')}`,
    typeof first === 'bigint' ? `to ${hexText(first << 12n)}` : '',
    allowed(numberAt(value, 'map_flags')),
  ];
};

function settings(value: Value): string {
  const flag = (name: string) => numberAt(value, `settings.flags.${name}`) === 1;
  if (!flag('translation_enabled')) return 'identity';
  if (flag('blocked')) return 'blocked';
  return `${flag('first_stage_paging_mode') ? 5 : 4}-level tables at ${address(value, 'settings.page_table_root')}`;
}

/** 2^64 bytes. A wider field holds more, which means nothing. */
const ALL_PAGES_SHIFT = 52;

/** A block of a flush list. */
function block(entry: unknown): string {
  const page = at(entry, 'page_number');
  const shift = numberAt(entry as Value, 'page_mask_shift');
  const pages = shift > ALL_PAGES_SHIFT ? `2^${shift} pages` : plural(2 ** shift, 'page');
  return `${pages} at ${typeof page === 'bigint' ? hexText(page << 12n) : '?'}`;
}

const SHOWN_BLOCKS = 3;

const flushList: Detail = (value, reps) => {
  const blocks = listOf(value.iova_list);
  const shown = blocks.slice(0, SHOWN_BLOCKS).map(block);
  return [domain(value), ...shown, reps > shown.length ? `… ${reps - shown.length} more` : ''];
};

function capabilities(value: Value): readonly string[] {
  const bits = at(value, 'iommu_cap');
  const has = (bit: number) => typeof bits === 'bigint' && (bits & BigInt(bit)) !== 0n;
  const stages = [
    has(hv_iommu_cap.HV_IOMMU_CAP_S1) ? 'stage 1' : '',
    has(hv_iommu_cap.HV_IOMMU_CAP_S1_5LVL) ? '5 levels' : '',
    has(hv_iommu_cap.HV_IOMMU_CAP_S2) ? 'stage 2' : '',
  ];
  return [
    has(hv_iommu_cap.HV_IOMMU_CAP_PRESENT) ? 'present' : 'absent',
    ...stages,
    `${numberAt(value, 'max_iova_width')} bits`,
    `page sizes ${hexAt(value, 'pgsize_bitmap')}`,
  ];
}

/** All domains at one moment: how many there are, what is mapped in them, and what is left to make tables of. */
export function domainStateWords(state: Value): string[] {
  const domains = membersOf(state.domains);
  const mapped = domains.reduce<number>((sum, pages) => sum + (typeof pages === 'number' ? pages : 0), 0);
  return [
    plural(domains.length, 'domain'),
    plural(membersOf(state.devices).length, 'device'),
    `${plural(mapped, 'page')} mapped`,
    typeof state.pool === 'number' ? `${plural(state.pool, 'page')} left for tables` : '',
  ];
}

const membersOf = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : [];

/** Calls of device domains. */
export const IOMMU_DETAILS: Readonly<Record<string, Detail>> = {
  hv_output_get_iommu_capabilities: capabilities,
  hv_input_get_logical_device_property: (value) => [device(value, 'logical_device_id')],
  hv_output_get_logical_device_property: (value) => [numberAt(value, 'device_iommu') & 1 ? 'enabled' : 'not enabled'],
  hv_input_create_device_domain: (value) => [domain(value)],
  hv_input_delete_device_domain: (value) => [domain(value)],
  hv_input_configure_device_domain: (value) => [domain(value), settings(value)],
  hv_input_attach_device_domain: (value) => [device(value), `to ${domain(value)}`],
  hv_input_detach_device_domain: (value) => [device(value)],
  hv_input_attach_device: (value) => [device(value), `to partition ${hexAt(value, 'partition_id')}`],
  hv_input_detach_device: (value) => [device(value, 'logical_devid'), `from partition ${hexAt(value, 'partition_id')}`],
  hv_input_map_device_gpa_pages: map,
  hv_input_unmap_device_gpa_pages: (value, reps) => [
    domain(value),
    `${plural(reps, 'page')} at ${address(value, 'target_device_va_base')}`,
  ],
  hv_input_flush_device_domain: (value) => [domain(value), 'everything'],
  hv_input_flush_device_domain_list: flushList,
};
