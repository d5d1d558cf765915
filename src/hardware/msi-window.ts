/**
 * Addresses of x86 that devices write interrupt messages to (Intel SDM volume 3, 12.11.1): no memory, and nothing that an IOMMU
 * maps (MSI_RANGE_START and MSI_RANGE_END of the drivers in Linux). Both ends are included.
 */
export const MSI_WINDOW = { start: 0xfee0_0000n, end: 0xfeef_ffffn } as const;
