import { perArch } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { bytes, enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVHDK } from '../origin.js';
import {
  hv_u128,
  hv_x64_interrupt_state_register,
  hv_x64_pending_interruption_register,
  hv_x64_segment_register,
} from './register-bits.js';

// The register page that a VMM shares with the hypervisor. include/hyperv/hvhdk.h.

export const hv_vp_register_page_version = enumeration('hv_vp_register_page_version', {
  HV_VP_REGISTER_PAGE_VERSION_1: 1,
});

export const hv_x64_register_class = enumeration('hv_x64_register_class', {
  HV_X64_REGISTER_CLASS_GENERAL: 0,
  HV_X64_REGISTER_CLASS_IP: 1,
  HV_X64_REGISTER_CLASS_XMM: 2,
  HV_X64_REGISTER_CLASS_SEGMENT: 3,
  HV_X64_REGISTER_CLASS_FLAGS: 4,
});

export const hv_vp_register_page_interrupt_vectors = union(
  'hv_vp_register_page_interrupt_vectors',
  0x8,
  { as_uint64: u64, vectors: anon(struct({ vector_count: u8, vector: bytes(7) })) },
  { otherwise: 'vectors' },
  HVHDK,
);

export const hv_vp_register_page = perArch({
  x64: struct(
    'hv_vp_register_page',
    0x2b8,
    {
      version: u16,
      isvalid: u8,
      rsvdz: rsvd(1),
      dirty: u32,
      general: anon(
        union(
          {
            named: anon(
              struct({
                gp: anon(
                  union(
                    {
                      named: anon(
                        struct({
                          rax: u64,
                          rcx: u64,
                          rdx: u64,
                          rbx: u64,
                          rsp: u64,
                          rbp: u64,
                          rsi: u64,
                          rdi: u64,
                          r8: u64,
                          r9: u64,
                          r10: u64,
                          r11: u64,
                          r12: u64,
                          r13: u64,
                          r14: u64,
                          r15: u64,
                        }),
                      ),
                      gp_registers: array(u64, 16),
                    },
                    { otherwise: 'named' },
                  ),
                ),
                rip: u64,
                rflags: u64,
              }),
            ),
            registers: array(u64, 18),
          },
          { otherwise: 'named' },
        ),
      ),
      reserved: rsvd(8),
      xmm: anon(
        union(
          {
            named: anon(
              struct({ xmm0: hv_u128, xmm1: hv_u128, xmm2: hv_u128, xmm3: hv_u128, xmm4: hv_u128, xmm5: hv_u128 }),
            ),
            xmm_registers: array(hv_u128, 6),
          },
          { otherwise: 'named' },
        ),
      ),
      segments: anon(
        union(
          {
            named: anon(
              struct({
                es: hv_x64_segment_register,
                cs: hv_x64_segment_register,
                ss: hv_x64_segment_register,
                ds: hv_x64_segment_register,
                fs: hv_x64_segment_register,
                gs: hv_x64_segment_register,
              }),
            ),
            segment_registers: array(hv_x64_segment_register, 6),
          },
          { otherwise: 'named' },
        ),
      ),
      cr0: u64,
      cr3: u64,
      cr4: u64,
      cr8: u64,
      efer: u64,
      dr7: u64,
      pending_interruption: hv_x64_pending_interruption_register,
      interrupt_state: hv_x64_interrupt_state_register,
      instruction_emulation_hints: u64,
      xfem: u64,
      reserved1: rsvd(256),
      interrupt_vectors: hv_vp_register_page_interrupt_vectors,
    },
    HVHDK,
  ),
  arm64: struct('hv_vp_register_page', 0x8, { version: u16, isvalid: u8, rsvdz: rsvd(1), dirty: u32 }, HVHDK),
});
