import {
  hv_input_attach_device,
  hv_input_map_device_gpa_pages,
  hv_input_unmap_device_gpa_pages,
} from '../../abi/hv/device-attach.js';
import { hv_input_attach_device_domain, hv_input_device_domain } from '../../abi/hv/device-domain.js';
import { HVCALL_MAP_DEVICE_GPA_PAGES } from '../../abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import type { Event } from '../../capture/event.js';
import { needsMemory } from '../../hypercall/status.js';
import { offsetOf } from '../../hypervisor/field-offset.js';
import { codecOf } from '../../layout/codec.js';
import type { Hypercall } from '../../layout/hypercall.js';
import { type RecordedCall, recordedCall } from '../replay/recorded-call.js';

// What a comparison reads of recorded calls, by the declarations of their inputs.

const domain = codecOf(hv_input_device_domain);
const DOMAIN_DEVICE = offsetOf(hv_input_attach_device_domain, 'device_id');
const PARTITION_DEVICE = offsetOf(hv_input_attach_device, 'device_id');
const MAP_BASE = offsetOf(hv_input_map_device_gpa_pages, 'target_device_va_base');
const UNMAP_BASE = offsetOf(hv_input_unmap_device_gpa_pages, 'target_device_va_base');

/** Number of an event: its own, or its place. */
export function numberOf({ n }: Event, position: number): number {
  return typeof n === 'number' ? n : position;
}

/** The calls of a family in order, with the deposits that one of them asked for. Throws DecodeError E_RECORD. */
export function callsOf(events: Iterable<Event>, family: readonly Hypercall[]): RecordedCall[] {
  const codes = new Set(family.map(({ code }) => code));
  const calls: RecordedCall[] = [];
  let position = 0;
  for (const event of events) {
    const call = recordedCall(event, numberOf(event, position++));
    if (call === undefined) continue;
    const last = calls.at(-1);
    const asked = last !== undefined && needsMemory(last.status);
    if (codes.has(call.code) || (call.code === HVCALL_DEPOSIT_MEMORY.code && asked)) calls.push(call);
  }
  return calls;
}

/** Number of the domain that an input begins with. */
export function domainIdOf({ header }: RecordedCall): number {
  return domain.decodeAt(header, 0).domain_id.id;
}

/** Device of 0xB2. */
export function attachedDeviceOf({ header }: RecordedCall): bigint {
  return header.getBigUint64(DOMAIN_DEVICE, true);
}

/** Partition and device of 0x82. */
export function directAttachOf({ header }: RecordedCall): { readonly partition: bigint; readonly device: bigint } {
  return { partition: header.getBigUint64(0, true), device: header.getBigUint64(PARTITION_DEVICE, true) };
}

/** First I/O address of 0xB3 and 0xB4. */
export function mapBaseOf({ code, header }: RecordedCall): bigint {
  return header.getBigUint64(code === HVCALL_MAP_DEVICE_GPA_PAGES.code ? MAP_BASE : UNMAP_BASE, true);
}

/** The 64-bit words of an input from a byte on, as far as they were recorded. */
export function wordsFrom({ input }: RecordedCall, offset: number): bigint[] {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const count = Math.max(0, Math.floor((input.byteLength - offset) / 8));
  return Array.from({ length: count }, (_, i) => view.getBigUint64(offset + 8 * i, true));
}
