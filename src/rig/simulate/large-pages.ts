/** A large page and, behind it, a small one, which guest and host of a simulation agree on; drivers get other IOVAs. */
export const IOVA = 0x4000_0000n;
export const LARGE = 0x20_0000;
export const SMALL = 0x1000;
/** Memory that they lead to. */
export const TARGET = 0x20_0000;
