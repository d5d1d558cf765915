import { type PciAddress, pciAddressText } from '../../hypercall/pci-address.js';
import { pciDeviceId, rootLogicalDeviceId } from '../../hypercall/pci-device-id.js';
import type { IommuDomain } from './iommu-domain.js';

export interface IommuDeviceOptions {
  readonly isPci?: boolean;
  /** The address that its requests carry, where a bridge puts another in: what a walk to the root ends with. */
  readonly requester?: PciAddress;
  readonly atsCapable?: boolean;
  /** What virtual PCI calls it; a root partition derives it from the address. */
  readonly logicalId?: bigint;
  /** PCI isolation group; a device without one is alone. */
  readonly isolationGroup?: string;
}

/** A device as the IOMMU core presents it. */
export class IommuDevice {
  readonly at: PciAddress;
  readonly isPci: boolean;
  readonly atsCapable: boolean;
  readonly isolationGroup: string | undefined;
  /** PCI id for domains, logical id for a partition's own devices (IOMMU-35). */
  readonly deviceId: bigint;
  readonly logicalId: bigint;
  /** Requests carry an address that is not its own. */
  readonly aliased: boolean;
  /** The domain whose translation the core believes it has. */
  domain: IommuDomain | undefined;
  /** The domain that counts it: where the hypervisor has it as far as its answers say. */
  holder: IommuDomain | undefined;
  dmaOps = false;

  constructor(at: PciAddress, options: IommuDeviceOptions = {}) {
    const requester = options.requester ?? at;
    this.at = at;
    this.isPci = options.isPci ?? true;
    this.atsCapable = options.atsCapable ?? false;
    this.isolationGroup = options.isolationGroup;
    this.aliased = options.requester !== undefined;
    this.deviceId = pciDeviceId(requester);
    this.logicalId = options.logicalId ?? rootLogicalDeviceId(requester);
  }

  /** What calls about its interrupts name it by: a partition's device has its logical id there (HVCALL_MAP_DEVICE_INTERRUPT). */
  get interruptDeviceId(): bigint {
    return this.domain?.kind === 'direct' ? this.logicalId : this.deviceId;
  }

  /** As the kernel writes it: 0000:03:00.0. */
  get name(): string {
    return pciAddressText(this.at);
  }
}
