import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';
import { hv_intercept_parameters } from './intercept.js';

// Installing intercepts and registering their results.

export const HvInterceptType = enumeration('HvInterceptType', {
  HvInterceptTypeX64IoPort: 0,
  HvInterceptTypeX64Msr: 1,
  HvInterceptTypeX64Cpuid: 2,
  HvInterceptTypeException: 3,
  HvInterceptTypeHypercall: 8,
  HvInterceptTypeUnknownSynicConnection: 13,
  HvInterceptTypeX64ApicEoi: 14,
  HvInterceptTypeRetargetInterruptWithUnknownDeviceId: 15,
  HvInterceptTypeX64IoPortRange: 17,
});

export const InstallIntercept = struct(
  'InstallIntercept',
  0x18,
  {
    partition_id: u64,
    access_type_mask: u32,
    intercept_type: u32.as(HvInterceptType),
    intercept_parameters: hv_intercept_parameters.x64,
  },
  HVDEF,
);

export const HvRegisterX64CpuidResultParametersInput = struct(
  'HvRegisterX64CpuidResultParametersInput',
  0x0c,
  {
    eax: u32,
    ecx: u32,
    subleaf_specific: u8,
    always_override: u8,
    padding: rsvd(u16),
  },
  HVDEF,
);

export const HvRegisterX64CpuidResultParametersOutput = struct(
  'HvRegisterX64CpuidResultParametersOutput',
  0x20,
  {
    eax: u32,
    eax_mask: u32,
    ebx: u32,
    ebx_mask: u32,
    ecx: u32,
    ecx_mask: u32,
    edx: u32,
    edx_mask: u32,
  },
  HVDEF,
);

export const HvRegisterX64CpuidResultParameters = struct(
  'HvRegisterX64CpuidResultParameters',
  0x2c,
  {
    input: HvRegisterX64CpuidResultParametersInput,
    result: HvRegisterX64CpuidResultParametersOutput,
  },
  HVDEF,
);

/** The form for HvInterceptTypeX64Cpuid; OpenVMM declares no other. */
export const RegisterInterceptResultCpuid = struct(
  'RegisterInterceptResultCpuid',
  0x40,
  {
    partition_id: u64,
    vp_index: u32,
    intercept_type: u32.as(HvInterceptType),
    parameters: HvRegisterX64CpuidResultParameters,
    _reserved: rsvd(u32),
  },
  HVDEF,
);
