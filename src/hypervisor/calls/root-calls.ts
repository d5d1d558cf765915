import { hv_features_ebx } from '../../abi/hv/cpuid.js';
import type { CallRegistry } from '../call-registry.js';
import type { PartitionCore } from '../partition-core.js';
import { RootMachine } from '../root/root-machine.js';
import { serveRootInterrupts } from './root-interrupts.js';
import { serveRootMemory } from './root-memory.js';
import { serveRootProcessors } from './root-processors.js';
import { servePartitionId, serveRootSystem } from './root-system.js';

/**
 * The calls of a root partition; gives the machine that they manage, nothing for another partition. A partition that is told that
 * it may ask for its id gets that call too.
 */
export function serveRoot(calls: CallRegistry, core: PartitionCore): RootMachine | undefined {
  const { options, isRoot, vps, partitionId } = core;
  const mayAskId = ((options.bits?.privileges ?? 0) & hv_features_ebx.HV_ACCESS_PARTITION_ID) !== 0;
  if (isRoot || mayAskId) servePartitionId(calls, core);
  if (!isRoot) return undefined;
  const machine = new RootMachine({ vps, partitionId, rootPages: options.rootPages ?? 0 });
  serveRootMemory(calls, core, machine);
  serveRootProcessors(calls, core, machine);
  serveRootInterrupts(calls, core, machine.interrupts);
  serveRootSystem(calls, options.systemProperties, machine);
  return machine;
}
