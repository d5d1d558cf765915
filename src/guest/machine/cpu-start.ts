import { hv_x64_msr } from '../../abi/hv/msr-number.js';
import { hv_register_name } from '../../abi/hv/register-name.js';
import { hv_synic_scontrol, hv_synic_siefp, hv_synic_simp, hv_synic_sint } from '../../abi/synic/register.js';
import { vmbus_connection } from '../../abi/vmbus/version.js';
import { viewOf } from '../../bytes/span.js';
import { decode, encode } from '../../layout/codec.js';
import type { CpuGate } from '../../ports/cpu-gate.js';
import { type CpuRegisters, readVpRegister, writeVpRegister } from './cpu-registers.js';

// What Linux 6.12 writes and reads as it starts on Hyper-V, in its order: arch/x86/hyperv/hv_init.c,
// arch/arm64/hyperv/mshyperv.c, drivers/hv/hv.c, and the recorded starts in fixtures/captures/conversation-*.jsonl.

/** Pages that the first CPU gives to the hypervisor for all. */
export interface PartitionPages {
  readonly hypercallPfn: number;
  readonly tscPfn: number;
}

/** Pages of one CPU. */
export interface CpuPages {
  readonly messagePfn: number;
  readonly eventPfn: number;
  readonly assistPfn: number;
}

const ENABLE = 1n;
const atPage = (pfn: number): bigint => (BigInt(pfn) << 12n) | ENABLE;

/** The partition's registers, on the first CPU. False when the hypervisor takes no guest OS id. */
export function startPartition(arch: 'x64' | 'arm64', gate: CpuGate, osId: bigint, pages: PartitionPages): boolean {
  if (arch === 'arm64') {
    const took = writeVpRegister(gate, hv_register_name.HV_REGISTER_GUEST_OS_ID, osId);
    for (const name of [
      hv_register_name.HV_REGISTER_PRIVILEGES_AND_FEATURES_INFO,
      hv_register_name.HV_REGISTER_FEATURES_INFO,
      hv_register_name.HV_REGISTER_HYPERVISOR_VERSION,
      hv_register_name.HV_REGISTER_GUEST_CRASH_CTL,
    ])
      readVpRegister(gate, name);
    return took;
  }
  const msr = hv_x64_msr;
  gate.rdmsr(msr.HV_X64_MSR_APIC_FREQUENCY);
  gate.rdmsr(msr.HV_X64_MSR_REFERENCE_TSC);
  gate.wrmsr(msr.HV_X64_MSR_REFERENCE_TSC, atPage(pages.tscPfn));
  gate.rdmsr(msr.HV_X64_MSR_TSC_FREQUENCY);
  gate.rdmsr(msr.HV_X64_MSR_CRASH_CTL);
  return true;
}

/** The rest of the first CPU's part, after its own VP assist page. */
export function enableHypercalls(gate: CpuGate, osId: bigint, pages: PartitionPages): boolean {
  const msr = hv_x64_msr;
  const took = gate.wrmsr(msr.HV_X64_MSR_GUEST_OS_ID, osId);
  gate.rdmsr(msr.HV_X64_MSR_HYPERCALL);
  return gate.wrmsr(msr.HV_X64_MSR_HYPERCALL, atPage(pages.hypercallPfn)) && took;
}

/** The index of the VP that this CPU is, and on x64 its assist page. Undefined where the hypervisor does not say. */
export function startCpu(
  arch: 'x64' | 'arm64',
  gate: CpuGate,
  registers: CpuRegisters,
  pages: CpuPages,
): number | undefined {
  const index = registers.read('HV_MSR_VP_INDEX');
  if (arch === 'x64') gate.wrmsr(hv_x64_msr.HV_X64_MSR_VP_ASSIST_PAGE, atPage(pages.assistPfn));
  return index === undefined ? undefined : Number(index);
}

/** The CPU's SynIC: message page, event page, the VMBus source at `vector`, then all of it on. */
export function startSynic(registers: CpuRegisters, vector: number, pages: CpuPages): void {
  const simp = decode(hv_synic_simp, bytesOfWord(registers.read('HV_MSR_SIMP')));
  registers.write(
    'HV_MSR_SIMP',
    wordOf(encode(hv_synic_simp, { ...simp, simp_enabled: true, base_simp_gpa: BigInt(pages.messagePfn) })),
  );
  const siefp = decode(hv_synic_siefp, bytesOfWord(registers.read('HV_MSR_SIEFP')));
  registers.write(
    'HV_MSR_SIEFP',
    wordOf(encode(hv_synic_siefp, { ...siefp, siefp_enabled: true, base_siefp_gpa: BigInt(pages.eventPfn) })),
  );
  changeSource(registers, { vector, masked: false, auto_eoi: false });
  const control = decode(hv_synic_scontrol, bytesOfWord(registers.read('HV_MSR_SCONTROL')));
  registers.write('HV_MSR_SCONTROL', wordOf(encode(hv_synic_scontrol, { ...control, enable: true })));
}

/** Takes the CPU's SynIC down: the source masked, the pages back, all of it off (hv_synic_disable_regs). */
export function stopSynic(registers: CpuRegisters): void {
  changeSource(registers, { masked: true });
  const simp = decode(hv_synic_simp, bytesOfWord(registers.read('HV_MSR_SIMP')));
  registers.write('HV_MSR_SIMP', wordOf(encode(hv_synic_simp, { ...simp, simp_enabled: false, base_simp_gpa: 0n })));
  const siefp = decode(hv_synic_siefp, bytesOfWord(registers.read('HV_MSR_SIEFP')));
  registers.write(
    'HV_MSR_SIEFP',
    wordOf(encode(hv_synic_siefp, { ...siefp, siefp_enabled: false, base_siefp_gpa: 0n })),
  );
  const control = decode(hv_synic_scontrol, bytesOfWord(registers.read('HV_MSR_SCONTROL')));
  registers.write('HV_MSR_SCONTROL', wordOf(encode(hv_synic_scontrol, { ...control, enable: false })));
}

const SINT = hv_synic_sint.of['linux-7.3'];

function changeSource(
  registers: CpuRegisters,
  change: { vector?: number; masked?: boolean; auto_eoi?: boolean },
): void {
  const source = decode(SINT, bytesOfWord(registers.readSint(vmbus_connection.VMBUS_MESSAGE_SINT)));
  registers.writeSint(vmbus_connection.VMBUS_MESSAGE_SINT, wordOf(encode(SINT, { ...source, ...change })));
}

function bytesOfWord(word: bigint | undefined): Uint8Array {
  const view = viewOf(new Uint8Array(8));
  view.setBigUint64(0, word ?? 0n, true);
  return new Uint8Array(view.buffer);
}

function wordOf(bytes: Uint8Array): bigint {
  return viewOf(bytes).getBigUint64(0, true);
}
