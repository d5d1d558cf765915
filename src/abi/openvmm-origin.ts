import type { Origin } from '../layout/types.js';

// Files of microsoft/openvmm at commit 1488a37b (21 August 2026); sizes and offsets as its own definitions compile.

export const HVDEF: Origin = { from: 'vm/hv1/hvdef/src/lib.rs of microsoft/openvmm', version: 'openvmm' };

export const SAVE_RESTORE: Origin = {
  from: 'vm/hv1/hvdef/src/save_restore.rs of microsoft/openvmm',
  version: 'openvmm',
};

export const HV1_HYPERCALL: Origin = {
  from: 'vm/hv1/hv1_hypercall/src/imp.rs of microsoft/openvmm',
  version: 'openvmm',
};

export const VMBUS_PROTOCOL: Origin = {
  from: 'vm/devices/vmbus/vmbus_core/src/protocol.rs of microsoft/openvmm',
  version: 'openvmm',
};

export const VMBUS_RING: Origin = {
  from: 'vm/devices/vmbus/vmbus_ring/src/lib.rs of microsoft/openvmm',
  version: 'openvmm',
};

export const VPCI_PROTOCOL: Origin = {
  from: 'vm/devices/pci/vpci_protocol/src/lib.rs of microsoft/openvmm',
  version: 'openvmm',
};
