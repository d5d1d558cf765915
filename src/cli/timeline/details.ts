import { hv_partition_id } from '../../abi/hv/limits.js';
import { hex8 } from '../../bytes/hex.js';
import { deviceClass } from '../../capture/device-class.js';
import { hexText, plural } from '../tree/numbers.js';
import { IOMMU_DETAILS } from './iommu-details.js';
import { at, type Detail, hexAt, listOf, numberAt, type Value } from './value-at.js';

const version = (word: number): string => `${word >>> 16}.${word & 0xffff}`;
const signed = (value: Value, path: string): string => {
  const status = numberAt(value, path);
  return status === 0 ? '' : `status ${hexText(status >>> 0)}`;
};
const channel = (value: Value): string => `channel ${numberAt(value, 'child_relid')}`;
const cpu = (index: number): string => (index >>> 0 === 0xffffffff ? 'no interrupts' : `VP ${index}`);

/** PCI's way of writing a function: dd.f. */
function slot(value: unknown): string {
  const { dev = 0, func = 0 } = (value ?? {}) as { dev?: number; func?: number };
  return `${hex8(dev)}.${func}`;
}

function relations(value: Value): readonly string[] {
  const functions = at(value, 'func');
  const list = Array.isArray(functions) ? (functions as Value[]) : [];
  return [
    list.length === 0 ? 'no function' : plural(list.length, 'function'),
    ...list.map(
      (one) =>
        `${slot(one.win_slot)} ${hex16(numberAt(one, 'v_id'))}:${hex16(numberAt(one, 'd_id'))} serial ${hexAt(one, 'ser')}`,
    ),
  ];
}

const hex16 = (value: number): string => value.toString(16).padStart(4, '0');

function bars(value: Value): readonly string[] {
  const masks = at(value, 'probed_bar');
  const list = Array.isArray(masks) ? (masks as number[]) : [];
  const used = list.map((mask, i) => [i, mask] as const).filter(([, mask]) => mask !== 0);
  return [signed(value, 'status'), ...used.map(([i, mask]) => `BAR${i} mask ${hexText(mask)}`)];
}

/** The VPs of a message that names up to 32 of them. */
function processors(value: Value): string {
  const count = numberAt(value, 'int_desc.processor_count');
  const list = at(value, 'int_desc.processor_array');
  if (!Array.isArray(list) || count === 0) {
    const mask = at(value, 'int_desc.cpu_mask');
    return mask === undefined ? '' : `VP mask ${hexAt(value, 'int_desc.cpu_mask')}`;
  }
  return `VP ${list.slice(0, count).join(', ')}`;
}

/** All ones is the caller's own. */
function partition(value: Value): string {
  const id = at(value, 'partition_id');
  return id === hv_partition_id.HV_PARTITION_ID_SELF ? 'for itself' : `for partition ${hexAt(value, 'partition_id')}`;
}

const create: Detail = (value) => [
  slot(value.wslot),
  `vector ${hexAt(value, 'int_desc.vector')}`,
  numberAt(value, 'int_desc.vector_count') === 1 ? '' : plural(numberAt(value, 'int_desc.vector_count'), 'message'),
  processors(value),
];

/** VPs of a bank mask and one word for each of its bits. */
function sparseVps(set: Value): number[] {
  const mask = at(set, 'valid_bank_mask');
  const banks = listOf(at(set, 'bank_contents'));
  if (typeof mask !== 'bigint') return [];
  const numbers = Array.from({ length: 64 }, (_, bank) => bank).filter((bank) => (mask >> BigInt(bank)) & 1n);
  return numbers.flatMap((bank, i) => bitsOf(banks[i]).map((bit) => bank * 64 + bit));
}

function bitsOf(word: unknown): number[] {
  if (typeof word !== 'bigint') return [];
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (word >> BigInt(bit)) & 1n);
}

function target(value: unknown): string {
  const set = at(value, 'u.vp_set');
  const vps = set === undefined ? bitsOf(at(value, 'u.vp_mask')) : sparseVps(set as Value);
  const vector = at(value, 'vector');
  return `vector ${hexText(Number(vector ?? 0))} at ${vps.length === 0 ? 'no VP' : `VP ${vps.join(', ')}`}`;
}

const interrupt: Detail = (value) => [
  `device ${hexAt(value, 'device_id')}`,
  at(value, 'interrupt_descriptor') === undefined ? '' : target(at(value, 'interrupt_descriptor.target')),
];

