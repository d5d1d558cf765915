import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import { bytesToHex, hexNumber } from '../../bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { CONVENTIONS, type Registers } from '../../hypercall/conventions.js';
import type { FailPoint } from '../../hypervisor/iommu/iommu-options.js';
import { recordedHost } from '../../hypervisor/iommu/recorded-host.js';
import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';
import { giveBack, type PoolHold } from '../../hypervisor/iommu/table-pool.js';
import { Partition } from '../../hypervisor/partition.js';
import { VirtualQueue } from '../../sched/virtual-queue.js';
import { addTo } from './event-numbers.js';
import type { RecordedCall } from './recorded-call.js';
import type { ReplayHost } from './replay-host.js';
import { ReplayMemory } from './replay-memory.js';
import { type CallPlan, planOf, type Scripted } from './replay-script.js';

const REPS_SHIFT = 32n;
const REPS_MASK = 0xfffn << REPS_SHIFT;

/** Makes recorded calls at a partition of its own, one after the other. */
export class ReplayRun {
  readonly partition: Partition;
  readonly iommu: PartitionIommu;
  /** Events whose results were taken from the recording, by reason. */
  readonly scripted = new Map<Scripted, number[]>();
  private readonly host: ReplayHost;
  private readonly memory: ReplayMemory;
  /** For the call in hand, and whether it made a difference. */
  private plan: CallPlan | undefined;
  private isUsed = false;

  constructor(host: ReplayHost, calls: readonly RecordedCall[]) {
    const { caller, knobs, privileges, vps, disabled, unknown, unserved, rules, partitionId, hasL1vhDomains } = host;
    this.host = host;
    const options = recordedHost(caller, knobs);
    const { failAt, maxRepsPerCall, starvedAttachments } = options.iommu;
    this.memory = ReplayMemory.of(calls);
    this.partition = new Partition({
      arch: 'x64',
      memory: this.memory,
      queue: new VirtualQueue(),
      vps,
      sink: { interrupt: () => undefined },
      ...options,
      partitionId,
      formRules: { ...options.formRules, ...rules.form },
      bits: { privileges },
      iommu: {
        ...options.iommu,
        hasL1vhDomains,
        rules: { ...options.iommu.rules, ...rules.domains },
        devices: (id) => !unknown.has(id),
        enabled: (id) => !disabled.has(id),
        failAt: (point) => this.failAt(point) ?? failAt?.(point),
        maxRepsPerCall: () => this.mostReps() ?? numberOf(maxRepsPerCall),
        ...(knobs.starveAttach === undefined ? { starvedAttachments: () => this.isStarved() } : { starvedAttachments }),
      },
    });
    this.iommu = this.partition.iommu!;
    for (const code of unserved) this.partition.calls.withdraw(code);
  }

  /** Result and output of a call, and what was recorded of them. */
  make(call: RecordedCall): { readonly expected: string; readonly got: string } {
    const { fast, n, result, output, vp } = call;
    this.plan = planOf(call, this.iommu.domains, this.host);
    this.isUsed = false;
    const { registers } = this.withoutMemory(() =>
      this.partition.hypercall(vp, CONVENTIONS.x64, this.registersOf(call)),
    );
    const expected = textOf(result, fast ? undefined : output);
    const got = textOf(registers.RAX ?? 0n, fast ? undefined : this.outputOf(call));
    if (this.plan !== undefined && this.isUsed && expected === got) addTo(this.scripted, this.plan.why, n);
    return { expected, got };
  }

  private failAt({ rep }: FailPoint): number | undefined {
    if (this.plan?.stop?.rep !== rep) return undefined;
    this.isUsed = true;
    return this.plan.stop.status;
  }

  private mostReps(): number | undefined {
    const most = this.plan?.mostReps;
    this.isUsed ||= most !== undefined && this.plan?.stop === undefined;
    return most;
  }

  private isStarved(): boolean {
    const isStarved = this.plan?.isStarved ?? false;
    this.isUsed ||= isStarved;
    return isStarved;
  }

  /** Makes a call for which the plan leaves no page of the pool, or a frame that is no memory. */
  private withoutMemory<T>(make: () => T): T {
    const { pool } = this.iommu.domains;
    const holds: PoolHold[] = [];
    if (this.plan?.noPool) pool.take(pool.free, holds);
    this.memory.refused = this.plan?.refusedFrame;
    const asked = this.memory.refusals;
    const made = make();
    this.isUsed ||= this.plan?.noPool === true || this.memory.refusals > asked;
    this.memory.refused = undefined;
    giveBack(holds);
    return made;
  }

  private registersOf(call: RecordedCall): Registers {
    const { fast, input, inputGpa, outputGpa } = call;
    const control = this.controlOf(call);
    if (fast) {
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

  /** A deposit is done whole here; one that was done in parts is made as those. */
  private controlOf({ code, control, start }: RecordedCall): bigint {
    const most = this.plan?.mostReps;
    if (code !== HVCALL_DEPOSIT_MEMORY.code || most === undefined) return control;
    this.isUsed = true;
    return (control & ~REPS_MASK) | (BigInt(start + most) << REPS_SHIFT);
  }

  private outputOf({ output, outputGpa }: RecordedCall): Uint8Array {
    const got = new Uint8Array(output.length);
    if (got.length > 0 && this.memory.has(outputGpa, got.length)) this.memory.read(outputGpa, got);
    return got;
  }
}

function numberOf(most: number | ((code: number) => number) | undefined): number {
  return typeof most === 'number' ? most : Number.POSITIVE_INFINITY;
}

function textOf(result: bigint, output: Uint8Array | undefined): string {
  return [hexNumber(result), ...(output === undefined || output.length === 0 ? [] : [bytesToHex(output)])].join(' ');
}
