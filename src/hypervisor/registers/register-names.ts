import { hv_x64_msr } from '../../abi/hv/msr-number.js';
import { hv_register_name } from '../../abi/hv/register-name.js';

// The same register has two numbers: the name that HVCALL_GET_VP_REGISTERS takes, and the MSR number of x64, which the records
// of both architectures carry.

const PREFIX = /^HV_REGISTER_(GUEST_)?/;
const msrs: Readonly<Record<string, number>> = hv_x64_msr;

/** The MSR of HV_REGISTER_GUEST_OS_ID is HV_X64_MSR_GUEST_OS_ID, that of HV_REGISTER_GUEST_CRASH_P0 HV_X64_MSR_CRASH_P0. */
function msrOf(name: string): number | undefined {
  return msrs[name.replace('HV_REGISTER_', 'HV_X64_MSR_')] ?? msrs[name.replace(PREFIX, 'HV_X64_MSR_')];
}

const byName = new Map<number, number>();
for (const [name, number] of Object.entries(hv_register_name)) {
  const msr = name.startsWith('HV_REGISTER_') ? msrOf(name) : undefined;
  if (msr !== undefined) byName.set(number, msr);
}

/** MSR number of a VP register; undefined for one that is no synthetic MSR. */
export function msrOfRegister(name: number): number | undefined {
  return byName.get(name);
}
