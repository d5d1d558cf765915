// The vPCI protocol around its messages: versions, message numbers, limits.

export interface VpciVersion {
  /** major << 16 | minor. */
  readonly version: number;
  /** Constant of drivers/pci/controller/pci-hyperv.c. */
  readonly linux?: string;
  /** Variant of `ProtocolVersion` in OpenVMM. */
  readonly openvmm: string;
  /** What came with it. */
  readonly adds?: string;
}

/** Oldest first. Linux offers 1.4 down to 1.1. */
export const vpciVersions: readonly VpciVersion[] = [
  { version: 0x10000, openvmm: 'WIN8' },
  { version: 0x10001, linux: 'PCI_PROTOCOL_VERSION_1_1', openvmm: 'WIN10' },
  {
    version: 0x10002,
    linux: 'PCI_PROTOCOL_VERSION_1_2',
    openvmm: 'RS1',
    adds: 'second interrupt and resource messages',
  },
  { version: 0x10003, linux: 'PCI_PROTOCOL_VERSION_1_3', openvmm: 'VB', adds: 'bus relations 2 with NUMA nodes' },
  { version: 0x10004, linux: 'PCI_PROTOCOL_VERSION_1_4', openvmm: 'FE', adds: '32-bit vectors' },
  { version: 0x10005, openvmm: 'GE', adds: 'device reset' },
  { version: 0x10006, openvmm: 'DT', adds: 'dynamic mapping' },
];

/** Limits of OpenVMM's host side; those of Linux are vpci_limits. */
export const vpciHostLimits = {
  /** Vectors of one create request. */
  vectorsPerMessage: 32,
  /** Entries of processor_array in the second and third descriptor. */
  processors: 32,
  /** 136 bytes and 80 more for each of 494 MSI entries. */
  packetBytes: 39656,
  msiEntries: 494,
} as const;
