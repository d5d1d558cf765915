import type { CallRegistry } from '../call-registry.js';
import { type PartitionIommu, serveDeviceDomains } from '../iommu/serve-device-domains.js';
import type { PartitionCore } from '../partition-core.js';
import type { RootMachine } from '../root/root-machine.js';
import { serveExtended } from './extended.js';
import { serveIpi } from './ipi.js';
import { serveMmioCalls } from './mmio-calls.js';
import { servePortCalls } from './port-calls.js';
import { serveRetarget } from './retarget.js';
import { serveRoot } from './root-calls.js';
import { serveTlbFlush } from './tlb-flush.js';
import { serveVpRegisters } from './vp-registers.js';

/** What the calls of a partition work on, where it has that. */
export interface Served {
  /** The machine that a root partition manages. */
  readonly machine: RootMachine | undefined;
  readonly iommu: PartitionIommu | undefined;
}

/** Serves the calls that a partition has. */
export function serveAll(calls: CallRegistry, partition: PartitionCore): Served {
  servePortCalls(calls, partition);
  serveVpRegisters(calls, partition);
  serveRetarget(calls, partition);
  serveMmioCalls(calls, partition);
  serveTlbFlush(calls, partition);
  serveIpi(calls, partition);
  serveExtended(calls, partition);
  const machine = serveRoot(calls, partition);
  const { iommu } = partition.options;
  return { machine, iommu: iommu && serveDeviceDomains(calls, partition, iommu, machine?.accounts) };
}
