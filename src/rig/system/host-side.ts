import { NO_TRACE } from '../../capture/recorder.js';
import { Partition } from '../../hypervisor/partition.js';
import type { PartitionOptions } from '../../hypervisor/partition-options.js';
import type { Arch } from '../../layout/types.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { InterruptSink } from '../../ports/interrupt-sink.js';
import type { LogSink } from '../../ports/log-sink.js';
import type { RunQueue } from '../../ports/run-queue.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import { ChannelServer } from '../../vsp/vmbus/channel-server.js';
import type { VpciKnobs } from '../../vsp/vpci/vpci-bus.js';
import type { Scenario } from '../serve/scenarios.js';
import { ServedBus } from '../serve/served-bus.js';
import { DomainRecord } from './domain-state.js';
import { IommuOfBuses } from './iommu-of-buses.js';

export interface HostSideOptions {
  readonly arch: Arch;
  readonly memory: GuestMemory;
  readonly queue: RunQueue;
  readonly trace: TraceSink;
  readonly sink: InterruptSink;
  readonly vps: readonly number[];
  readonly plan: Pick<Scenario, 'buses' | 'vmbusMax' | 'vpciMax' | 'bits'>;
  readonly knobs?: VpciKnobs;
  /** Relids are 3, 3 + step, …; 1 when absent. */
  readonly relidStep?: number;
  /** What the partition has besides. */
  readonly partition?: Partial<
    Pick<
      PartitionOptions,
      'isRoot' | 'partitionId' | 'tscHz' | 'onCrash' | 'gicdGpa' | 'continuation' | 'formRules' | 'iommu'
    >
  >;
  readonly log?: LogSink;
  /** Tells what the host does by itself, in words. */
  readonly note?: (text: string) => void;
}

/** First relid, event connections of channels, and the message connection of the version response, as in the recorded captures. */
const FIRST_RELID = 3;
const EVENT_CONNECTIONS = 0x10000;
const MESSAGE_CONNECTION = 0x4001;

/** Everything that runs on the host: hypervisor, VMBus server, virtual PCI buses. */
export class HostSide {
  readonly partition: Partition;
  readonly server: ChannelServer;
  readonly buses: readonly ServedBus[];
  private readonly record: DomainRecord | undefined;

  constructor(options: HostSideOptions) {
    const { arch, memory, queue, sink, vps, plan, knobs, log, note = () => undefined } = options;
    // A partition that is not recorded is told so.
    const isRecorded = options.partition?.iommu !== undefined && options.trace !== NO_TRACE;
    this.record = isRecorded ? new DomainRecord(options.trace) : undefined;
    const trace = this.record ?? options.trace;
    this.partition = new Partition({ arch, memory, queue, trace, sink, vps, bits: plan.bits, ...options.partition });
    this.server = new ChannelServer(this.partition, {
      maxVersion: plan.vmbusMax,
      relids: { first: FIRST_RELID, step: options.relidStep ?? 1 },
      connectionBase: EVENT_CONNECTIONS,
      messageConnection: MESSAGE_CONNECTION,
      ...(log === undefined ? {} : { log }),
    });
    const { iommu } = this.partition;
    const ofBuses = iommu === undefined ? {} : { iommu: new IommuOfBuses(this.partition, iommu) };
    this.buses = plan.buses.map(
      (bus) =>
        new ServedBus({
          port: this.partition,
          server: this.server,
          plan: bus,
          vpciMax: plan.vpciMax,
          note,
          ...ofBuses,
          ...(knobs === undefined ? {} : { knobs }),
        }),
    );
  }

  /** The last records: what the rings hold, and which devices are in which domains where there is an IOMMU. */
  recordEnd(): void {
    this.server.recordRings('final');
    if (this.partition.iommu !== undefined) this.record?.end(this.partition.iommu);
  }

  /** Interrupts and windows that the buses still hold. */
  leaks(): number {
    return this.buses.reduce((sum, { bus }) => sum + bus.leaks().interrupts + bus.leaks().windows, 0);
  }
}
