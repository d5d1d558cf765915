import { bits } from '../../layout/bits.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HvX64RegisterName } from '../hv/openvmm-register-names-x64.js';
import { hv_u128 } from '../hv/register-bits.js';
import { HVDEF } from '../openvmm-origin.js';
import { hv_x64_intercept_message_header } from './intercept-x64.js';

// Rarer intercept messages of x64.

export const HvX64RegisterInterceptMessageFlags = bits(
  'HvX64RegisterInterceptMessageFlags',
  u8,
  {
    is_memory_op: 1,
    _rsvd: 7,
  },
  undefined,
  HVDEF,
);

export const HvX64RegisterInterceptMessage = struct(
  'HvX64RegisterInterceptMessage',
  0x40,
  {
    header: hv_x64_intercept_message_header,
    flags: HvX64RegisterInterceptMessageFlags,
    rsvd: rsvd(1),
    rsvd2: rsvd(u16),
    register_name: u32.as(HvX64RegisterName),
    access_info: hv_u128,
  },
  HVDEF,
);

export const HvX64SipiInterceptMessage = struct(
  'HvX64SipiInterceptMessage',
  0x30,
  {
    header: hv_x64_intercept_message_header,
    target_vp_index: u32,
    vector: u32,
  },
  HVDEF,
);

export const HvX64UnrecoverableExceptionMessage = struct(
  'HvX64UnrecoverableExceptionMessage',
  0x28,
  {
    header: hv_x64_intercept_message_header,
  },
  HVDEF,
);

export const HvX64VmgexitInterceptMessageFlags = bits(
  'HvX64VmgexitInterceptMessageFlags',
  u64,
  {
    ghcb_page_valid: 1,
    ghcb_request_error: 1,
    _reserved: 62,
  },
  undefined,
  HVDEF,
);

export const HvX64VmgexitInterceptMessageGhcbPageStandard = struct(
  'HvX64VmgexitInterceptMessageGhcbPageStandard',
  0x28,
  {
    ghcb_protocol_version: u16,
    _reserved: rsvd(u16, 3),
    sw_exit_code: u64,
    sw_exit_info1: u64,
    sw_exit_info2: u64,
    sw_scratch: u64,
  },
  HVDEF,
);

export const HvX64VmgexitInterceptMessageGhcbPage = struct(
  'HvX64VmgexitInterceptMessageGhcbPage',
  0x30,
  {
    ghcb_usage: u32,
    _reserved: rsvd(u32),
    standard: HvX64VmgexitInterceptMessageGhcbPageStandard,
  },
  HVDEF,
);

export const HvX64VmgexitInterceptMessage = struct(
  'HvX64VmgexitInterceptMessage',
  0x68,
  {
    header: hv_x64_intercept_message_header,
    ghcb_msr: u64,
    flags: HvX64VmgexitInterceptMessageFlags,
    ghcb_page: HvX64VmgexitInterceptMessageGhcbPage,
  },
  HVDEF,
);
