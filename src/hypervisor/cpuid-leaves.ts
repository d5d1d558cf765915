import {
  hv_enlightenment_eax,
  hv_features_eax,
  hv_features_ebx,
  hv_features_edx,
  hv_features_edx_arm64,
  hv_isolation_type,
  hyperv_cpuid,
} from '../abi/hv/cpuid.js';
import { hv_device_domain_feature } from '../abi/hv/device-domain.js';
import type { Arch } from '../layout/types.js';
import type { FeatureBits } from './partition-options.js';

/** CPUID 0x400000xx: number and four registers. On arm64 the same words are registers of the VP. */
export interface CpuidLeaf {
  readonly leaf: number;
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

export type CpuidWords = Omit<CpuidLeaf, 'leaf'>;

/** "Microsoft Hv" and "Hv#1" (TLFS, hypervisor discovery). */
const VENDOR = { ebx: 0x7263694d, ecx: 0x666f736f, edx: 0x76482074 };
const INTERFACE = 0x31237648;
/** 10.0.20348: what a guest prints as the host's build. */
const VERSION = { eax: 20348, ebx: 10 << 16, ecx: 0, edx: 1 };
const SPIN_COUNT = 0xfff;
/** Most virtual and logical processors (TLFS, implementation limits). */
const LIMITS = { eax: 240, ebx: 512 };
const ZERO: CpuidWords = { eax: 0, ebx: 0, ecx: 0, edx: 0 };

const X64_FEATURES =
  hv_features_eax.HV_MSR_TIME_REF_COUNT_AVAILABLE |
  hv_features_eax.HV_MSR_SYNIC_AVAILABLE |
  hv_features_eax.HV_MSR_APIC_ACCESS_AVAILABLE |
  hv_features_eax.HV_MSR_HYPERCALL_AVAILABLE |
  hv_features_eax.HV_MSR_VP_INDEX_AVAILABLE |
  hv_features_eax.HV_MSR_REFERENCE_TSC_AVAILABLE |
  hv_features_eax.HV_ACCESS_FREQUENCY_MSRS;
const ARM64_FEATURES =
  hv_features_eax.HV_MSR_SYNIC_AVAILABLE |
  hv_features_eax.HV_MSR_HYPERCALL_AVAILABLE |
  hv_features_eax.HV_MSR_VP_INDEX_AVAILABLE;
const PRIVILEGES = hv_features_ebx.HV_POST_MESSAGES | hv_features_ebx.HV_SIGNAL_EVENTS;
const ROOT_PRIVILEGES =
  hv_features_ebx.HV_CREATE_PARTITIONS |
  hv_features_ebx.HV_ACCESS_PARTITION_ID |
  hv_features_ebx.HV_ACCESS_MEMORY_POOL |
  hv_features_ebx.HV_ADJUST_MESSAGE_BUFFERS |
  hv_features_ebx.HV_CPU_MANAGEMENT;
const X64_MISC =
  hv_features_edx.HV_FEATURE_FREQUENCY_MSRS_AVAILABLE | hv_features_edx.HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE;

/** What decides the leaves. */
export interface LeafSetting {
  readonly arch: Arch;
  readonly isRoot: boolean;
  readonly isConfidential: boolean;
  /** A root partition may make device domains. */
  readonly hasDeviceDomains?: boolean;
  readonly bits: FeatureBits;
}

/** The synthetic leaves of a partition, ascending; those that are not there read as zeros. */
export function cpuidLeavesOf(setting: LeafSetting): CpuidLeaf[] {
  const { arch, isRoot, isConfidential, hasDeviceDomains = false, bits } = setting;
  const x64 = arch === 'x64';
  const last = isConfidential ? hyperv_cpuid.HYPERV_CPUID_ISOLATION_CONFIG : hyperv_cpuid.HYPERV_CPUID_NESTED_FEATURES;
  const leaf = (number: number, words: Partial<CpuidWords>): CpuidLeaf => ({ leaf: number, ...ZERO, ...words });
  const features = {
    eax: (x64 ? X64_FEATURES : ARM64_FEATURES) | (bits.features ?? 0),
    ebx:
      PRIVILEGES |
      (isRoot ? ROOT_PRIVILEGES : 0) |
      (isConfidential ? hv_features_ebx.HV_ISOLATION : 0) |
      (bits.privileges ?? 0),
    edx:
      (x64 ? X64_MISC : hv_features_edx_arm64.HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE) |
      (hasDeviceDomains ? hv_device_domain_feature.HV_DEVICE_DOMAIN_AVAILABLE : 0) |
      (bits.misc ?? 0),
  };
  const hints =
    (x64
      ? hv_enlightenment_eax.HV_X64_RELAXED_TIMING_RECOMMENDED | hv_enlightenment_eax.HV_DEPRECATING_AEOI_RECOMMENDED
      : 0) |
    (isConfidential ? hv_enlightenment_eax.HV_X64_USE_MMIO_HYPERCALLS : 0) |
    (bits.hints ?? 0);
  return [
    leaf(hyperv_cpuid.HYPERV_CPUID_VENDOR_AND_MAX_FUNCTIONS, { eax: last, ...VENDOR }),
    leaf(hyperv_cpuid.HYPERV_CPUID_INTERFACE, { eax: INTERFACE }),
    leaf(hyperv_cpuid.HYPERV_CPUID_VERSION, VERSION),
    leaf(hyperv_cpuid.HYPERV_CPUID_FEATURES, {
      eax: features.eax >>> 0,
      ebx: features.ebx >>> 0,
      edx: features.edx >>> 0,
    }),
    leaf(hyperv_cpuid.HYPERV_CPUID_ENLIGHTMENT_INFO, { eax: hints >>> 0, ebx: x64 ? SPIN_COUNT : 0 }),
    leaf(hyperv_cpuid.HYPERV_CPUID_IMPLEMENT_LIMITS, LIMITS),
    leaf(HARDWARE_FEATURES, {}),
    ...(isConfidential
      ? [leaf(hyperv_cpuid.HYPERV_CPUID_ISOLATION_CONFIG, { ebx: hv_isolation_type.HV_ISOLATION_TYPE_VBS })]
      : []),
  ];
}

/** 0x40000006 has no name in Linux (TLFS, hardware features). */
const HARDWARE_FEATURES = 0x40000006;
