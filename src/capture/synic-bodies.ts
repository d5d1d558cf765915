import { hv_arm64_memory_intercept_message } from '../abi/synic/intercept-arm64.js';
import { hv_x64_memory_intercept_message } from '../abi/synic/intercept-x64.js';
import { hv_message_type } from '../abi/synic/message.js';
import {
  hv_async_completion_message_payload,
  hv_opaque_intercept_message,
  hv_timer_message_payload,
  hv_vp_signal_bitset_scheduler_message,
  hv_vp_signal_pair_scheduler_message,
  hv_x64_apic_eoi_message,
} from '../abi/synic/payload.js';
import type { Layout } from '../layout/group.js';
import type { Arch } from '../layout/types.js';

/** Payload struct of a hypervisor message (include/hyperv/hvhdk.h, hvgdk_mini.h); undefined where none is declared. */
export function bodyOfSynicMessage(type: number, arch: Arch): Layout | undefined {
  switch (type) {
    case hv_message_type.HVMSG_TIMER_EXPIRED:
      return hv_timer_message_payload;
    case hv_message_type.HVMSG_UNMAPPED_GPA:
    case hv_message_type.HVMSG_GPA_INTERCEPT:
      return arch === 'arm64' ? hv_arm64_memory_intercept_message : hv_x64_memory_intercept_message;
    case hv_message_type.HVMSG_OPAQUE_INTERCEPT:
      return hv_opaque_intercept_message;
    case hv_message_type.HVMSG_ASYNC_CALL_COMPLETION:
      return hv_async_completion_message_payload;
    case hv_message_type.HVMSG_SCHEDULER_VP_SIGNAL_BITSET:
      return hv_vp_signal_bitset_scheduler_message;
    case hv_message_type.HVMSG_SCHEDULER_VP_SIGNAL_PAIR:
      return hv_vp_signal_pair_scheduler_message;
    case hv_message_type.HVMSG_X64_APIC_EOI:
      return hv_x64_apic_eoi_message;
    default:
      return undefined;
  }
}
