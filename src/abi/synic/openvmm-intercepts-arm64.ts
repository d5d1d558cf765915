import { array } from '../../layout/list.js';
import { bytes, enumeration, rsvd, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';
import { hv_arm64_intercept_message_header } from './intercept-arm64.js';
import { HvHypercallInterceptMessageFlags } from './openvmm-intercepts-x64.js';

// Intercept messages of arm64: payloads that start with the common 24-byte header.

export const HvArm64HypercallInterceptMessage = struct(
  'HvArm64HypercallInterceptMessage',
  0xb0,
  {
    header: hv_arm64_intercept_message_header,
    immediate: u16,
    reserved: rsvd(u16),
    flags: HvHypercallInterceptMessageFlags,
    x: array(u64, 18),
  },
  HVDEF,
);

export const HvArm64MmioInterceptMessage = struct(
  'HvArm64MmioInterceptMessage',
  0x48,
  {
    header: hv_arm64_intercept_message_header,
    guest_physical_address: u64,
    access_size: u32,
    data: bytes(32),
    padding: rsvd(u32),
  },
  HVDEF,
);

export const HvArm64ResetType = enumeration('HvArm64ResetType', {
  POWER_OFF: 0,
  REBOOT: 1,
  SYSTEM_RESET: 2,
  HIBERNATE: 3,
});

export const HvArm64ResetInterceptMessage = struct(
  'HvArm64ResetInterceptMessage',
  0x20,
  {
    header: hv_arm64_intercept_message_header,
    reset_type: u32.as(HvArm64ResetType),
    reset_code: u32,
  },
  HVDEF,
);

export const HvArm64SynicSintDeliverableMessage = struct(
  'HvArm64SynicSintDeliverableMessage',
  0x20,
  {
    header: hv_arm64_intercept_message_header,
    deliverable_sints: u16,
    rsvd1: rsvd(u16),
    rsvd2: rsvd(u32),
  },
  HVDEF,
);
