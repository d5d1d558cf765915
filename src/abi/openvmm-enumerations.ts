import { HypercallCode } from './hv/openvmm-control-word.js';
import { HvGuestOsMicrosoftIds, HvGuestOsOpenSourceType } from './hv/openvmm-guest-os-id.js';
import { HvInterceptType } from './hv/openvmm-intercepts.js';
import { HvInterruptType } from './hv/openvmm-interrupts.js';
import { AcceptMemoryType, CheckGpaPageVtlAccessResultCode, HostVisibilityType } from './hv/openvmm-memory.js';
import { HvCacheType } from './hv/openvmm-page-ranges.js';
import {
  HvPartitionIsolationType,
  HvPartitionPropertyCode,
  HvProcessorVendor,
} from './hv/openvmm-partition-properties.js';
import { HvAarch64PendingEventType } from './hv/openvmm-pending-events-arm64.js';
import { HvX64PendingInterruptionType } from './hv/openvmm-pending-events-x64.js';
import { HvAllArchRegisterName, HvArm64RegisterName } from './hv/openvmm-register-names.js';
import { HvX64RegisterName } from './hv/openvmm-register-names-x64.js';
import { VmSaveChunkId } from './hv/openvmm-save-chunks.js';
import { HvError } from './hv/openvmm-status.js';
import { TranslateGvaResultCode } from './hv/openvmm-translate.js';
import { HvSnpInterruptInjection } from './hv/openvmm-vsm-registers.js';
import { HvVtlEntryReason, Vtl } from './hv/openvmm-vtl.js';
import { HvArm64ResetType } from './synic/openvmm-intercepts-arm64.js';
import { HvMessageType } from './synic/openvmm-message-types.js';
import { ConnectionState } from './vmbus/openvmm-messages.js';
import { HvsockParametersVersion, PipeType, Version, VmbusMessageType } from './vmbus/openvmm-offers.js';
import { DevicePowerState, ProtocolVersion, Status, VpciMessageType } from './vpci/openvmm-devices.js';
import { DeliveryMode } from './vpci/openvmm-interrupts.js';
import { ResourceType } from './vpci/openvmm-resources.js';

/** Enumerations of OpenVMM that Linux lacks or has fewer names of. */
export const openvmmEnumerations: readonly Readonly<Record<string, number>>[] = [
  HypercallCode,
  HvGuestOsMicrosoftIds,
  HvGuestOsOpenSourceType,
  HvInterceptType,
  HvInterruptType,
  AcceptMemoryType,
  HostVisibilityType,
  CheckGpaPageVtlAccessResultCode,
  HvCacheType,
  HvPartitionPropertyCode,
  HvPartitionIsolationType,
  HvProcessorVendor,
  HvAarch64PendingEventType,
  HvX64PendingInterruptionType,
  HvX64RegisterName,
  HvAllArchRegisterName,
  HvArm64RegisterName,
  VmSaveChunkId,
  HvError,
  TranslateGvaResultCode,
  HvSnpInterruptInjection,
  Vtl,
  HvVtlEntryReason,
  HvArm64ResetType,
  HvMessageType,
  ConnectionState,
  PipeType,
  HvsockParametersVersion,
  Version,
  VmbusMessageType,
  ProtocolVersion,
  VpciMessageType,
  Status,
  DevicePowerState,
  DeliveryMode,
  ResourceType,
];
