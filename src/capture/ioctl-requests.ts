import { iommufd_ioctl } from '../abi/iommufd/command.js';
import { type IommufdRequest, iommufdRequests } from '../abi/iommufd/requests.js';
import {
  iommu_viommu_set_vdev_id,
  iommu_viommu_unset_vdev_id,
  iommu_virq_alloc,
  iommufd_cmd_2024,
} from '../abi/iommufd/series-2024.js';
import { iommu_viommu_alloc } from '../abi/iommufd/viommu.js';
import { SERIES_2024 } from '../abi/origin.js';
import { enumMeta } from '../layout/scalar.js';
import type { Setting } from './locate.js';

/** A request of /dev/iommu by its number. */
export interface NamedRequest extends Pick<IommufdRequest, 'struct' | 'minSize'> {
  /** As the header of the kernel has it. */
  readonly name: string;
}

const NAMES = enumMeta(iommufd_ioctl).names;

const MERGED: ReadonlyMap<number, NamedRequest> = new Map(
  iommufdRequests.map(({ request, struct, minSize }) => [request, { name: NAMES.get(request) ?? '', struct, minSize }]),
);

const ioctlOf = (command: number): number => (iommufd_ioctl.IOMMUFD_TYPE << 8) | command;

/** VIOMMU_ALLOC of that series, before IOAS_MAP_FILE had its number; what the driver wants came later. */
const VIOMMU_ALLOC_2024 = 0x8f;

// Numbers that stand for something else since: the mails of Nicolin Chen of 27 August 2024 (viommu v2, virq v1).
const OF_2024: ReadonlyMap<number, NamedRequest> = new Map([
  [ioctlOf(VIOMMU_ALLOC_2024), { name: 'IOMMU_VIOMMU_ALLOC', struct: iommu_viommu_alloc, minSize: 0x18 }],
  [
    ioctlOf(iommufd_cmd_2024.IOMMUFD_CMD_VIOMMU_SET_VDEV_ID_V0),
    { name: 'IOMMU_VIOMMU_SET_VDEV_ID', struct: iommu_viommu_set_vdev_id, minSize: 0x18 },
  ],
  [
    ioctlOf(iommufd_cmd_2024.IOMMUFD_CMD_VIOMMU_UNSET_VDEV_ID_V0),
    { name: 'IOMMU_VIOMMU_UNSET_VDEV_ID', struct: iommu_viommu_unset_vdev_id, minSize: 0x18 },
  ],
  [
    ioctlOf(iommufd_cmd_2024.IOMMUFD_CMD_VIRQ_ALLOC_V0),
    { name: 'IOMMU_VIRQ_ALLOC', struct: iommu_virq_alloc, minSize: 0x18 },
  ],
]);

/** What a number asks for; in the series of 2024 some numbers ask for something else. Undefined where no source names it. */
export function requestOf(cmd: number, { abi }: Setting): NamedRequest | undefined {
  return (abi === SERIES_2024.version ? OF_2024.get(cmd) : undefined) ?? MERGED.get(cmd);
}
