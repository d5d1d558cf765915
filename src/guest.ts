// The guest's drivers: machine, VMBus client, virtual PCI, PCI core, NVMe.

export { DomainNumberPool, type DomainPolicy } from './guest/device-id/domain-number-pool.js';
export { LogicalDeviceIdTable } from './guest/device-id/logical-device-id-table.js';
export { routeOfSeries2024, routeOfSmmuv3, Smmuv3EventHandler } from './guest/iommufd/event-routing.js';
export { IommufdDevice } from './guest/iommufd/ioctl.js';
export { IommufdContext, type IommufdOptions } from './guest/iommufd/iommufd-context.js';
export type { PhysicalDevice, PhysicalIommu } from './guest/iommufd/physical.js';
export {
  SERIES_2024_NAMES,
  vdeviceOfSetVdevId,
  vdeviceOfUnsetVdevId,
  veventqOfVirq,
} from './guest/iommufd/series-2024-names.js';
export { StalledAccess } from './guest/iommufd/stalled-access.js';
export { userBuffer } from './guest/iommufd/user-buffer.js';
export { LossCount, splitVevents, type VeventRecord } from './guest/iommufd/vevent-reader.js';
export { BootedGuest, type BootOptions, bootGuest } from './guest/machine/boot.js';
export type { DeviceSpace, GuestCpu, GuestMachine } from './guest/machine/guest-machine.js';
export { BarDriver } from './guest/pci/bar-driver.js';
export { DIRECT_DMA, type DmaOperations } from './guest/pci/dma-operations.js';
export { NvmeDriver } from './guest/pci/nvme-driver.js';
export { PciCore } from './guest/pci/pci-core.js';
export type { BoundFunction, PciDriver } from './guest/pci/pci-driver.js';
export { PvIommu } from './guest/pv-iommu/pv-iommu.js';
export { startPvIommu } from './guest/pv-iommu/start.js';
export { detectRootIommu, type IommuPlatform } from './guest/root-iommu/detection.js';
export { DRIVER_GENERATIONS, type DriverGeneration } from './guest/root-iommu/driver-generation.js';
export { IommuDevice } from './guest/root-iommu/iommu-device.js';
export { RootIommu, type RootIommuOptions } from './guest/root-iommu/root-iommu.js';
export type {
  ChannelOffer,
  CompletionHandler,
  OpenOptions,
  Requests,
  VmbusChannel,
  VmbusDriver,
} from './guest/vmbus/vmbus-channel.js';
export { type ClientOptions, VmbusClient } from './guest/vmbus/vmbus-client.js';
export { NO_CONFIG_BLOCKS } from './guest/vpci/no-config-blocks.js';
export { VpciDriver, type VpciDriverOptions } from './guest/vpci/vpci-driver.js';
export { Arm64Interrupts } from './guest/vpci-interrupts/arm64-interrupts.js';
export { MessageComposer } from './guest/vpci-interrupts/compose.js';
export { GicDistributor } from './guest/vpci-interrupts/gic-distributor.js';
export { X86Interrupts } from './guest/vpci-interrupts/x86-interrupts.js';
export { DONE, failure, success } from './ports/outcome.js';
