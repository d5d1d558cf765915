// The id by which the hypervisor knows a device on a virtual PCI bus, made by host and guest alike from the instance GUID of
// the bus's VMBus offer: hv_irq_retarget_interrupt and hv_pci_probe in drivers/pci/controller/pci-hyperv.c.

/**
 * The part of a logical device id that all functions of a bus share, from the 16 wire bytes of the instance GUID: an unsigned
 * 32-bit number whose low 3 bits are 0. Throws RangeError for another number of bytes.
 */
export function logicalDeviceIdPrefix(instanceBytes: Uint8Array): number {
  const b = sixteen(instanceBytes);
  // Shifted as a signed word, b5 >= 0x80 would widen to an id whose upper half is all ones.
  return ((b[5]! << 24) | (b[4]! << 16) | (b[7]! << 8) | (b[6]! & 0xf8)) >>> 0;
}

/**
 * The id of one function: `prefix` with the low 3 bits of `functionNumber` (a function 0..7, or a devfn) in place of its own.
 * The type bits at the top are 0: HV_DEVICE_TYPE_LOGICAL.
 */
export function logicalDeviceId(prefix: number, functionNumber: number): bigint {
  return BigInt(((prefix & ~7) | (functionNumber & 7)) >>> 0);
}

/**
 * The PCI domain number that the guest asks for, from the 16 wire bytes of the instance GUID: 0..0xffff. It may be taken, and
 * 0 is never given out. Throws RangeError for another number of bytes.
 */
export function requestedDomain(instanceBytes: Uint8Array): number {
  const b = sixteen(instanceBytes);
  return (b[5]! << 8) | b[4]!;
}

function sixteen(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16) throw new RangeError(`an instance GUID of ${bytes.length} bytes, not 16`);
  return bytes;
}
