import { hypercall } from '../../layout/hypercall.js';
import { InstallIntercept, RegisterInterceptResultCpuid } from '../hv/openvmm-intercepts.js';
import { HVDEF } from '../openvmm-origin.js';
import { HVGDK_MINI } from '../origin.js';

// Intercepts of a child partition and the results registered for them.

export const HVCALL_INSTALL_INTERCEPT = hypercall('HVCALL_INSTALL_INTERCEPT', 0x004d, HVGDK_MINI, {
  input: InstallIntercept,
  alias: ['HvCallInstallIntercept', 'HvInstallIntercept'],
});

export const HVCALL_REGISTER_INTERCEPT_RESULT = hypercall('HVCALL_REGISTER_INTERCEPT_RESULT', 0x0091, HVGDK_MINI, {
  input: RegisterInterceptResultCpuid,
  alias: ['HvCallRegisterInterceptResult'],
  note: 'The struct is the one for CPUID results.',
});

export const HVCALL_GET_VP_CPUID_VALUES = hypercall('HVCALL_GET_VP_CPUID_VALUES', 0x00f4, HVGDK_MINI, {
  alias: ['HvCallGetVpCpuidValues'],
});

export const HvCallCheckForIoIntercept = hypercall('HvCallCheckForIoIntercept', 0x00ad, HVDEF);
