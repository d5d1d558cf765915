import { hv_arm64_memory_intercept_message } from '../abi/synic/intercept-arm64.js';
import { hv_x64_memory_intercept_message } from '../abi/synic/intercept-x64.js';
import { hv_message_type as type } from '../abi/synic/message.js';
import {
  HvArm64HypercallInterceptMessage,
  HvArm64ResetInterceptMessage,
  HvArm64SynicSintDeliverableMessage,
} from '../abi/synic/openvmm-intercepts-arm64.js';
import {
  HvX64CpuidInterceptMessage,
  HvX64ExceptionInterceptMessage,
  HvX64HaltMessage,
  HvX64HypercallInterceptMessage,
  HvX64InterruptionDeliverableMessage,
  HvX64IoPortInterceptMessage,
  HvX64MsrInterceptMessage,
  HvX64SynicSintDeliverableMessage,
} from '../abi/synic/openvmm-intercepts-x64.js';
import {
  HvX64SipiInterceptMessage,
  HvX64UnrecoverableExceptionMessage,
  HvX64VmgexitInterceptMessage,
} from '../abi/synic/openvmm-intercepts-x64-more.js';
import { HvInvalidVpRegisterMessage } from '../abi/synic/openvmm-signals.js';
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

// Payload structs of hypervisor messages: include/hyperv/hvhdk.h and hvgdk_mini.h, beyond those OpenVMM's hvdef. Types whose
// payload no source declares (IOMMU faults, event log buffers, …) have no row, and 0x80010006 is IOMMU page requests to
// Linux and register intercepts to OpenVMM.

const BOTH: readonly (readonly [type: number, layout: Layout])[] = [
  [type.HVMSG_TIMER_EXPIRED, hv_timer_message_payload],
  [type.HVMSG_INVALID_VP_REGISTER_VALUE, HvInvalidVpRegisterMessage],
  [type.HVMSG_OPAQUE_INTERCEPT, hv_opaque_intercept_message],
  [type.HVMSG_ASYNC_CALL_COMPLETION, hv_async_completion_message_payload],
  [type.HVMSG_SCHEDULER_VP_SIGNAL_BITSET, hv_vp_signal_bitset_scheduler_message],
  [type.HVMSG_SCHEDULER_VP_SIGNAL_PAIR, hv_vp_signal_pair_scheduler_message],
];

const BODIES: Readonly<Record<Arch, ReadonlyMap<number, Layout>>> = {
  x64: new Map<number, Layout>([
    ...BOTH,
    [type.HVMSG_UNMAPPED_GPA, hv_x64_memory_intercept_message],
    [type.HVMSG_GPA_INTERCEPT, hv_x64_memory_intercept_message],
    [type.HvMessageTypeUnacceptedGpa, hv_x64_memory_intercept_message],
    [type.HvMessageTypeGpaAttributeIntercept, hv_x64_memory_intercept_message],
    [type.HVMSG_UNRECOVERABLE_EXCEPTION, HvX64UnrecoverableExceptionMessage],
    [type.HVMSG_HYPERCALL_INTERCEPT, HvX64HypercallInterceptMessage],
    [type.HVMSG_SYNIC_SINT_DELIVERABLE, HvX64SynicSintDeliverableMessage],
    [type.HVMSG_X64_IO_PORT_INTERCEPT, HvX64IoPortInterceptMessage],
    [type.HVMSG_X64_MSR_INTERCEPT, HvX64MsrInterceptMessage],
    [type.HVMSG_X64_CPUID_INTERCEPT, HvX64CpuidInterceptMessage],
    [type.HVMSG_X64_EXCEPTION_INTERCEPT, HvX64ExceptionInterceptMessage],
    [type.HVMSG_X64_APIC_EOI, hv_x64_apic_eoi_message],
    [type.HVMSG_X64_HALT, HvX64HaltMessage],
    [type.HVMSG_X64_INTERRUPTION_DELIVERABLE, HvX64InterruptionDeliverableMessage],
    [type.HVMSG_X64_SIPI_INTERCEPT, HvX64SipiInterceptMessage],
    [type.HvMessageTypeX64SevVmgexitIntercept, HvX64VmgexitInterceptMessage],
  ]),
  arm64: new Map<number, Layout>([
    ...BOTH,
    [type.HVMSG_UNMAPPED_GPA, hv_arm64_memory_intercept_message],
    [type.HVMSG_GPA_INTERCEPT, hv_arm64_memory_intercept_message],
    [type.HVMSG_HYPERCALL_INTERCEPT, HvArm64HypercallInterceptMessage],
    [type.HVMSG_SYNIC_SINT_DELIVERABLE, HvArm64SynicSintDeliverableMessage],
    [type.HvMessageTypeArm64ResetIntercept, HvArm64ResetInterceptMessage],
  ]),
};

/** Payload struct of a hypervisor message; undefined where none is declared. */
export function bodyOfSynicMessage(messageType: number, arch: Arch): Layout | undefined {
  return BODIES[arch].get(messageType);
}
