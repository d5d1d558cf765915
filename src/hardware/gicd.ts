// Registers of a GICv3 distributor with affinity routing and one security state. Arm GIC architecture specification
// (IHI 0069), 12.9.

export const GICD_CTLR = 0x0000;
export const GICD_TYPER = 0x0004;
export const GICD_SETSPI_NSR = 0x0040;
export const GICD_CLRSPI_NSR = 0x0048;
export const GICD_IGROUPR = 0x0080;
export const GICD_ISENABLER = 0x0100;
export const GICD_ICENABLER = 0x0180;
export const GICD_ISPENDR = 0x0200;
export const GICD_ICPENDR = 0x0280;
export const GICD_ISACTIVER = 0x0300;
export const GICD_ICACTIVER = 0x0380;
export const GICD_IPRIORITYR = 0x0400;
export const GICD_ICFGR = 0x0c00;
export const GICD_IROUTER = 0x6000;
export const GICD_PIDR2 = 0xffe8;

/** Upper bit of an interrupt's pair in GICD_ICFGR. */
export const GICD_ICFGR_EDGE = 2;
/** Shared peripheral interrupts have these numbers, both included. */
export const FIRST_SPI = 32;
export const LAST_SPI = 1019;
