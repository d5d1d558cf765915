import { hv_features_eax, hv_features_edx, hv_features_edx_arm64 } from '../../abi/hv/cpuid.js';
import { hv_x64_msr } from '../../abi/hv/msr-number.js';
import { hv_synic_limits } from '../../abi/synic/register.js';
import type { Arch } from '../../layout/types.js';
import type { VirtualProcessor } from '../virtual-processor.js';
import type { CrashRegisters } from './crash-registers.js';
import type { HypercallPage } from './hypercall-page.js';
import type { ReferenceTime } from './reference-time.js';

/** A synthetic register. Without `read` or `write` that access faults; `write` is false for a value that does. */
interface Register {
  readonly read?: (vp: VirtualProcessor) => bigint;
  readonly write?: (vp: VirtualProcessor, value: bigint) => boolean;
}

export interface RegisterPorts {
  readonly arch: Arch;
  /** Features EAX and EDX (CPUID 0x40000003): which registers the guest has. */
  readonly features: number;
  readonly misc: number;
  readonly hypercallPage: HypercallPage;
  readonly time: ReferenceTime;
  readonly crash: CrashRegisters;
  readonly tscHz: number;
  readonly apicHz: number;
}

const msr = hv_x64_msr;
const { HV_SYNIC_SINT_COUNT: SINTS, HV_SYNIC_VERSION_1: SYNIC_VERSION } = hv_synic_limits;
const CRASH_PARAMETERS = 5;

/** Synthetic registers by their x64 numbers, which arm64 has other names for. */
export class PartitionRegisters {
  private readonly table = new Map<number, Register>();

  constructor(ports: RegisterPorts) {
    const { features } = ports;
    const has = (bit: number): boolean => (features & bit) !== 0;
    if (has(hv_features_eax.HV_MSR_HYPERCALL_AVAILABLE)) this.addHypercall(ports);
    if (has(hv_features_eax.HV_MSR_VP_INDEX_AVAILABLE))
      this.add(msr.HV_X64_MSR_VP_INDEX, { read: (vp) => BigInt(vp.index) });
    if (has(hv_features_eax.HV_MSR_SYNIC_AVAILABLE)) this.addSynic();
    this.addTime(ports);
    this.addCrash(ports);
    this.add(msr.HV_X64_MSR_VP_ASSIST_PAGE, {
      read: (vp) => vp.assistPage,
      write: (vp, value) => {
        vp.assistPage = value;
        return true;
      },
    });
  }

  /** Undefined when the access faults. */
  read(vp: VirtualProcessor, number: number): bigint | undefined {
    return this.table.get(number)?.read?.(vp);
  }

  /** False when the access faults. */
  write(vp: VirtualProcessor, number: number, value: bigint): boolean {
    return this.table.get(number)?.write?.(vp, BigInt.asUintN(64, value)) ?? false;
  }

  has(number: number): boolean {
    return this.table.has(number);
  }

  isWritable(number: number): boolean {
    return this.table.get(number)?.write !== undefined;
  }

  private add(number: number, register: Register): void {
    this.table.set(number, register);
  }

  private addHypercall({ arch, hypercallPage }: RegisterPorts): void {
    this.add(msr.HV_X64_MSR_GUEST_OS_ID, {
      read: () => hypercallPage.guestOsId,
      write: (_, value) => {
        hypercallPage.guestOsId = value;
        return true;
      },
    });
    if (arch === 'x64')
      this.add(msr.HV_X64_MSR_HYPERCALL, {
        read: () => hypercallPage.page,
        write: (_, value) => hypercallPage.writePage(value),
      });
  }

  private addSynic(): void {
    this.add(msr.HV_X64_MSR_SCONTROL, {
      read: ({ synic }) => synic.scontrol,
      write: ({ synic }, value) => {
        synic.scontrol = value;
        return true;
      },
    });
    this.add(msr.HV_X64_MSR_SVERSION, { read: () => BigInt(SYNIC_VERSION) });
    this.add(msr.HV_X64_MSR_SIEFP, {
      read: ({ synic }) => synic.siefp,
      write: ({ synic }, value) => synic.writeSiefp(value),
    });
    this.add(msr.HV_X64_MSR_SIMP, {
      read: ({ synic }) => synic.simp,
      write: ({ synic }, value) => synic.writeSimp(value),
    });
    this.add(msr.HV_X64_MSR_EOM, {
      read: () => 0n,
      write: ({ synic }) => {
        synic.endOfMessage();
        return true;
      },
    });
    for (let sint = 0; sint < SINTS; sint++)
      this.add(msr.HV_X64_MSR_SINT0 + sint, {
        read: ({ synic }) => synic.readSint(sint),
        write: ({ synic }, value) => synic.writeSint(sint, value),
      });
  }

  private addTime({ arch, features, time, tscHz, apicHz }: RegisterPorts): void {
    if (features & hv_features_eax.HV_MSR_TIME_REF_COUNT_AVAILABLE)
      this.add(msr.HV_X64_MSR_TIME_REF_COUNT, { read: () => time.count });
    if (arch !== 'x64') return;
    if (features & hv_features_eax.HV_MSR_REFERENCE_TSC_AVAILABLE)
      this.add(msr.HV_X64_MSR_REFERENCE_TSC, {
        read: () => time.page,
        write: (_, value) => time.writePage(value),
      });
    if (features & hv_features_eax.HV_ACCESS_FREQUENCY_MSRS) {
      this.add(msr.HV_X64_MSR_TSC_FREQUENCY, { read: () => BigInt(tscHz) });
      this.add(msr.HV_X64_MSR_APIC_FREQUENCY, { read: () => BigInt(apicHz) });
    }
  }

  private addCrash({ arch, misc, crash }: RegisterPorts): void {
    const bit =
      arch === 'x64'
        ? hv_features_edx.HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE
        : hv_features_edx_arm64.HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE;
    if ((misc & bit) === 0) return;
    for (let i = 0; i < CRASH_PARAMETERS; i++)
      this.add(msr.HV_X64_MSR_CRASH_P0 + i, {
        read: () => crash.read(i),
        write: (_, value) => {
          crash.write(i, value);
          return true;
        },
      });
    this.add(msr.HV_X64_MSR_CRASH_CTL, {
      read: () => crash.control,
      write: (vp, value) => {
        crash.writeControl(vp.index, value);
        return true;
      },
    });
  }
}
