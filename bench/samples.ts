import { hv_input_map_device_gpa_pages } from '../src/abi/hv/device-attach.js';
import { vmpacket_descriptor } from '../src/abi/vmbus/packet.js';
import { pci_create_interrupt3 } from '../src/abi/vpci/interrupt.js';
import { encode } from '../src/layout/codec.js';
import type { InputOf } from '../src/layout/types.js';

/** Entries that fit behind the header of 0x28 bytes in an input page. */
export const FULL_PAGE = 507;

/** Frames of a scatter list: runs of 8, some above 4 GiB of frames so that the upper half counts. */
export function pfn(index: number): bigint {
  const run = index >> 3;
  return BigInt(0x100000 + run * 64 + (index & 7)) + (run % 5 === 4 ? 1n << 33n : 0n);
}

export const descriptorValue: InputOf<typeof vmpacket_descriptor> = {
  type: 6,
  offset8: 2,
  len8: 14,
  flags: 1,
  trans_id: 0xffff_8881_0a2b_3c40n,
};

export const interruptValue: InputOf<typeof pci_create_interrupt3> = {
  message_type: { type: 0x4249001b },
  wslot: { dev: 8, func: 3 },
  int_desc: {
    vector: 0x24,
    delivery_mode: 0,
    vector_count: 1,
    processor_count: 3,
    processor_array: [1, 2, 5, ...new Array<number>(29).fill(0)],
  },
};

export const pageValue: InputOf<typeof hv_input_map_device_gpa_pages> = {
  device_domain: {
    partition_id: 0xffff_ffff_ffff_ffffn,
    owner_vtl: { target_vtl: 0, use_target_vtl: false, reserved_z: 0 },
    domain_id: { type: 1, reserved: 0, id: 7 },
  },
  target_vtl: { target_vtl: 2, use_target_vtl: true, reserved_z: 0 },
  map_flags: 3,
  target_device_va_base: 0x1_0000_0000n,
  gpa_page_list: Array.from({ length: FULL_PAGE }, (_, i) => pfn(i)),
};

/** Several of one struct behind each other, so that no reader can count on one place. */
export function repeated(bytes: Uint8Array, times: number): Uint8Array {
  const out = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) out.set(bytes, i * bytes.length);
  return out;
}

export const descriptorBytes = (): Uint8Array => encode(vmpacket_descriptor, descriptorValue);
export const interruptBytes = (): Uint8Array => encode(pci_create_interrupt3, interruptValue);
export const pageBytes = (): Uint8Array => encode(hv_input_map_device_gpa_pages, pageValue);
