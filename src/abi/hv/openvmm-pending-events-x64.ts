import { bits } from '../../layout/bits.js';
import { array } from '../../layout/list.js';
import { bytes, enumeration, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon } from '../../layout/union.js';
import { HVDEF } from '../openvmm-origin.js';
import { hv_intercept_access_type } from './intercept.js';
import { hv_u128 } from './register-bits.js';

// Pending event registers of x64: one 128-bit word read by event_type.

/** event_type tells which of the events below the word is. */
export const HvX64PendingEventReg0 = struct(
  'HvX64PendingEventReg0',
  0x10,
  {
    header: anon(bits(u8, { event_pending: 1, event_type: 3, reserved: 4 })),
    data: bytes(15),
  },
  HVDEF,
);

export const HvX64PendingEvent = struct(
  'HvX64PendingEvent',
  0x20,
  {
    reg_0: HvX64PendingEventReg0,
    reg_1: hv_u128,
  },
  HVDEF,
);

export const HvX64PendingInterruptionType = enumeration('HvX64PendingInterruptionType', {
  HV_X64_PENDING_INTERRUPT: 0,
  HV_X64_PENDING_NMI: 2,
  HV_X64_PENDING_EXCEPTION: 3,
  HV_X64_PENDING_SOFTWARE_INTERRUPT: 4,
  HV_X64_PENDING_PRIVILEGED_SOFTWARE_EXCEPTION: 5,
  HV_X64_PENDING_SOFTWARE_EXCEPTION: 6,
});

export const HvX64PendingExceptionEvent = bits(
  'HvX64PendingExceptionEvent',
  array(u64, 2),
  {
    event_pending: 1,
    event_type: 3,
    reserved0: 4,
    deliver_error_code: 1,
    reserved1: 7,
    vector: 16,
    error_code: 32,
    exception_parameter: 64,
  },
  undefined,
  HVDEF,
);

export const HvX64PendingExtIntEvent = bits(
  'HvX64PendingExtIntEvent',
  array(u64, 2),
  {
    event_pending: 1,
    event_type: 3,
    reserved0: 4,
    vector: 8,
    reserved1: 48,
    reserved2: 64,
  },
  undefined,
  HVDEF,
);

export const HvX64PendingHypercallOutputEvent = bits(
  'HvX64PendingHypercallOutputEvent',
  array(u64, 2),
  {
    event_pending: 1,
    event_type: 3,
    reserved0: 4,
    retired: 1,
    reserved1: 23,
    output_size: 32,
    output_gpa: 64,
  },
  undefined,
  HVDEF,
);

export const HvX64PendingShadowIptEvent = bits(
  'HvX64PendingShadowIptEvent',
  array(u64, 2),
  {
    event_pending: 1,
    event_type: 4,
    reserved0: 59,
    reserved1: 64,
  },
  undefined,
  HVDEF,
);

export const HvX64PendingVirtualizationFaultEvent = bits(
  'HvX64PendingVirtualizationFaultEvent',
  array(u64, 2),
  {
    event_pending: 1,
    event_type: 3,
    reserved0: 4,
    reserved1: 8,
    parameter0: 16,
    code: 32,
    parameter1: 64,
  },
  undefined,
  HVDEF,
);

export const HvX64PendingEventMemoryInterceptPendingEventHeader = bits(
  'HvX64PendingEventMemoryInterceptPendingEventHeader',
  u8,
  {
    event_pending: 1,
    event_type: 3,
    _reserved0: 4,
  },
  undefined,
  HVDEF,
);

export const HvX64PendingEventMemoryInterceptAccessFlags = bits(
  'HvX64PendingEventMemoryInterceptAccessFlags',
  u8,
  {
    guest_linear_address_valid: 1,
    caused_by_gpa_access: 1,
    _reserved1: 6,
  },
  undefined,
  HVDEF,
);

export const HvX64PendingEventMemoryIntercept = struct(
  'HvX64PendingEventMemoryIntercept',
  0x20,
  {
    event_header: HvX64PendingEventMemoryInterceptPendingEventHeader,
    target_vtl: u8,
    access_type: u8.as(hv_intercept_access_type),
    access_flags: HvX64PendingEventMemoryInterceptAccessFlags,
    _reserved2: rsvd(u32),
    guest_linear_address: u64,
    guest_physical_address: u64,
    _reserved3: rsvd(u64),
  },
  HVDEF,
);
