import type { Arch } from '../../layout/types.js';
import { GICD_GPA, type GuestSideOptions } from '../system/guest-side.js';
import type { HostSideOptions } from '../system/host-side.js';
import type { IommuChoice } from './iommu-choice.js';
import type { Simulation } from './simulation.js';

/** What the partition of a simulation has besides the usual. */
export function partitionOf(
  { partition }: Simulation,
  arch: Arch,
  iommu: IommuChoice | undefined,
): NonNullable<HostSideOptions['partition']> {
  const hasIommu = iommu !== undefined && iommu.domain !== 'off';
  return {
    ...(arch === 'arm64' ? { gicdGpa: GICD_GPA } : {}),
    ...(hasIommu ? { iommu: { devices: () => true } } : {}),
    ...partition,
  };
}

/** What the guest of a simulation has besides the usual. */
export function guestOptions(
  { isConfidential }: Simulation,
  iommu: IommuChoice | undefined,
): Pick<GuestSideOptions, 'isConfidential' | 'iommu'> {
  return {
    ...(isConfidential === undefined ? {} : { isConfidential }),
    ...(iommu === undefined ? {} : { iommu: pvIommuOptions(iommu) }),
  };
}

/** A guest whose host has no IOMMU looks for one all the same (PVI-02). */
function pvIommuOptions({ domain, mode }: IommuChoice): NonNullable<GuestSideOptions['iommu']> {
  return { dmaMode: mode, ...(domain === 'off' ? {} : { defaultDomain: domain }) };
}
