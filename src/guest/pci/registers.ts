// Configuration space of a function: include/uapi/linux/pci_regs.h.

export const PCI_COMMAND = 0x04;
export const PCI_COMMAND_MEMORY = 0x2;
export const PCI_COMMAND_MASTER = 0x4;
export const PCI_COMMAND_INTX_DISABLE = 0x400;
/** Decoding of I/O and memory. */
export const PCI_COMMAND_DECODE = 0x3;
export const PCI_STATUS = 0x06;
export const PCI_STATUS_CAP_LIST = 0x10;
export const PCI_CLASS_REVISION = 0x08;
export const PCI_HEADER_TYPE = 0x0e;
export const PCI_HEADER_MULTI_FUNCTION = 0x80;
export const PCI_BASE_ADDRESS_0 = 0x10;
export const PCI_BASE_ADDRESS_SPACE_IO = 0x1;
export const PCI_BASE_ADDRESS_MEM_64 = 0x4;
export const PCI_BASE_ADDRESS_MEM_TYPE = 0x6;
export const PCI_SUBSYSTEM = 0x2c;
export const PCI_ROM_ADDRESS = 0x30;
export const PCI_CAPABILITY_LIST = 0x34;

export const PCI_CAP_ID_MSI = 0x05;
export const PCI_CAP_ID_MSIX = 0x11;

/** A read where no function is gives all ones. */
export const NO_VENDOR = 0xffff;

export type AccessSize = 1 | 2 | 4;
