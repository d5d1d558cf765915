import { hv_input_attach_device } from '../../abi/hv/device-attach.js';
import { hv_input_attach_device_domain, hv_input_detach_device_domain } from '../../abi/hv/device-domain.js';
import { hv_input_get_logical_device_property } from '../../abi/hv/device-domain-flush.js';
import {
  HVCALL_ATTACH_DEVICE,
  HVCALL_ATTACH_DEVICE_DOMAIN,
  HVCALL_DETACH_DEVICE_DOMAIN,
  HVCALL_GET_LOGICAL_DEVICE_PROPERTY,
} from '../../abi/hypercalls/device-domains.js';
import { isDone, type RecordedCall } from './recorded-call.js';

type Slots = readonly { readonly key: string; readonly offset: number }[];
const offsetIn = (slots: Slots, key: string) => slots.find((slot) => slot.key === key)!.offset;

/** Where calls name a device. */
const DEVICE_AT: ReadonlyMap<number, number> = new Map([
  [HVCALL_DETACH_DEVICE_DOMAIN.code, offsetIn(hv_input_detach_device_domain.slots, 'device_id')],
  [HVCALL_ATTACH_DEVICE_DOMAIN.code, offsetIn(hv_input_attach_device_domain.slots, 'device_id')],
  [HVCALL_ATTACH_DEVICE.code, offsetIn(hv_input_attach_device.slots, 'device_id')],
  [
    HVCALL_GET_LOGICAL_DEVICE_PROPERTY.code,
    offsetIn(hv_input_get_logical_device_property.of['series-pviommu'].slots, 'logical_device_id'),
  ],
]);

/** The 64-bit id of the device that a call is about; undefined for calls that name none, or one by partition (0x83). */
export function deviceOf({ code, header }: RecordedCall): bigint | undefined {
  const at = DEVICE_AT.get(code);
  return at === undefined ? undefined : header.getBigUint64(at, true);
}

/** Devices that were put into a domain and not taken out of it again, whatever domain it was. */
export class AttachedDevices {
  readonly ids = new Set<bigint>();

  /** To be told of each call. */
  follow(call: RecordedCall): void {
    const id = deviceOf(call);
    if (id === undefined || !isDone(call)) return;
    if (call.code === HVCALL_ATTACH_DEVICE_DOMAIN.code) this.ids.add(id);
    else if (call.code !== HVCALL_GET_LOGICAL_DEVICE_PROPERTY.code) this.ids.delete(id);
  }
}
