import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import type { CallPort } from './call-port.js';
import { attachToDomain, attachToPartition, detachFromDomain, detachFromPartition } from './domain-calls.js';
import type { IommuDevice } from './iommu-device.js';
import type { IommuDomain } from './iommu-domain.js';

/**
 * `move`: an attach takes a device out of its old domain, only a partition's device is detached first; `always`: every attach
 * detaches first, as the series did up to its third version (IOMMU-32).
 */
export type DetachPolicy = 'move' | 'always';

export interface AttachRules {
  readonly port: CallPort;
  readonly flavour: 'root' | 'l1vh';
  readonly detachPolicy: DetachPolicy;
  /**
   * A device whose requests carry a bridge's address: refused (LDID-08), or attached by that address as the captured driver does.
   * Then one attachment is that of all behind the bridge, and whoever is moved or detached takes the others along unseen.
   */
  readonly aliases: 'attach' | 'refuse';
}

/**
 * Gives a device another domain. What the failure of any step leaves behind is IOMMU-36. A device that the core has let go of, but
 * the hypervisor has not, leaves its holder first; it is not given back there.
 */
export function attachDevice(domain: IommuDomain, device: IommuDevice, rules: AttachRules): Outcome {
  const { log } = rules.port.machine;
  if (!device.isPci) return failure('EINVAL');
  if (device.aliased && rules.aliases === 'refuse') return failure('EOPNOTSUPP');
  if (rules.flavour === 'l1vh' && domain.kind === 'paging') return failure('EINVAL');
  if ((domain.kind === 'paging' || domain.kind === 'direct') && domain.state !== 'live' && domain.state !== 'busy')
    return failure('EINVAL');
  const believed = device.domain;
  if (believed === domain && device.holder === domain) return DONE;
  const old = believed ?? device.holder;
  const detachFirst = old !== undefined && mustDetach(old, domain, rules);
  if (detachFirst) {
    const detached = detachDevice(device, rules);
    if (!detached.ok) return detached;
  }
  const outcome = enter(domain, device, rules);
  if (outcome.ok) return settle(domain, device);
  if (!detachFirst) return outcome;
  if (believed !== undefined && enter(believed, device, rules).ok) settle(believed, device);
  else log({ level: 'error', code: 'iommu-device-without-domain', fields: { device: device.name, domain: domain.id } });
  return outcome;
}

/**
 * Takes a device out of its domain, or out of the one that still counts it. The books change when the hypervisor has said that it
 * did (IOMMU-39).
 */
export function detachDevice(device: IommuDevice, rules: AttachRules): Outcome {
  const domain = device.domain ?? device.holder;
  if (!device.isPci || domain === undefined) return DONE;
  if (!domain.devices.has(device)) {
    const fields = { device: device.name, domain: domain.id };
    rules.port.machine.log({ level: 'warn', code: 'iommu-detach-not-attached', fields });
  }
  const outcome = leave(domain, device, rules);
  if (!outcome.ok) return outcome;
  domain.devices.delete(device);
  if (device.holder === domain) device.holder = undefined;
  device.domain = undefined;
  return DONE;
}

/** A partition of its own kind keeps no domains: identity and blocked are only noted there (IOMMU-31). */
function isNoted(domain: IommuDomain, rules: AttachRules): boolean {
  return rules.flavour === 'l1vh' && domain.kind !== 'direct';
}

function mustDetach(old: IommuDomain, next: IommuDomain, rules: AttachRules): boolean {
  if (old.kind === 'direct') return true;
  if (isNoted(old, rules)) return false;
  return rules.detachPolicy === 'always' || next.kind === 'direct';
}

function enter(domain: IommuDomain, device: IommuDevice, rules: AttachRules): Outcome {
  if (isNoted(domain, rules)) return DONE;
  if (domain.kind === 'direct') return attachToPartition(rules.port, domain.targetPartition, device);
  return attachToDomain(rules.port, domain.id, device);
}

function leave(domain: IommuDomain, device: IommuDevice, rules: AttachRules): Outcome {
  if (isNoted(domain, rules)) return DONE;
  if (domain.kind === 'direct') return detachFromPartition(rules.port, domain.targetPartition, device);
  return detachFromDomain(rules.port, device);
}

function settle(domain: IommuDomain, device: IommuDevice): Outcome {
  device.holder?.devices.delete(device);
  domain.devices.add(device);
  device.holder = domain;
  device.domain = domain;
  return DONE;
}
