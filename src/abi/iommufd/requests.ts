import type { Layout } from '../../layout/group.js';
import {
  iommufd_ioctl as io,
  iommu_destroy,
  iommu_ioas_change_process,
  iommu_option,
  iommu_vfio_ioas,
} from './command.js';
import { iommu_fault_alloc } from './fault.js';
import { iommu_hw_info } from './hw-info.js';
import {
  iommu_hwpt_alloc,
  iommu_hwpt_get_dirty_bitmap,
  iommu_hwpt_invalidate,
  iommu_hwpt_set_dirty_tracking,
} from './hwpt.js';
import {
  iommu_ioas_alloc,
  iommu_ioas_allow_iovas,
  iommu_ioas_copy,
  iommu_ioas_iova_ranges,
  iommu_ioas_map,
  iommu_ioas_map_file,
  iommu_ioas_noiommu_get_pa,
  iommu_ioas_unmap,
} from './ioas.js';
import { iommu_hw_queue_alloc, iommu_vdevice_alloc, iommu_veventq_alloc, iommu_viommu_alloc } from './viommu.js';

// Which structure each ioctl of /dev/iommu takes, and the least of it that a caller may give.
// drivers/iommu/iommufd/main.c, iommufd_ioctl_ops: the last mandatory member of each.

/** An ioctl of /dev/iommu. */
export interface IommufdRequest {
  /** iommufd_ioctl. */
  readonly request: number;
  readonly struct: Layout;
  /** The last member that a caller must give, and the bytes up to its end. */
  readonly last: string;
  readonly minSize: number;
}

const row = (request: number, struct: Layout, last: string, minSize: number): IommufdRequest => ({
  request,
  struct,
  last,
  minSize,
});

// As of Linux 7.0; the one of GET_PA, which is newer, is its whole structure.
export const iommufdRequests: readonly IommufdRequest[] = [
  row(io.IOMMU_DESTROY, iommu_destroy, 'id', 0x8),
  row(io.IOMMU_IOAS_ALLOC, iommu_ioas_alloc, 'out_ioas_id', 0xc),
  row(io.IOMMU_IOAS_ALLOW_IOVAS, iommu_ioas_allow_iovas, 'allowed_iovas', 0x18),
  row(io.IOMMU_IOAS_COPY, iommu_ioas_copy, 'src_iova', 0x28),
  row(io.IOMMU_IOAS_IOVA_RANGES, iommu_ioas_iova_ranges, 'out_iova_alignment', 0x20),
  row(io.IOMMU_IOAS_MAP, iommu_ioas_map, 'iova', 0x28),
  row(io.IOMMU_IOAS_UNMAP, iommu_ioas_unmap, 'length', 0x18),
  row(io.IOMMU_OPTION, iommu_option, 'val64', 0x18),
  row(io.IOMMU_VFIO_IOAS, iommu_vfio_ioas, '__reserved', 0xc),
  row(io.IOMMU_HWPT_ALLOC, iommu_hwpt_alloc, '__reserved', 0x18),
  row(io.IOMMU_GET_HW_INFO, iommu_hw_info, '__reserved', 0x20),
  row(io.IOMMU_HWPT_SET_DIRTY_TRACKING, iommu_hwpt_set_dirty_tracking, '__reserved', 0x10),
  row(io.IOMMU_HWPT_GET_DIRTY_BITMAP, iommu_hwpt_get_dirty_bitmap, 'data', 0x30),
  row(io.IOMMU_HWPT_INVALIDATE, iommu_hwpt_invalidate, '__reserved', 0x20),
  row(io.IOMMU_FAULT_QUEUE_ALLOC, iommu_fault_alloc, 'out_fault_fd', 0x10),
  row(io.IOMMU_IOAS_MAP_FILE, iommu_ioas_map_file, 'iova', 0x28),
  row(io.IOMMU_VIOMMU_ALLOC, iommu_viommu_alloc, 'out_viommu_id', 0x18),
  row(io.IOMMU_VDEVICE_ALLOC, iommu_vdevice_alloc, 'virt_id', 0x18),
  row(io.IOMMU_IOAS_CHANGE_PROCESS, iommu_ioas_change_process, '__reserved', 0x8),
  row(io.IOMMU_VEVENTQ_ALLOC, iommu_veventq_alloc, 'out_veventq_fd', 0x1c),
  row(io.IOMMU_HW_QUEUE_ALLOC, iommu_hw_queue_alloc, 'length', 0x28),
  row(io.IOMMU_IOAS_NOIOMMU_GET_PA, iommu_ioas_noiommu_get_pa, 'out_phys', 0x28),
];
