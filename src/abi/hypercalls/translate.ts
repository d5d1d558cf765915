import type { PerArch } from '../../layout/group.js';
import { hypercall } from '../../layout/hypercall.js';
import {
  TranslateVirtualAddressArm64,
  TranslateVirtualAddressExOutputArm64,
  TranslateVirtualAddressExOutputX64,
  TranslateVirtualAddressOutput,
  TranslateVirtualAddressX64,
} from '../hv/openvmm-translate.js';
import { HVDEF } from '../openvmm-origin.js';
import { HVGDK_MINI } from '../origin.js';

// Translation of guest virtual addresses and switches of address space.

// Every part is another struct on arm64 in OpenVMM; Linux has the code only.
const translateInput: PerArch = {
  kind: 'perArch',
  name: 'TranslateVirtualAddress',
  x64: TranslateVirtualAddressX64,
  arm64: TranslateVirtualAddressArm64,
};

const translateExOutput: PerArch = {
  kind: 'perArch',
  name: 'TranslateVirtualAddressExOutput',
  x64: TranslateVirtualAddressExOutputX64,
  arm64: TranslateVirtualAddressExOutputArm64,
};

export const HVCALL_TRANSLATE_VIRTUAL_ADDRESS = hypercall('HVCALL_TRANSLATE_VIRTUAL_ADDRESS', 0x0052, HVGDK_MINI, {
  input: translateInput,
  output: TranslateVirtualAddressOutput,
  alias: ['HvCallTranslateVirtualAddress', 'HvX64TranslateVirtualAddress'],
});

export const HvCallTranslateVirtualAddressEx = hypercall('HvCallTranslateVirtualAddressEx', 0x00ac, HVDEF, {
  input: translateInput,
  output: translateExOutput,
  alias: ['HvX64TranslateVirtualAddressEx', 'HvAarch64TranslateVirtualAddressEx'],
});

export const HvCallSwitchVirtualAddressSpace = hypercall('HvCallSwitchVirtualAddressSpace', 0x0001, HVDEF);
