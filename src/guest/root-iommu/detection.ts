import { hv_device_domain_feature } from '../../abi/hv/device-domain.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import { RootIommu, type RootIommuOptions } from './root-iommu.js';

/** What the kernel knows before its IOMMUs start. */
export interface IommuPlatform {
  readonly onHyperV: boolean;
  /** The user switched IOMMUs off. */
  readonly iommuOff: boolean;
  /** Some IOMMU has been found; set by whoever finds one. */
  iommuDetected: boolean;
  /** EDX of CPUID leaf 0x40000003. */
  readonly miscFeatures: number;
  /** Asks the PCI core to keep functions apart from each other. */
  requestAcs(): void;
}

/**
 * Looks for the device domains of a root partition, or for direct attach of an L1VH partition where `directAttach` asks for it
 * (IOMMU-01). Undefined, and no side effect, where there is nothing to drive. `init` follows later.
 */
export function detectRootIommu(
  machine: GuestMachine,
  platform: IommuPlatform,
  options: Omit<RootIommuOptions, 'onHyperV'>,
): RootIommu | undefined {
  if (platform.iommuOff || platform.iommuDetected) return undefined;
  const available = (platform.miscFeatures & hv_device_domain_feature.HV_DEVICE_DOMAIN_AVAILABLE) !== 0;
  if (options.flavour === 'root' ? !available : options.directAttach !== true) return undefined;
  platform.iommuDetected = true;
  platform.requestAcs();
  return new RootIommu(machine, { ...options, onHyperV: platform.onHyperV });
}
