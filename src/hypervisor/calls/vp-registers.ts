import { hyperv_cpuid } from '../../abi/hv/cpuid.js';
import { hv_register_name } from '../../abi/hv/register-name.js';
import { hv_status } from '../../abi/hv/status.js';
import { hv_input_get_vp_registers } from '../../abi/hv/vp-registers.js';
import { HVCALL_GET_VP_REGISTERS, HVCALL_SET_VP_REGISTERS } from '../../abi/hypercalls/vp.js';
import { hexNumber } from '../../bytes/hex.js';
import { decode } from '../../layout/codec.js';
import type { CallHandler, GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import type { CpuidWords } from '../cpuid-leaves.js';
import type { PartitionCore } from '../partition-core.js';
import { msrOfRegister } from '../registers/register-names.js';
import type { VirtualProcessor } from '../virtual-processor.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_ACCESS_DENIED: ACCESS_DENIED,
  HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID,
  HV_STATUS_INVALID_VP_INDEX: INVALID_VP_INDEX,
  HV_STATUS_INVALID_REGISTER_VALUE: INVALID_REGISTER_VALUE,
} = hv_status;

/** The VP that makes the call (HV_VP_INDEX_SELF of the TLFS). */
const VP_INDEX_SELF = 0xfffffffe;
const HEADER = hv_input_get_vp_registers.size;
const NAME_BYTES = 4;
const VALUE_BYTES = 16;
/** hv_register_assoc: the name, and the value from here on. */
const ASSOC_BYTES = 32;
const ASSOC_VALUE = 16;

type Words = readonly [number, number, number, number];
const plain = ({ eax, ebx, ecx, edx }: CpuidWords): Words => [eax, ebx, ecx, edx];
/** Registers that hold a CPUID leaf; of the features one the guest reads the third word as EDX (hyperv_init, arch/arm64). */
const LEAVES: ReadonlyMap<number, { readonly leaf: number; readonly words: (leaf: CpuidWords) => Words }> = new Map([
  [hv_register_name.HV_REGISTER_HYPERVISOR_VERSION, { leaf: hyperv_cpuid.HYPERV_CPUID_VERSION, words: plain }],
  [
    hv_register_name.HV_REGISTER_PRIVILEGES_AND_FEATURES_INFO,
    { leaf: hyperv_cpuid.HYPERV_CPUID_FEATURES, words: ({ eax, ebx, ecx, edx }) => [eax, ebx, edx, ecx] },
  ],
  [hv_register_name.HV_REGISTER_FEATURES_INFO, { leaf: hyperv_cpuid.HYPERV_CPUID_ENLIGHTMENT_INFO, words: plain }],
  [
    hv_register_name.HV_REGISTER_IMPLEMENTATION_LIMITS_INFO,
    { leaf: hyperv_cpuid.HYPERV_CPUID_IMPLEMENT_LIMITS, words: plain },
  ],
  [hv_register_name.HV_REGISTER_HARDWARE_FEATURES_INFO, { leaf: 0x40000006, words: plain }],
]);

/** HVCALL_GET_VP_REGISTERS and HVCALL_SET_VP_REGISTERS: synthetic registers only, which is all that a guest has of its VPs. */
export function serveVpRegisters(calls: CallRegistry, partition: PartitionCore): void {
  calls.serve(HVCALL_GET_VP_REGISTERS, readAll(partition));
  calls.serve(HVCALL_SET_VP_REGISTERS, writeAll(partition));
}

function readAll(partition: PartitionCore): CallHandler {
  return (call) => {
    const vp = targetOf(partition, call);
    if (typeof vp === 'number') return vp;
    for (let rep = call.repStart; rep < call.repEnd; rep++) {
      const name = call.input.getUint32(call.listAt + rep * NAME_BYTES, true);
      const status = readOne(partition, vp, name, call.output, rep * VALUE_BYTES);
      call.done = rep;
      if (status !== SUCCESS) return status;
    }
    call.done = call.repEnd;
    return SUCCESS;
  };
}

function readOne(partition: PartitionCore, vp: VirtualProcessor, name: number, output: DataView, at: number): number {
  const info = LEAVES.get(name);
  if (info !== undefined) {
    const words = info.words(partition.cpuid(info.leaf));
    for (const [i, word] of words.entries()) output.setUint32(at + 4 * i, word, true);
    return SUCCESS;
  }
  const msr = msrOfRegister(name);
  if (msr === undefined) return unknownStatus(partition, name);
  const value = partition.registers.read(vp, msr);
  record(partition, 'rdmsr', vp.index, msr, value);
  if (value === undefined) return INVALID_PARAMETER;
  output.setBigUint64(at, value, true);
  return SUCCESS;
}

function writeAll(partition: PartitionCore): CallHandler {
  return (call) => {
    const vp = targetOf(partition, call);
    if (typeof vp === 'number') return vp;
    for (let rep = call.repStart; rep < call.repEnd; rep++) {
      const at = call.listAt + rep * ASSOC_BYTES;
      const status = writeOne(
        partition,
        vp,
        call.input.getUint32(at, true),
        call.input.getBigUint64(at + ASSOC_VALUE, true),
      );
      call.done = rep;
      if (status !== SUCCESS) return status;
    }
    call.done = call.repEnd;
    return SUCCESS;
  };
}

function writeOne(partition: PartitionCore, vp: VirtualProcessor, name: number, value: bigint): number {
  if (LEAVES.has(name)) return ACCESS_DENIED;
  const msr = msrOfRegister(name);
  if (msr === undefined) return unknownStatus(partition, name);
  const { registers } = partition;
  if (!registers.has(msr)) return INVALID_PARAMETER;
  if (!registers.isWritable(msr)) return ACCESS_DENIED;
  record(partition, 'wrmsr', vp.index, msr, value);
  return registers.write(vp, msr, value) ? SUCCESS : INVALID_REGISTER_VALUE;
}

/** The page of intercept state belongs to x64: its name is known on arm64, and refused. */
function unknownStatus({ arch }: PartitionCore, name: number): number {
  return arch === 'arm64' && name === hv_register_name.HV_X64_REGISTER_REG_PAGE ? ACCESS_DENIED : INVALID_PARAMETER;
}

/** The VP that is meant, or the status of a call that names none. */
function targetOf(partition: PartitionCore, { input, vp }: GuestCall): VirtualProcessor | number {
  const { partition_id, vp_index, input_vtl } = decode(
    hv_input_get_vp_registers,
    new Uint8Array(input.buffer, 0, HEADER),
  );
  if (!partition.isSelf(partition_id)) return INVALID_PARTITION_ID;
  // There is one trust level: 0.
  if (input_vtl.target_vtl !== 0 || (input.getUint8(HEADER - 4) & 0xe0) !== 0) return INVALID_PARAMETER;
  return partition.vp(vp_index === VP_INDEX_SELF ? vp : vp_index) ?? INVALID_VP_INDEX;
}

function record(
  { trace, isTraced }: PartitionCore,
  k: string,
  vp: number,
  msr: number,
  value: bigint | undefined,
): void {
  if (!isTraced) return;
  trace.event({ k, vp, msr: hexNumber(msr), ...(value === undefined ? {} : { value: hexNumber(value) }) });
}
