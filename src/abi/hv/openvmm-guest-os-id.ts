import { bit, bits } from '../../layout/bits.js';
import { enumeration, u64 } from '../../layout/scalar.js';
import { HVDEF } from '../openvmm-origin.js';

// HV_X64_MSR_GUEST_OS_ID: bit 63 tells which of the two forms it is.

export const HvGuestOsId = bits(
  'HvGuestOsId',
  u64,
  {
    _rsvd: 63,
    is_open_source: 1,
  },
  undefined,
  HVDEF,
);

export const HvGuestOsMicrosoftIds = enumeration('HvGuestOsMicrosoftIds', {
  UNDEFINED: 0,
  MSDOS: 1,
  WINDOWS_3X: 2,
  WINDOWS_9X: 3,
  WINDOWS_NT: 4,
  WINDOWS_CE: 5,
});

export const HvGuestOsOpenSourceType = enumeration('HvGuestOsOpenSourceType', {
  UNDEFINED: 0,
  LINUX: 1,
  FREEBSD: 2,
  XEN: 3,
  ILLUMOS: 4,
});

export const HvGuestOsMicrosoft = bits(
  'HvGuestOsMicrosoft',
  u64,
  {
    _rsvd: 40,
    os_id: bit(8, HvGuestOsMicrosoftIds),
    vendor_id: 16,
  },
  undefined,
  HVDEF,
);

export const HvGuestOsOpenSource = bits(
  'HvGuestOsOpenSource',
  u64,
  {
    build_no: 16,
    version: 32,
    os_id: 8,
    os_type: bit(7, HvGuestOsOpenSourceType),
    is_open_source: 1,
  },
  undefined,
  HVDEF,
);
