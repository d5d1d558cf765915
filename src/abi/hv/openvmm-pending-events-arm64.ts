import { bit, bits } from '../../layout/bits.js';
import { bytes, enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';

// Pending event registers of arm64 (HvRegisterPendingEvent0 and 1).

export const HvAarch64PendingEventType = enumeration('HvAarch64PendingEventType', {
  EXCEPTION: 0,
  SYNTHETIC_EXCEPTION: 1,
  HYPERCALL_OUTPUT: 2,
});

export const HvAarch64PendingEventHeader = bits(
  'HvAarch64PendingEventHeader',
  u8,
  {
    event_pending: 1,
    event_type: bit(3, HvAarch64PendingEventType),
    reserved: 4,
  },
  undefined,
  HVDEF,
);

export const HvAarch64PendingEvent = struct(
  'HvAarch64PendingEvent',
  0x20,
  {
    header: HvAarch64PendingEventHeader,
    event_data: bytes(15),
    _padding: rsvd(u64, 2),
  },
  HVDEF,
);

export const HvAarch64PendingExceptionEvent = struct(
  'HvAarch64PendingExceptionEvent',
  0x18,
  {
    header: HvAarch64PendingEventHeader,
    _padding: rsvd(7),
    syndrome: u64,
    fault_address: u64,
  },
  HVDEF,
);

export const HvAarch64PendingHypercallOutputEventFlags = bits(
  'HvAarch64PendingHypercallOutputEventFlags',
  u8,
  {
    retired: 1,
    reserved: 7,
  },
  undefined,
  HVDEF,
);

export const HvAarch64PendingHypercallOutputEvent = struct(
  'HvAarch64PendingHypercallOutputEvent',
  0x10,
  {
    header: HvAarch64PendingEventHeader,
    flags: HvAarch64PendingHypercallOutputEventFlags,
    reserved: rsvd(u16),
    output_size: u32,
    output_gpa: u64,
  },
  HVDEF,
);
