import { bits } from '../../layout/bits.js';
import { enumeration, i64, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVGDK_MINI, TLFS } from '../origin.js';
import { HvGuestOsOpenSource } from './openvmm-guest-os-id.js';

// Values of synthetic registers. include/hyperv/hvgdk_mini.h.

export const hv_msr_value = enumeration('hv_msr_value', {
  HV_X64_MSR_HYPERCALL_ENABLE: 0x1,
  HV_X64_MSR_HYPERCALL_PAGE_ADDRESS_SHIFT: 0xc,
  HV_X64_MSR_HYPERCALL_PAGE_ADDRESS_MASK: 0xfffffffffffff000n,
  HV_X64_MSR_VP_ASSIST_PAGE_ENABLE: 0x1,
  HV_X64_MSR_VP_ASSIST_PAGE_ADDRESS_SHIFT: 0xc,
  HV_X64_MSR_VP_ASSIST_PAGE_ADDRESS_MASK: 0xfffffffffffff000n,
  HV_X64_MSR_TSC_REFERENCE_ENABLE: 0x1,
  HV_X64_MSR_TSC_REFERENCE_ADDRESS_SHIFT: 0xc,
  HV_X64_MSR_CRASH_PARAMS: 0x5,
  HV_CRASH_CTL_CRASH_NOTIFY_MSG: 0x4000000000000000n,
  HV_CRASH_CTL_CRASH_NOTIFY: 0x8000000000000000n,
  HV_EXPOSE_INVARIANT_TSC: 0x1,
  HV_LINUX_VENDOR_ID: 0x8100,
});

export const hv_x64_msr_hypercall_contents = bits(
  'hv_x64_msr_hypercall_contents',
  u64,
  { enable: 1, reserved: 11, guest_physical_address: 52 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_reference_tsc_msr = bits(
  'hv_reference_tsc_msr',
  u64,
  { enable: 1, reserved: 11, pfn: 52 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_vp_assist_msr_contents = bits(
  'hv_vp_assist_msr_contents',
  u64,
  { enable: 1, reserved: 11, pfn: 52 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_reenlightenment_control = bits(
  'hv_reenlightenment_control',
  u64,
  { vector: 8, reserved1: 8, enabled: 1, reserved2: 15, target_vp: 32 },
  {},
  HVGDK_MINI,
);

export const hv_tsc_emulation_control = bits(
  'hv_tsc_emulation_control',
  u64,
  { enabled: 1, reserved: 63 },
  {},
  HVGDK_MINI,
);

export const hv_tsc_emulation_status = bits(
  'hv_tsc_emulation_status',
  u64,
  { inprogress: 1, reserved: 63 },
  {},
  HVGDK_MINI,
);

export const ms_hyperv_tsc_page = struct(
  'ms_hyperv_tsc_page',
  0x18,
  { tsc_sequence: u32, reserved1: rsvd(u32), tsc_scale: u64, tsc_offset: i64 },
  HVGDK_MINI,
);

export const hv_hypervisor_version_info = union(
  'hv_hypervisor_version_info',
  0x10,
  {
    version: anon(
      struct({
        build_number: u32,
        bits_version: anon(bits(u32, { minor_version: 16, major_version: 16 })),
        service_pack: u32,
        bits_service: anon(bits(u32, { service_number: 24, service_branch: 8 })),
      }),
    ),
    registers: anon(struct({ eax: u32, ebx: u32, ecx: u32, edx: u32 })),
  },
  { otherwise: 'version' },
  HVGDK_MINI,
);

/** HV_X64_MSR_GUEST_OS_ID. The open-source form is the one of include/asm-generic/mshyperv.h, the other that of the TLFS. */
export const hv_guest_os_id = union(
  'hv_guest_os_id',
  8,
  {
    open_source: HvGuestOsOpenSource,
    proprietary: bits(u64, {
      build_number: 16,
      service_version: 8,
      minor_version: 8,
      major_version: 8,
      os_id: 8,
      vendor_id: 16,
    }),
  },
  { by: 'open_source.is_open_source', of: { 0: 'proprietary', 1: 'open_source' } },
  TLFS,
);
