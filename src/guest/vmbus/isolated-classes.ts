import {
  HV_HEART_BEAT_GUID,
  HV_NIC_GUID,
  HV_PCIE_GUID,
  HV_SCSI_GUID,
  HV_SHUTDOWN_GUID,
  HV_TS_GUID,
} from '../../abi/guids.js';

/**
 * Device classes whose drivers are hardened against their host: an isolated guest ignores offers of all others
 * (vmbus_devs, drivers/hv/channel_mgmt.c: allowed_in_isolated; VPCI-01).
 */
export const ISOLATED_CLASSES: ReadonlySet<string> = new Set([
  HV_SCSI_GUID,
  HV_NIC_GUID,
  HV_PCIE_GUID,
  HV_TS_GUID,
  HV_HEART_BEAT_GUID,
  HV_SHUTDOWN_GUID,
]);
