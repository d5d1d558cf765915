import { hv_enlightenment_eax, hv_features_edx } from '../../abi/hv/cpuid.js';
import type { FeatureBits } from '../../hypervisor/partition-options.js';
import type { ScenarioName } from './scenario-names.js';

/** A function of a virtual PCI bus. */
export interface FunctionPlan {
  readonly dev: number;
  readonly func: number;
  readonly serial: number;
  /** NVMe with MSI-X, NVMe with plain MSI of several messages, or registers in a BAR and nothing else. */
  readonly device: 'nvme-msix' | 'nvme-msi' | 'registers';
  readonly numaNode: number;
}

export interface BusPlan {
  readonly instanceId: string;
  readonly functions: readonly FunctionPlan[];
}

/** What the host offers a guest; what the guest does with it is the guest's choice. */
export interface Scenario {
  readonly about: string;
  readonly buses: readonly BusPlan[];
  /** major << 16 | minor. */
  readonly vmbusMax: number;
  readonly vpciMax: number;
  /** From one VP index to the next. */
  readonly vpStride: number;
  readonly isRoot: boolean;
  /** Bits that its feature leaves have besides the usual ones. */
  readonly bits: FeatureBits;
}

const FIRST_BUS = '8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18';
/** Its logical device id has the top bit set, which an int would widen with its sign. */
const SECOND_BUS = 'd10f63e9-a84b-42c7-9b36-05e8f2a7c341';

const disk = (func: number, serial: number, device: FunctionPlan['device'], numaNode = 0): FunctionPlan => ({
  dev: 0,
  func,
  serial,
  device,
  numaNode,
});

const ONE_DISK: readonly BusPlan[] = [{ instanceId: FIRST_BUS, functions: [disk(0, 0x1000, 'nvme-msix')] }];
const TWO_BUSES: readonly BusPlan[] = [
  { instanceId: FIRST_BUS, functions: [disk(0, 0x1000, 'nvme-msix'), disk(1, 0x1001, 'nvme-msi', 1)] },
  { instanceId: SECOND_BUS, functions: [disk(0, 0x2000, 'nvme-msix')] },
];

const { HV_X64_REMOTE_TLB_FLUSH_RECOMMENDED, HV_X64_CLUSTER_IPI_RECOMMENDED, HV_X64_EX_PROCESSOR_MASKS_RECOMMENDED } =
  hv_enlightenment_eax;
const FLUSH_BY_CALL: FeatureBits = {
  hints: HV_X64_REMOTE_TLB_FLUSH_RECOMMENDED | HV_X64_CLUSTER_IPI_RECOMMENDED,
  misc: hv_features_edx.HV_X64_HYPERCALL_XMM_INPUT_AVAILABLE,
};
const BOOT: Scenario = {
  about: 'one bus with an NVMe disk: MSI-X, newest protocols',
  buses: ONE_DISK,
  vmbusMax: 0x0005_0003,
  vpciMax: 0x0001_0004,
  vpStride: 1,
  isRoot: false,
  bits: {},
};

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  boot: BOOT,
  old: { ...BOOT, about: 'as boot, but VMBus 4.0 and vPCI 1.1', vmbusMax: 0x0004_0000, vpciMax: 0x0001_0001 },
  v12: { ...BOOT, about: 'as boot, but vPCI 1.2', vpciMax: 0x0001_0002 },
  multi: {
    ...BOOT,
    about: 'two buses, the first with two functions: MSI-X, and MSI with several messages',
    buses: TWO_BUSES,
  },
  eject: {
    ...BOOT,
    about: 'one bus with two functions, for a guest that asks for ejects and returns',
    buses: TWO_BUSES.slice(0, 1),
  },
  unload: { ...BOOT, about: 'as boot, for a guest that unloads its drivers' },
  mmiocall: {
    ...BOOT,
    about: 'configuration space through hypercalls 0x106 and 0x107',
    bits: { hints: hv_enlightenment_eax.HV_X64_USE_MMIO_HYPERCALLS },
  },
  tlb: {
    ...BOOT,
    about: 'remote TLB flushes and cluster IPIs through hypercalls',
    bits: FLUSH_BY_CALL,
  },
  sparse: {
    ...BOOT,
    about: 'VP indices far apart, and every call with sparse VP sets',
    vpStride: 130,
    bits: { ...FLUSH_BY_CALL, hints: (FLUSH_BY_CALL.hints ?? 0) | HV_X64_EX_PROCESSOR_MASKS_RECOMMENDED },
  },
  root: {
    ...BOOT,
    about: 'Linux as root partition, on the devices of the monitor',
    buses: [],
    isRoot: true,
  },
};

/** VP indices of `vcpus` processors, the monitor's processor n being the n-th; at most 4,095, the last that a sparse set names. */
export function vpIndices(scenario: Scenario, vcpus: number): number[] {
  const most = vcpus > 1 ? Math.floor(LAST_VP / (vcpus - 1)) : LAST_VP;
  const stride = Math.max(1, Math.min(scenario.vpStride, most));
  return Array.from({ length: vcpus }, (_, n) => n * stride);
}

const LAST_VP = 4095;
