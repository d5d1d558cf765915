import { vmbus_version } from '../../abi/vmbus/version.js';
import type { Arch } from '../../layout/types.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { InterruptSink } from '../../ports/interrupt-sink.js';
import type { LogLine } from '../../ports/log-sink.js';
import type { RunQueue } from '../../ports/run-queue.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import { HostSide } from '../system/host-side.js';
import { logText } from '../system/log-text.js';
import type { HostCommand } from './commands.js';
import type { MonitorTarget } from './monitor-target.js';
import { PartitionTarget } from './partition-target.js';
import type { ScenarioName, ServedIommu } from './scenario-names.js';
import { type Scenario, vpIndices } from './scenarios.js';
import { iommuSide, iommuText } from './served-iommu.js';

export interface ServedHostOptions {
  readonly arch: Arch;
  readonly scenario: Scenario;
  readonly scenarioName: ScenarioName;
  /** Processors of the monitor. */
  readonly vcpus: number;
  readonly memory: GuestMemory;
  /** Bytes of RAM, holes left out. */
  readonly ramBytes: number;
  readonly queue: RunQueue;
  readonly trace: TraceSink;
  /** Takes interrupts by the monitor's number of the processor. */
  readonly interrupts: InterruptSink;
  /** Counts per second of the guest's time stamp counter. */
  readonly tscHz: number;
  /** An IOMMU in front of the guest's devices, or for a root partition to use; `off` when absent. */
  readonly iommu?: ServedIommu;
  /** Overrides of the scenario's. */
  readonly vmbusMax?: number;
  readonly vpciMax?: number;
  /** Tells what the host does by itself, in words. */
  readonly note: (text: string) => void;
}

/**
 * Event flags share bytes with what the guest clears, and a byte of a file cannot be changed atomically: each channel has a
 * byte of its own.
 */
const RELID_STEP = 8;

/** The hypervisor and the host of one guest behind a monitor. */
export class ServedHost {
  readonly target: MonitorTarget;
  private readonly options: ServedHostOptions;
  private readonly host: HostSide;
  private readonly vps: readonly number[];

  constructor(options: ServedHostOptions) {
    const { arch, scenario, vcpus, memory, queue, trace, interrupts, tscHz, note } = options;
    this.options = options;
    this.vps = vpIndices(scenario, vcpus);
    const vcpuOf = new Map(this.vps.map((vp, vcpu) => [vp, vcpu]));
    const log = (line: LogLine): void => {
      const text = logText(line);
      if (text !== undefined) note(text);
    };
    const { vmbusMax = scenario.vmbusMax, vpciMax = scenario.vpciMax } = options;
    this.host = new HostSide({
      arch,
      memory,
      queue,
      trace,
      vps: this.vps,
      plan: { ...scenario, vmbusMax, vpciMax },
      relidStep: RELID_STEP,
      partition: {
        ...iommuSide(scenario.isRoot, options.iommu),
        isRoot: scenario.isRoot,
        tscHz,
        onCrash: ({ vp, text }) =>
          note(`the guest crashed on VP ${vp}${text === undefined ? '' : `: ${firstLine(text)}`}`),
      },
      sink: {
        interrupt: (vp, vector) => {
          const vcpu = vcpuOf.get(vp);
          if (vcpu !== undefined) interrupts.interrupt(vcpu, vector);
        },
      },
      log,
      note,
    });
    this.target = new PartitionTarget({ arch, partition: this.host.partition, vps: this.vps, isRoot: scenario.isRoot });
    this.recordSetup();
  }

  /** Does what a line of standard input asks for; commands are about the first bus. */
  command(command: HostCommand): void {
    const { trace, note } = this.options;
    trace.event({ k: 'marker', text: `host ${command}` });
    const [bus] = this.host.buses;
    if (bus === undefined) note(`${command}: this scenario has no bus`);
    else bus[command]();
  }

  /** The guest is gone: the last records. */
  finish(timeReads: number): void {
    const { trace, queue } = this.options;
    this.host.recordEnd();
    trace.event({ k: 'end', exit: 0, time_ref_count_reads: timeReads, seconds: queue.now() / 1e6 });
  }

  /** What is known about the guest, as label and text. */
  facts(): [string, string][] {
    const { server, buses, partition } = this.host;
    const { connection } = server;
    const versions = Object.entries(vmbus_version);
    const version = connection?.version;
    const name = versions.find(([, number]) => number === version)?.[0];
    return [
      ['guest', `${this.vps.length} processors, VP ${this.vps.join(', ')}`],
      [
        'VMBus',
        version === undefined ? 'not connected' : `${version >>> 16}.${version & 0xffff}  ${name ?? ''}`.trim(),
      ],
      ...buses.map((bus): [string, string] => ['channel', bus.describe()]),
      ...(partition.iommu === undefined ? [] : [['IOMMU', iommuText(partition.iommu)] as [string, string]]),
    ];
  }

  private recordSetup(): void {
    const { arch, scenarioName, vcpus, ramBytes, tscHz, trace } = this.options;
    const hex = (word: number): string => `0x${(word >>> 0).toString(16)}`;
    trace.event({
      k: 'setup',
      scenario: scenarioName,
      arch,
      cpus: vcpus,
      vps: this.vps,
      ram: ramBytes,
      cpuid: this.target.leaves.map(({ leaf, eax, ebx, ecx, edx }) => [leaf, eax, ebx, ecx, edx].map(hex)),
      tsc_hz: tscHz,
    });
  }
}

/** A crash message is the end of a kernel log; all of it is in the record. */
function firstLine(text: string): string {
  return text.trimStart().split('\n', 1)[0] ?? '';
}
