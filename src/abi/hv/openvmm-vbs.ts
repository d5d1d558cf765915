import { bits } from '../../layout/bits.js';
import { bytes, rsvd, u32 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';

// Attestation reports of VBS-isolated partitions.

export const VbsVmCallReport = struct(
  'VbsVmCallReport',
  0x40,
  {
    report_data: bytes(64),
  },
  HVDEF,
);

export const VbsVmCallReportOutput = struct(
  'VbsVmCallReportOutput',
  0x800,
  {
    report: bytes(2048),
  },
  HVDEF,
);

export const VbsReportPackageHeader = struct(
  'VbsReportPackageHeader',
  0x14,
  {
    package_size: u32,
    version: u32,
    signature_scheme: u32,
    signature_size: u32,
    _reserved: rsvd(u32),
  },
  HVDEF,
);

export const VtlBitMap = bits(
  'VtlBitMap',
  u32,
  {
    vtl0: 1,
    vtl1: 1,
    vtl2: 1,
    _reserved: 29,
  },
  undefined,
  HVDEF,
);

export const SecurityAttributes = bits(
  'SecurityAttributes',
  u32,
  {
    debug_allowed: 1,
    _reserved: 31,
  },
  undefined,
  HVDEF,
);

export const VbsVmIdentity = struct(
  'VbsVmIdentity',
  0xd8,
  {
    owner_id: bytes(32),
    measurement: bytes(32),
    signer: bytes(32),
    host_data: bytes(32),
    enabled_vtl: VtlBitMap,
    policy: SecurityAttributes,
    guest_vtl: u32,
    guest_svn: u32,
    guest_product_id: u32,
    guest_module_id: u32,
    _reserved: rsvd(64),
  },
  HVDEF,
);

/** What the report of a call holds. */
export const VbsReport = struct(
  'VbsReport',
  0x230,
  {
    header: VbsReportPackageHeader,
    version: u32,
    report_data: bytes(64),
    identity: VbsVmIdentity,
    signature: bytes(256),
  },
  HVDEF,
);