const BY_STRUCT: Readonly<Record<string, Detail>> = {
  ...IOMMU_DETAILS,
  vmbus_channel_initiate_contact: (value) => [
    `version ${version(numberAt(value, 'vmbus_version_requested'))}`,
    cpu(numberAt(value, 'target_vcpu')),
  ],
  vmbus_channel_version_response: (value) => [numberAt(value, 'version_supported') ? 'agreed' : 'not supported'],
  vmbus_channel_offer_channel: (value) => [
    channel(value),
    deviceClass(String(at(value, 'offer.if_type'))) ?? String(at(value, 'offer.if_type')),
    String(at(value, 'offer.if_instance')),
  ],
  vmbus_channel_gpadl_header: (value) => [
    channel(value),
    `GPADL ${hexAt(value, 'gpadl')}`,
    `${numberAt(value, 'range.0.byte_count')} bytes`,
  ],
  vmbus_channel_gpadl_body: (value) => [`GPADL ${hexAt(value, 'gpadl')}`],
  vmbus_channel_gpadl_created: (value) => [
    channel(value),
    `GPADL ${hexAt(value, 'gpadl')}`,
    signed(value, 'creation_status'),
  ],
  vmbus_channel_gpadl_teardown: (value) => [channel(value), `GPADL ${hexAt(value, 'gpadl')}`],
  vmbus_channel_gpadl_torndown: (value) => [`GPADL ${hexAt(value, 'gpadl')}`],
  vmbus_channel_open_channel: (value) => [channel(value), cpu(numberAt(value, 'target_vp'))],
  vmbus_channel_open_result: (value) => [channel(value), signed(value, 'status')],
  vmbus_channel_modifychannel: (value) => [channel(value), cpu(numberAt(value, 'target_vp'))],
  vmbus_channel_modifychannel_response: (value) => [channel(value), signed(value, 'status')],
  vmbus_channel_close_channel: (value) => [channel(value)],
  vmbus_channel_relid_released: (value) => [channel(value)],
  vmbus_channel_rescind_offer: (value) => [channel(value)],
  pci_version_request: (value) => [`version ${version(numberAt(value, 'protocol_version'))}`],
  pci_bus_relations: relations,
  pci_bus_relations2: relations,
  pci_child_message: (value) => [slot(value.wslot)],
  pci_q_res_req_response: bars,
  pci_bus_d0_entry: (value) => [`window at ${hexAt(value, 'mmio_base')}`],
  pci_resources_assigned: (value) => [slot(value.wslot)],
  pci_resources_assigned2: (value) => [slot(value.wslot)],
  pci_create_interrupt: create,
  pci_create_interrupt2: create,
  pci_create_interrupt3: create,
  pci_create_int_response: (value) => [
    signed(value, 'response.status'),
    `address ${hexAt(value, 'int_desc.address')}`,
    `data ${hexAt(value, 'int_desc.data')}`,
  ],
  pci_delete_interrupt: (value) => [
    slot(value.wslot),
    `address ${hexAt(value, 'int_desc.address')}`,
    `data ${hexAt(value, 'int_desc.data')}`,
  ],
  pci_dev_incoming: (value) => [slot(value.wslot)],
  pci_eject_response: (value) => [slot(value.wslot), signed(value, 'status')],
  pci_response: (value) => [signed(value, 'status')],
  hv_retarget_device_interrupt: (value) => [`device ${hexAt(value, 'device_id')}`, target(value.int_target)],
  hv_input_map_device_interrupt: interrupt,
  hv_input_unmap_device_interrupt: interrupt,
  hv_input_add_logical_processor: (value) => [
    `processor ${numberAt(value, 'lp_index')}`,
    `APIC ${numberAt(value, 'apic_id')}`,
  ],
  hv_create_vp: (value) => [`VP ${numberAt(value, 'vp_index')}`],
  hv_deposit_memory: (value, reps) => [plural(reps, 'page'), partition(value)],
};

/**
 * The fields of a structure that tell the story, as words; empty for one without any. `reps` is the count of the call that it
 * is the input of.
 */
export function detailsOf(struct: string, value: unknown, reps = 0): string[] {
  if (value === null || typeof value !== 'object') return [];
  return (BY_STRUCT[struct]?.(value as Value, reps) ?? []).filter((word) => word !== '');
}
