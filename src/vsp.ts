// The host's devices: VMBus channel server, virtual PCI bus, an NVMe controller and a device of plain registers.

export { BarDevice } from './vsp/pci/bar-device.js';
export { NvmeDevice } from './vsp/pci/nvme-device.js';
export type { PciDevice } from './vsp/pci/pci-device.js';
export type { ChannelDevice, HostChannel } from './vsp/vmbus/channel-device.js';
export {
  ChannelServer,
  type ChannelState,
  type ChannelSummary,
  type MonitorPages,
  type OfferedChannel,
  type ServerOptions,
} from './vsp/vmbus/channel-server.js';
export type { VpciFunction } from './vsp/vpci/bus-function.js';
export type { FaultRule } from './vsp/vpci/fault.js';
export { VpciBus, type VpciBusOptions, type VpciKnobs, type VpciState } from './vsp/vpci/vpci-bus.js';
