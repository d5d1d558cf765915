/** What the driver of a physical IOMMU can do. */
export interface PhysicalIommu {
  readonly name: string;
  /** iommu_viommu_type that the driver makes; none where it has no such operation. */
  readonly viommuTypes: readonly number[];
  /** iommu_veventq_type that its virtual IOMMUs report. */
  readonly veventTypes: readonly number[];
  /** Bits of a virtual device id: 32 for stream and source ids (VIO-03). */
  readonly virtIdBits: number;
}

/** A device of the host behind its IOMMU. */
export interface PhysicalDevice {
  readonly name: string;
  readonly iommu: PhysicalIommu;
  /** StreamID, or whatever the IOMMU knows it by. */
  readonly streamId: number;
}
