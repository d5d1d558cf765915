import { hexToBytes } from '../../../src/bytes/hex.js';
import type { Event } from '../../../src/capture/decoder.js';
import { CONVENTIONS } from '../../../src/hypercall/conventions.js';
import { type IommuOptions, RECORDED_RULES } from '../../../src/hypervisor/iommu/iommu-options.js';
import { Partition } from '../../../src/hypervisor/partition.js';
import type { PartitionOptions } from '../../../src/hypervisor/partition-options.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { hexOf } from '../partition-rig.js';

/** The calls of devices and their domains, and deposits. */
export const FAMILY: ReadonlySet<number> = new Set([
  0x48, 0x82, 0x83, 0xb1, 0xb2, 0xb3, 0xb4, 0xc4, 0xc5, 0xce, 0xd0, 0xd1, 0x125, 0x127,
]);
const RAM = 1 << 30;

/** The calls of the family in a trace, in order. */
export function familyCalls(events: readonly Event[]): Event[] {
  return events.filter(({ k, code }) => k === 'hypercall' && FAMILY.has(Number(code)));
}

/** A host that answers recorded calls of a root partition or of a guest; devices are all that are named. */
export class DomainReplay {
  readonly partition: Partition;
  readonly memory = SharedGuestMemory.create(RAM, { kernel: false });

  constructor(isRoot: boolean, iommu: IommuOptions = {}, options: Partial<PartitionOptions> = {}) {
    this.partition = new Partition({
      arch: 'x64',
      memory: this.memory,
      queue: new VirtualQueue(),
      vps: [0, 1],
      sink: { interrupt: () => undefined },
      isRoot,
      continuation: 'partial',
      iommu: { devices: () => true, rules: RECORDED_RULES, ...iommu },
      ...options,
    });
  }

  /** Makes a call again; result and output, and what was recorded of them. */
  run(call: Event): { readonly got: string; readonly wanted: string } {
    const input = hexToBytes(String(call.in));
    if (input.length > 0) this.memory.write(Number(call.rdx), input);
    const { registers } = this.partition.hypercall(Number(call.vp), CONVENTIONS.x64, {
      RCX: BigInt(String(call.control)),
      RDX: BigInt(String(call.rdx)),
      R8: BigInt(String(call.r8)),
    });
    const out = new Uint8Array(String(call.out ?? '').length / 2);
    if (out.length > 0) this.memory.read(Number(call.r8), out);
    return {
      got: `0x${registers.RAX!.toString(16)} ${hexOf(out)}`,
      wanted: `${call.result} ${call.out ?? ''}`,
    };
  }
}
