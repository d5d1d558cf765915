import type { CallRegistry } from '../call-registry.js';
import { serveRootMemory } from '../calls/root-memory.js';
import type { PartitionCore } from '../partition-core.js';
import { PageAccounts } from '../root/page-account.js';
import { DeviceDma } from './device-dma.js';
import { DeviceDomains } from './device-domains.js';
import { serveDirect } from './direct-calls.js';
import { serveDomains } from './domain-calls.js';
import { serveChecked } from './fail-points.js';
import { serveFlushes } from './flush-calls.js';
import type { IommuOptions } from './iommu-options.js';
import { serveMaps } from './map-calls.js';
import { serveQueries } from './query-calls.js';

/** A partition's side of the IOMMU. */
export interface PartitionIommu {
  readonly domains: DeviceDomains;
  readonly dma: DeviceDma;
}

/**
 * Serves the calls of device domains: those of the second stage for a root partition, those of the first for another, direct
 * attachment where partitions are named for it. `accounts` holds what the partition has deposited; a root inside a
 * partition gets deposits of its own. The calls that only the series of 2021 had (0xC6 to 0xC8) are not among them: the answer
 * to the first was never published, and the header of the second is not certain. Throws HypervisorError for a width that no
 * second-level map has, and for calls served already.
 */
export function serveDeviceDomains(
  calls: CallRegistry,
  core: PartitionCore,
  options: IommuOptions,
  accounts: PageAccounts = new PageAccounts(),
): PartitionIommu {
  const { partitionId } = core;
  const isL1vh = options.isL1vh === true;
  const hasDomains = !isL1vh || options.hasL1vhDomains === true;
  // The second stage is a root's, wherever that runs.
  const isRoot = hasDomains && (core.isRoot || isL1vh);
  if (isL1vh && !core.isRoot) {
    accounts.open(partitionId);
    serveRootMemory(calls, core, { accounts });
  }
  const domains = new DeviceDomains({ partitionId, isRoot }, options, accounts);
  const serve = serveChecked(calls, options);
  serveQueries(serve, domains, core);
  if (hasDomains) {
    serveDomains(serve, domains, core, isRoot);
    serveFlushes(calls, serve, domains, core);
    if (isRoot) serveMaps(calls, domains, core);
  }
  if (isRoot || isL1vh) serveDirect(serve, domains);
  return { domains, dma: new DeviceDma(domains, core.memory) };
}
