import { bytesToHex, hexNumber } from '../../bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { CONVENTIONS, type Registers } from '../../hypercall/conventions.js';
import { recordedHost } from '../../hypervisor/iommu/recorded-host.js';
import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';
import { Partition } from '../../hypervisor/partition.js';
import { VirtualQueue } from '../../sched/virtual-queue.js';
import type { RecordedCall } from './recorded-call.js';
import type { ReplayHost } from './replay-host.js';
import { ReplayMemory } from './replay-memory.js';
import { countRules } from './replay-rules.js';
import { ReplayScript } from './replay-script.js';

const FAST = 0x10000n;

/** Makes recorded calls at a partition of its own, one after the other. */
export class ReplayRun {
  readonly partition: Partition;
  readonly iommu: PartitionIommu;
  readonly script: ReplayScript;
  private readonly memory: ReplayMemory;

  constructor(host: ReplayHost, calls: readonly RecordedCall[]) {
    const { caller, knobs, privileges, vps, disabled, unserved, rules } = host;
    const options = recordedHost(caller, knobs);
    const { failAt, maxRepsPerCall } = options.iommu;
    this.script = new ReplayScript(knobs, countRules(rules));
    this.memory = ReplayMemory.of(calls);
    this.partition = new Partition({
      arch: 'x64',
      memory: this.memory,
      queue: new VirtualQueue(),
      vps,
      sink: { interrupt: () => undefined },
      ...options,
      formRules: { ...options.formRules, ...rules.form },
      bits: { privileges },
      iommu: {
        ...options.iommu,
        rules: { ...options.iommu.rules, ...rules.domains },
        enabled: (id) => !disabled.has(id),
        failAt: (point) => this.script.failAt(point) ?? failAt?.(point),
        maxRepsPerCall: maxRepsPerCall ?? (() => this.script.mostReps()),
      },
    });
    this.iommu = this.partition.iommu!;
    for (const code of unserved) this.partition.calls.withdraw(code);
  }

  /** Result and output of a call, and what was recorded of them. */
  make(call: RecordedCall): { readonly expected: string; readonly got: string } {
    const { control, result, output, vp } = call;
    this.script.plan(call, this.iommu.domains);
    const { registers } = this.partition.hypercall(vp, CONVENTIONS.x64, this.registersOf(call));
    const isFast = (control & FAST) !== 0n;
    return {
      expected: textOf(result, isFast ? undefined : output),
      got: textOf(registers.RAX ?? 0n, isFast ? undefined : this.outputOf(call)),
    };
  }

  private registersOf({ control, input, inputGpa, outputGpa }: RecordedCall): Registers {
    if ((control & FAST) !== 0n) {
      const words = new DataView(new ArrayBuffer(16 * Math.ceil(input.length / 16)));
      new Uint8Array(words.buffer).set(input);
      const names = CONVENTIONS.x64.fast.slice(0, words.byteLength / 8);
      return { RCX: control, ...Object.fromEntries(names.map(([n], i) => [n!, words.getBigUint64(8 * i, true)])) };
    }
    // A list that leaves its page is not read; what lies in the page is there.
    const room = HV_HYP_PAGE_SIZE - (inputGpa % HV_HYP_PAGE_SIZE);
    const fitting = input.subarray(0, room);
    if (fitting.length > 0 && this.memory.has(inputGpa, fitting.length)) this.memory.write(inputGpa, fitting);
    return { RCX: control, RDX: BigInt(inputGpa), R8: BigInt(outputGpa) };
  }

  private outputOf({ output, outputGpa }: RecordedCall): Uint8Array {
    const got = new Uint8Array(output.length);
    if (got.length > 0 && this.memory.has(outputGpa, got.length)) this.memory.read(outputGpa, got);
    return got;
  }
}

function textOf(result: bigint, output: Uint8Array | undefined): string {
  return [hexNumber(result), ...(output === undefined || output.length === 0 ? [] : [bytesToHex(output)])].join(' ');
}
