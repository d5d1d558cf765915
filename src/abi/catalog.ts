import type { Layout } from '../layout/group.js';
import { guid_t } from './guids.js';
import * as hvCpuid from './hv/cpuid.js';
import * as hvDeviceAttach from './hv/device-attach.js';
import * as hvDeviceDomain from './hv/device-domain.js';
import * as hvDeviceDomain2021 from './hv/device-domain-2021.js';
import * as hvDeviceDomainFlush from './hv/device-domain-flush.js';
import * as hvDeviceId from './hv/device-id.js';
import * as hvEnlightenedVmcb from './hv/enlightened-vmcb.js';
import * as hvEnlightenedVmcs from './hv/enlightened-vmcs.js';
import * as hvHypercallWord from './hv/hypercall-word.js';
import * as hvIntercept from './hv/intercept.js';
import * as hvInterrupt from './hv/interrupt.js';
import * as hvLimits from './hv/limits.js';
import * as hvLogicalProcessor from './hv/logical-processor.js';
import * as hvMapInterrupt from './hv/map-interrupt.js';
import * as hvMemory from './hv/memory.js';
import * as hvMemoryHint from './hv/memory-hint.js';
import * as hvMmio from './hv/mmio.js';
import * as hvMsi from './hv/msi.js';
import * as hvMsrNumber from './hv/msr-number.js';
import * as hvMsrValue from './hv/msr-value.js';
import * as hvPartition from './hv/partition.js';
import * as hvPartitionFeatures from './hv/partition-features.js';
import * as hvPartitionProperty from './hv/partition-property.js';
import * as hvPlatform from './hv/platform.js';
import * as hvRegisterBits from './hv/register-bits.js';
import * as hvRegisterName from './hv/register-name.js';
import * as hvStats from './hv/stats.js';
import * as hvStatus from './hv/status.js';
import * as hvSystemProperty from './hv/system-property.js';
import * as hvTlb from './hv/tlb.js';
import * as hvVp from './hv/vp.js';
import * as hvVpAssist from './hv/vp-assist.js';
import * as hvVpRegisterPage from './hv/vp-register-page.js';
import * as hvVpRegisters from './hv/vp-registers.js';
import * as hvVpSet from './hv/vp-set.js';
import * as hvVtl from './hv/vtl.js';
import * as icFcopy from './ic/fcopy.js';
import * as icKvp from './ic/kvp.js';
import * as icMessage from './ic/message.js';
import * as icPowerTime from './ic/power-time.js';
import * as icVss from './ic/vss.js';
import * as iommufdCommand from './iommufd/command.js';
import * as iommufdFault from './iommufd/fault.js';
import * as iommufdHwInfo from './iommufd/hw-info.js';
import * as iommufdHwpt from './iommufd/hwpt.js';
import * as iommufdIoas from './iommufd/ioas.js';
import * as iommufdSeries2024 from './iommufd/series-2024.js';
import * as iommufdSmmuv3Event from './iommufd/smmuv3-event.js';
import * as iommufdViommu from './iommufd/viommu.js';
import * as mshvDevice from './mshv/device.js';
import * as mshvIoctl from './mshv/ioctl.js';
import * as mshvPartition from './mshv/partition.js';
import * as mshvVp from './mshv/vp.js';
import * as mshvVtl from './mshv/vtl.js';
import * as synicEvent from './synic/event.js';
import * as synicInterceptArm64 from './synic/intercept-arm64.js';
import * as synicInterceptX64 from './synic/intercept-x64.js';
import * as synicMessage from './synic/message.js';
import * as synicMonitor from './synic/monitor.js';
import * as synicPayload from './synic/payload.js';
import * as synicPort from './synic/port.js';
import * as synicRegister from './synic/register.js';
import * as vmbusChannel from './vmbus/channel.js';
import * as vmbusContact from './vmbus/contact.js';
import * as vmbusDriverState from './vmbus/driver-state.js';
import * as vmbusGpadl from './vmbus/gpadl.js';
import * as vmbusOffer from './vmbus/offer.js';
import * as vmbusPacket from './vmbus/packet.js';
import * as vmbusPacketLegacy from './vmbus/packet-legacy.js';
import * as vmbusRing from './vmbus/ring.js';
import * as vmbusVersion from './vmbus/version.js';
import * as vpciBus from './vpci/bus.js';
import * as vpciInterrupt from './vpci/interrupt.js';
import * as vpciMessage from './vpci/message.js';
import * as vpciResource from './vpci/resource.js';

export { guids, vmbus_device_class } from './guids.js';

const modules: readonly Readonly<Record<string, Layout | object>>[] = [
  hvStatus,
  hvLimits,
  hvHypercallWord,
  hvCpuid,
  hvMsrNumber,
  hvMsrValue,
  hvRegisterName,
  hvRegisterBits,
  hvVpRegisters,
  hvVtl,
  hvVpAssist,
  hvEnlightenedVmcs,
  hvEnlightenedVmcb,
  hvPartition,
  hvPartitionFeatures,
  hvPartitionProperty,
  hvSystemProperty,
  hvStats,
  hvLogicalProcessor,
  hvVp,
  hvVpRegisterPage,
  hvIntercept,
  hvVpSet,
  hvTlb,
  hvMemory,
  hvMemoryHint,
  hvMmio,
  hvDeviceId,
  hvInterrupt,
  hvMsi,
  hvMapInterrupt,
  hvDeviceDomain,
  hvDeviceDomainFlush,
  hvDeviceAttach,
  hvDeviceDomain2021,
  synicMessage,
  synicPayload,
  synicRegister,
  synicEvent,
  synicPort,
  synicMonitor,
  synicInterceptX64,
  synicInterceptArm64,
  vmbusVersion,
  vmbusChannel,
  vmbusOffer,
  vmbusGpadl,
  vmbusContact,
  vmbusPacket,
  vmbusPacketLegacy,
  vmbusRing,
  vmbusDriverState,
  vpciMessage,
  vpciBus,
  vpciResource,
  vpciInterrupt,
  icMessage,
  icPowerTime,
  icVss,
  icFcopy,
  icKvp,
  iommufdCommand,
  iommufdIoas,
  iommufdHwpt,
  iommufdHwInfo,
  iommufdFault,
  iommufdViommu,
  iommufdSmmuv3Event,
  iommufdSeries2024,
  mshvIoctl,
  mshvPartition,
  mshvVp,
  mshvVtl,
  mshvDevice,
  hvPlatform,
];

const declared = modules.flatMap((module) => Object.values(module));

/** Every struct and union of Linux, of the series and of the legacy headers; OpenVMM's stand in openvmm-catalog. */
export const layouts: readonly Layout[] = [guid_t, ...declared.filter((one): one is Layout => 'kind' in one)];

/** Every enumeration and family of constants, as the constants themselves. */
export const enumerations: readonly object[] = declared.filter((one) => !('kind' in one));
