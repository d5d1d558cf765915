import { hypercall } from '../../layout/hypercall.js';
import { HVDEF } from '../openvmm-origin.js';
import { HVGDK_MINI } from '../origin.js';

// Debugger transport. Numbers only: no public header declares the structs.

export const HVCALL_POST_DEBUG_DATA = hypercall('HVCALL_POST_DEBUG_DATA', 0x0069, HVGDK_MINI, {
  alias: ['HvCallPostDebugData'],
});

export const HVCALL_RETRIEVE_DEBUG_DATA = hypercall('HVCALL_RETRIEVE_DEBUG_DATA', 0x006a, HVGDK_MINI, {
  alias: ['HvCallRetrieveDebugData'],
});

export const HVCALL_RESET_DEBUG_SESSION = hypercall('HVCALL_RESET_DEBUG_SESSION', 0x006b, HVGDK_MINI, {
  alias: ['HvCallResetDebugSession'],
});

export const HvCallInvokeHypervisorDebugger = hypercall('HvCallInvokeHypervisorDebugger', 0x000a, HVDEF);

export const HvCallOutputDebugCharacter = hypercall('HvCallOutputDebugCharacter', 0x0071, HVDEF);
