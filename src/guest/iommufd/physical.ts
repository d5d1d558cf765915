/** What the driver of a physical IOMMU can do. */
export interface PhysicalIommu {
  readonly name: string;
  /** iommu_viommu_type that the driver makes; none where it has no such operation. */
  readonly viommuTypes: readonly number[];
  /** Bits of a virtual device id: 32 for stream and source ids (VIO-03). */
  readonly virtIdBits: number;
  /** Whether its page tables note which pages were written; not when absent. */
  readonly dirtyTracking?: boolean;
  /** Whether a page table may be on another one without a virtual IOMMU between them (domain_alloc_nested); not when absent. */
  readonly nestsOnPageTables?: boolean;
  /** Whether a nested page table may be for a PASID (IOMMU_HWPT_ALLOC_PASID); not when absent. */
  readonly nestedPasid?: boolean;
  /** The structure that it wants for a nested page table: iommu_hwpt_data_type and bytes; any when absent. */
  readonly nestedData?: { readonly type: number; readonly bytes: number };
}

/** A device of the host behind its IOMMU. */
export interface PhysicalDevice {
  readonly name: string;
  readonly iommu: PhysicalIommu;
  /** StreamID, or whatever the IOMMU knows it by. */
  readonly streamId: number;
}
