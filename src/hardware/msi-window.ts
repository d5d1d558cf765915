/**
 * Addresses of x86 that devices write interrupt messages to (Intel SDM volume 3, 12.11.1): no memory, and nothing that an IOMMU
 * maps (MSI_RANGE_START and MSI_RANGE_END of the drivers in Linux). Both ends are included.
 */
export const MSI_WINDOW = { start: 0xfee0_0000n, end: 0xfeef_ffffn } as const;

/** The same as a reserved region of a device, in the form in which IOMMU drivers tell them: first address and bytes. */
export const MSI_REGION = {
  start: MSI_WINDOW.start,
  length: MSI_WINDOW.end - MSI_WINDOW.start + 1n,
  kind: 'msi',
} as const;
