import { hv_device_id, hv_device_type } from '../abi/hv/device-id.js';
import { codecOf } from '../layout/codec.js';
import type { InputOf } from '../layout/types.js';
import { failure, type Outcome, success } from '../ports/outcome.js';
import type { PciAddress } from './pci-address.js';

const scratch = new DataView(new ArrayBuffer(8));
const codec = codecOf(hv_device_id);

function word(value: InputOf<typeof hv_device_id>): bigint {
  codec.encodeInto(value, scratch, 0);
  return scratch.getBigUint64(0, true);
}

/** Bus 15:8, device 7:3, function 2:0. */
export function requesterId(at: PciAddress): number {
  return ((at.bus & 0xff) << 8) | ((at.device & 0x1f) << 3) | (at.function & 7);
}

/** The logical id that a root partition gives a physical function: segment 31:16, requester id 15:0 (LDID-07). */
export function rootLogicalDeviceId(at: PciAddress): bigint {
  return word({
    logical: {
      id: (BigInt(at.segment & 0xffff) << 16n) | BigInt(requesterId(at)),
      device_type: hv_device_type.HV_DEVICE_TYPE_LOGICAL,
    },
  });
}

export interface PciIdOptions {
  /** Low bits of the function number that the device uses for requests of its own. */
  readonly phantomFunctionBits?: number;
  /** Buses behind the bridge that requests come through; source_shadow is set. */
  readonly bridge?: { readonly secondaryBus: number; readonly subordinateBus: number };
}

/** The PCI id of a function, field by field (union hv_device_id, include/hyperv/hvhdk_mini.h). */
export function pciDeviceId(at: PciAddress, options: PciIdOptions = {}): bigint {
  const { bridge, phantomFunctionBits = 0 } = options;
  return word({
    pci: {
      requester: { bdf: { bus: at.bus, device: at.device, function: at.function } },
      segment: at.segment,
      shadow_bus_range: {
        parts: { subordinate_bus: bridge?.subordinateBus ?? 0, secondary_bus: bridge?.secondaryBus ?? 0 },
      },
      phantom_function_bits: phantomFunctionBits,
      source_shadow: bridge !== undefined,
      device_type: hv_device_type.HV_DEVICE_TYPE_PCI,
    },
  });
}

/** A function and the requester ids that its requests may carry besides its own. */
export interface PciRequester {
  readonly at: PciAddress;
  /** What a walk to the root finds: bridges that put their own id, or one of their bus, into requests. */
  readonly aliases: readonly PciAddress[];
}

/**
 * The PCI id of a function whose requests carry its own requester id; EOPNOTSUPP for one behind a bridge that puts another in,
 * because its bus range is then part of the id (LDID-08).
 */
export function pciDeviceIdOf(requester: PciRequester): Outcome<bigint> {
  const own = requesterId(requester.at);
  const plain = requester.aliases.every((alias) => requesterId(alias) === own);
  return plain ? success(pciDeviceId(requester.at)) : failure('EOPNOTSUPP');
}

export function ioapicDeviceId(ioapicId: number): bigint {
  return word({ ioapic: { ioapic_id: ioapicId, rsvdz3: 0, device_type: hv_device_type.HV_DEVICE_TYPE_IOAPIC } });
}

/** Interrupts from `base` on, `count` of them, of a device that the firmware describes. */
export function acpiDeviceId(base: number, count: number): bigint {
  return word({
    acpi: {
      input_mapping_base: base,
      input_mapping_count: count,
      device_type: hv_device_type.HV_DEVICE_TYPE_ACPI,
    },
  });
}
