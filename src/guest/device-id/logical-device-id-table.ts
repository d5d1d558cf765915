import { logicalDeviceId } from '../../hypercall/logical-device-id.js';
import type { LogSink } from '../../ports/log-sink.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';

/** What a producer (virtual PCI) calls; domain numbers and prefixes are all that crosses (LDID-10). */
export interface LogicalDeviceIdRegistration {
  /** EEXIST where the domain has another prefix; the same pair again is no change. */
  registerBus(domain: number, prefix: number): Outcome;
  /** Does nothing for a domain that is not there. */
  unregisterBus(domain: number): void;
}

/** What a consumer (an IOMMU) calls. */
export interface LogicalDeviceIdLookup {
  /** The prefix of a domain; ENODEV where there is none: 0 is a prefix like any other. */
  lookup(domain: number): Outcome<number>;
  /** The id of the function `devfn` (device << 3 | function) of a domain's bus. */
  deviceId(domain: number, devfn: number): Outcome<bigint>;
}

/**
 * Prefixes of logical device ids by PCI domain number: virtual PCI puts them in before it scans a bus, an IOMMU finds them
 * when a device is added (hv_iommu_register_vpci_bus of the pvIOMMU series, 2026). A function's number is known only inside
 * the scan, so that it is no part of what is stored.
 */
export class LogicalDeviceIdTable implements LogicalDeviceIdRegistration, LogicalDeviceIdLookup {
  // One Map operation is one step: whoever looks sees the state before it or behind it (LDID-29).
  private readonly prefixes = new Map<number, number>();
  private readonly log: LogSink;

  constructor(log: LogSink) {
    this.log = log;
  }

  /** Buses that are registered. */
  get size(): number {
    return this.prefixes.size;
  }

  registerBus(domain: number, prefix: number): Outcome {
    const there = this.prefixes.get(domain);
    if (there === prefix) return DONE;
    if (there !== undefined) {
      // Domain numbers come back with other devices; replacing would give one of the two a wrong id in silence.
      this.log({ level: 'error', code: 'logical-device-id-taken', fields: { domain, old: there, new: prefix } });
      return failure('EEXIST');
    }
    this.prefixes.set(domain, prefix);
    return DONE;
  }

  unregisterBus(domain: number): void {
    this.prefixes.delete(domain);
  }

  lookup(domain: number): Outcome<number> {
    const prefix = this.prefixes.get(domain);
    if (prefix !== undefined) return success(prefix);
    this.log({ level: 'error', code: 'logical-device-id-missing', fields: { domain } });
    return failure('ENODEV');
  }

  deviceId(domain: number, devfn: number): Outcome<bigint> {
    const prefix = this.lookup(domain);
    return prefix.ok ? success(logicalDeviceId(prefix.value, devfn & 7)) : prefix;
  }
}

/** The registration of a guest that has no paravirtual IOMMU: nothing is stored and nothing fails (LDID-14). */
export const NO_LOGICAL_DEVICE_IDS: LogicalDeviceIdRegistration = {
  registerBus: () => DONE,
  unregisterBus: () => undefined,
};
