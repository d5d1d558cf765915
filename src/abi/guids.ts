import { bytes } from '../layout/scalar.js';
import { struct } from '../layout/struct.js';
import { UAPI_UUID } from './origin.js';
import { vmbus_device_type } from './vmbus/driver-state.js';

// VMBus device classes: the interface type in a channel's offer. include/linux/hyperv.h.

/** As C declares it; members of this type are `guid` here, which reads as text. */
export const guid_t = struct('guid_t', 0x10, { b: bytes(16) }, UAPI_UUID);

export const HV_NIC_GUID = 'f8615163-df3e-46c5-913f-f2d2f965ed0e';
export const HV_IDE_GUID = '32412632-86cb-44a2-9b5c-50d1417354f5';
export const HV_SCSI_GUID = 'ba6163d9-04a1-4d29-b605-72e2ffb1dc7f';
export const HV_SHUTDOWN_GUID = '0e0b6031-5213-4934-818b-38d90ced39db';
export const HV_TS_GUID = '9527e630-d0ae-497b-adce-e80ab0175caf';
export const HV_HEART_BEAT_GUID = '57164f39-9115-4e78-ab55-382f3bd5422d';
export const HV_KVP_GUID = 'a9a0f4e7-5a45-4d96-b827-8a841e8c03e6';
export const HV_DM_GUID = '525074dc-8985-46e2-8057-a307dc18a502';
export const HV_MOUSE_GUID = 'cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a';
export const HV_KBD_GUID = 'f912ad6d-2b17-48ea-bd65-f927a61c7684';
export const HV_VSS_GUID = '35fa2e29-ea23-4236-96ae-3a6ebacba440';
export const HV_SYNTHVID_GUID = 'da0a7802-e377-4aac-8e77-0558eb1073f8';
export const HV_SYNTHFC_GUID = '2f9bcc4a-0069-4af3-b76b-6fd0be528cda';
export const HV_FCOPY_GUID = '34d14be3-dee4-41c8-9ae7-6b174977c192';
export const HV_ND_GUID = '8c2eaf3d-32a7-4b09-ab99-bd1f1c86b501';
export const HV_PCIE_GUID = '44c4f61d-4444-4400-9d52-802e27ede19f';
export const HV_AVMA1_GUID = 'f8e65716-3cb3-4a06-9a60-1889c5cccab5';
export const HV_AVMA2_GUID = '3375baf4-9e15-4b30-b765-67acb10d607b';
export const HV_RDV_GUID = '276aacf4-ac15-426c-98dd-7521ad3f01fe';
export const HV_IMC_GUID = 'c376c1c3-d276-48d2-90a9-c04748072c60';

/** Name → lower-case text; the bytes of the first three groups stand reversed on the wire. */
export const guids = {
  HV_NIC_GUID,
  HV_IDE_GUID,
  HV_SCSI_GUID,
  HV_SHUTDOWN_GUID,
  HV_TS_GUID,
  HV_HEART_BEAT_GUID,
  HV_KVP_GUID,
  HV_DM_GUID,
  HV_MOUSE_GUID,
  HV_KBD_GUID,
  HV_VSS_GUID,
  HV_SYNTHVID_GUID,
  HV_SYNTHFC_GUID,
  HV_FCOPY_GUID,
  HV_ND_GUID,
  HV_PCIE_GUID,
  HV_AVMA1_GUID,
  HV_AVMA2_GUID,
  HV_RDV_GUID,
  HV_IMC_GUID,
} as const;

export interface VmbusDeviceClass {
  readonly name: keyof typeof guids;
  readonly guid: string;
  /** Value of `vmbus_device_type`; HV_UNKNOWN for the classes that Linux has no driver for. */
  readonly deviceType: number;
  /** For people. */
  readonly title: string;
}

/** Pairs of drivers/hv/channel_mgmt.c. */
export const vmbus_device_class: readonly VmbusDeviceClass[] = [
  { name: 'HV_IDE_GUID', guid: HV_IDE_GUID, deviceType: vmbus_device_type.HV_IDE, title: 'IDE accelerator' },
  { name: 'HV_SCSI_GUID', guid: HV_SCSI_GUID, deviceType: vmbus_device_type.HV_SCSI, title: 'SCSI controller' },
  {
    name: 'HV_SYNTHFC_GUID',
    guid: HV_SYNTHFC_GUID,
    deviceType: vmbus_device_type.HV_FC,
    title: 'Fibre Channel adapter',
  },
  { name: 'HV_NIC_GUID', guid: HV_NIC_GUID, deviceType: vmbus_device_type.HV_NIC, title: 'network adapter' },
  { name: 'HV_ND_GUID', guid: HV_ND_GUID, deviceType: vmbus_device_type.HV_ND, title: 'network direct' },
  { name: 'HV_PCIE_GUID', guid: HV_PCIE_GUID, deviceType: vmbus_device_type.HV_PCIE, title: 'virtual PCI bus' },
  { name: 'HV_SYNTHVID_GUID', guid: HV_SYNTHVID_GUID, deviceType: vmbus_device_type.HV_FB, title: 'frame buffer' },
  { name: 'HV_KBD_GUID', guid: HV_KBD_GUID, deviceType: vmbus_device_type.HV_KBD, title: 'keyboard' },
  { name: 'HV_MOUSE_GUID', guid: HV_MOUSE_GUID, deviceType: vmbus_device_type.HV_MOUSE, title: 'mouse' },
  { name: 'HV_KVP_GUID', guid: HV_KVP_GUID, deviceType: vmbus_device_type.HV_KVP, title: 'key-value pairs' },
  { name: 'HV_TS_GUID', guid: HV_TS_GUID, deviceType: vmbus_device_type.HV_TS, title: 'time synchronization' },
  { name: 'HV_HEART_BEAT_GUID', guid: HV_HEART_BEAT_GUID, deviceType: vmbus_device_type.HV_HB, title: 'heartbeat' },
  { name: 'HV_SHUTDOWN_GUID', guid: HV_SHUTDOWN_GUID, deviceType: vmbus_device_type.HV_SHUTDOWN, title: 'shutdown' },
  { name: 'HV_FCOPY_GUID', guid: HV_FCOPY_GUID, deviceType: vmbus_device_type.HV_FCOPY, title: 'file copy' },
  { name: 'HV_VSS_GUID', guid: HV_VSS_GUID, deviceType: vmbus_device_type.HV_BACKUP, title: 'volume snapshots' },
  { name: 'HV_DM_GUID', guid: HV_DM_GUID, deviceType: vmbus_device_type.HV_DM, title: 'dynamic memory' },
  {
    name: 'HV_AVMA1_GUID',
    guid: HV_AVMA1_GUID,
    deviceType: vmbus_device_type.HV_UNKNOWN,
    title: 'virtual machine activation 1',
  },
  {
    name: 'HV_AVMA2_GUID',
    guid: HV_AVMA2_GUID,
    deviceType: vmbus_device_type.HV_UNKNOWN,
    title: 'virtual machine activation 2',
  },
  {
    name: 'HV_RDV_GUID',
    guid: HV_RDV_GUID,
    deviceType: vmbus_device_type.HV_UNKNOWN,
    title: 'remote desktop virtualization',
  },
  {
    name: 'HV_IMC_GUID',
    guid: HV_IMC_GUID,
    deviceType: vmbus_device_type.HV_UNKNOWN,
    title: 'initial machine configuration',
  },
];
