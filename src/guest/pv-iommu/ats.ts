import type { FunctionConfig } from '../pci/function-config.js';

/** Address translation services of a function: with them on, it asks for translations and keeps them. */
export interface AtsSwitch {
  readonly isOn: boolean;
  set(on: boolean): void;
}

// Extended capabilities: include/uapi/linux/pci_regs.h.
const FIRST_EXTENDED = 0x100;
const PCI_EXT_CAP_ID_ATS = 0x0f;
const PCI_ATS_CTRL = 0x06;
const PCI_ATS_CTRL_ENABLE = 0x8000;
/** Smallest translation unit: 4 KiB. */
const STU_4K = 0;
/** Capabilities that fit the space: a list that leads in circles ends. */
const MAX_CAPABILITIES = 480;

/** The switch of a function's own ATS capability; undefined when it has none. */
export function atsOf(config: FunctionConfig): AtsSwitch | undefined {
  let at = FIRST_EXTENDED;
  for (let left = MAX_CAPABILITIES; left > 0 && at >= FIRST_EXTENDED; left--) {
    const header = config.read(at, 4) >>> 0;
    if (header === 0 || header === 0xffffffff) return undefined;
    if ((header & 0xffff) === PCI_EXT_CAP_ID_ATS) return switchAt(config, at + PCI_ATS_CTRL);
    at = (header >>> 20) & ~3;
  }
  return undefined;
}

function switchAt(config: FunctionConfig, control: number): AtsSwitch {
  return {
    get isOn() {
      return (config.read(control, 2) & PCI_ATS_CTRL_ENABLE) !== 0;
    },
    set(on) {
      config.write(control, 2, on ? PCI_ATS_CTRL_ENABLE | STU_4K : 0);
    },
  };
}
