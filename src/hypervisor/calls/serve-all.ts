import type { CallRegistry } from '../call-registry.js';
import type { PartitionCore } from '../partition-core.js';
import { serveMmioCalls } from './mmio-calls.js';
import { servePortCalls } from './port-calls.js';
import { serveRetarget } from './retarget.js';
import { serveVpRegisters } from './vp-registers.js';

/** The families of calls that every partition has, and those of a root partition. */
export function serveAll(calls: CallRegistry, partition: PartitionCore): void {
  servePortCalls(calls, partition);
  serveVpRegisters(calls, partition);
  serveRetarget(calls, partition);
  serveMmioCalls(calls, partition);
}
