import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import type { LogicalDeviceIdLookup } from '../device-id/logical-device-id-table.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import { CallPage } from './calls.js';
import { queryCapabilities } from './capabilities.js';
import type { DmaMode } from './dma-mapping.js';
import { DomainCalls } from './domain-calls.js';
import { DomainIds } from './domain-ids.js';
import type { FlushStrategy } from './flush-entries.js';
import { StaticDomain } from './pv-device.js';
import { PvIommu } from './pv-iommu.js';

/** What knows IOMMUs: user space by an entry of sysfs, and the core, which calls back as soon as it knows one. */
export interface IommuCore {
  publish(): Outcome;
  withdraw(): void;
  register(iommu: PvIommu): Outcome;
}

export interface PvIommuOptions {
  /** The guest runs on Hyper-V; false makes no call. */
  readonly onHyperV?: boolean;
  /** The user wants no IOMMU. */
  readonly disabled?: boolean;
  /** Another IOMMU was found before. */
  readonly otherIommu?: boolean;
  readonly flush?: FlushStrategy;
  /** Detach and flush the old domain in front of every attach, as the first Linux series did (PVI-25). */
  readonly detachFirst?: boolean;
  /** What a function gets when it is found; `none` leaves it where the host put it. */
  readonly defaultDomain?: 'paging' | 'identity' | 'blocked' | 'none';
  /** When unmaps of drivers are flushed; `lazy` unless told otherwise. */
  readonly dmaMode?: DmaMode;
  readonly core?: IommuCore;
  /** On which CPU the code runs: that CPU's page carries the calls. */
  readonly onCpu?: () => number;
}

/** The table of ids, with a way to see that nobody is in it yet. */
export type BusIds = LogicalDeviceIdLookup & { readonly size: number };

/**
 * Starts the IOMMU: capabilities, the static domains, then what others can see of it (PVI-07, PVI-08). ENODEV where there is
 * none to use, EBUSY when virtual buses are there already, whose functions would do without (PVI-09).
 */
export function startPvIommu(machine: GuestMachine, ids: BusIds, options: PvIommuOptions = {}): Outcome<PvIommu> {
  const { onHyperV = true, disabled = false, otherIommu = false, core } = options;
  if (disabled || otherIommu || !onHyperV || machine.arch !== 'x64') return failure('ENODEV');
  if (ids.size > 0) {
    machine.log({ level: 'error', code: 'pviommu-too-late', fields: { buses: ids.size } });
    return failure('EBUSY');
  }
  const page = new CallPage(machine, options.onCpu);
  const capabilities = queryCapabilities(page);
  if (!capabilities.ok) return capabilities;
  const calls = new DomainCalls(page);
  const domainIds = new DomainIds();
  const identity = makeStatic(calls, domainIds, 'identity');
  if (!identity.ok) return identity;
  const blocked = makeStatic(calls, domainIds, 'blocked');
  if (!blocked.ok) {
    endStatic(calls, domainIds, identity.value);
    return blocked;
  }
  const source = { calls, ids: domainIds, capabilities: capabilities.value, strategy: options.flush ?? 'single' };
  const { defaultDomain = 'paging', detachFirst = false, dmaMode = 'lazy' } = options;
  const rules = { defaultDomain, detachFirst, dmaMode };
  const iommu = new PvIommu(source, ids, { identity: identity.value, blocked: blocked.value }, rules);
  const known = core === undefined ? DONE : announce(core, iommu);
  if (known.ok) return success(iommu);
  machine.log({ level: 'error', code: 'pviommu-not-registered', fields: { errno: known.errno } });
  endStatic(calls, domainIds, blocked.value);
  endStatic(calls, domainIds, identity.value);
  return known;
}

function announce(core: IommuCore, iommu: PvIommu): Outcome {
  const published = core.publish();
  if (!published.ok) return published;
  const registered = core.register(iommu);
  if (!registered.ok) core.withdraw();
  return registered;
}

function makeStatic(calls: DomainCalls, ids: DomainIds, kind: 'identity' | 'blocked'): Outcome<StaticDomain> {
  const id = ids.take();
  if (id === undefined) return failure('ENOSPC');
  const created = calls.create(id);
  if (!created.ok) {
    ids.give(id);
    return created;
  }
  const configured = calls.configure(id, { kind });
  if (configured.ok) return success(new StaticDomain(kind, id));
  endStatic(calls, ids, { id });
  return configured;
}

/** An id that the hypervisor does not let go of is not used again. */
function endStatic(calls: DomainCalls, ids: DomainIds, { id }: { readonly id: number }): void {
  if (calls.remove(id).ok) ids.give(id);
}
