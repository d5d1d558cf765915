import type { CallRegistry } from '../call-registry.js';
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

/** The calls that a partition has; the machine that it manages, if it is the root partition. */
export function serveAll(calls: CallRegistry, partition: PartitionCore): RootMachine | undefined {
  servePortCalls(calls, partition);
  serveVpRegisters(calls, partition);
  serveRetarget(calls, partition);
  serveMmioCalls(calls, partition);
  serveTlbFlush(calls, partition);
  serveIpi(calls, partition);
  serveExtended(calls, partition);
  return serveRoot(calls, partition);
}
