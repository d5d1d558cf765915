import { iommu_veventq_type } from '../../abi/iommufd/viommu.js';
import type { LogSink } from '../../ports/log-sink.js';
import { failure, type Outcome } from '../../ports/outcome.js';
import { type BoundDevice, IommufdContext } from './iommufd-context.js';
import type { PageAnswer } from './page-request.js';
import type { PhysicalIommu } from './physical.js';
import {
  encodeSmmuv3Event,
  isForwarded,
  parseSmmuv3Event,
  type Smmuv3Event,
  type Smmuv3Words,
  stallRequest,
  withVirtualStream,
} from './smmuv3-event.js';

/** Who is told of a fault: readers of page faults, readers of events, or nobody but the host's log. */
export type FaultChannel = 'fault-queue' | 'event-queue' | 'host-log';

export interface SeedFault {
  /** An I/O page fault, and the device can be told to try again (PRI or stall). */
  readonly recoverablePageFault: boolean;
  /** Of a type that a virtual IOMMU reports. */
  readonly virtualType: boolean;
  readonly virqRegistered: boolean;
}

/** The rule of the first series (VIO-20). */
export function routeOfSeries2024(fault: SeedFault): FaultChannel {
  if (fault.recoverablePageFault) return 'fault-queue';
  return fault.virqRegistered && fault.virtualType ? 'event-queue' : 'host-log';
}

/** The rule of Linux for an event of the SMMUv3; `nested`: on a page table of a virtual IOMMU (VIO-21). */
export function routeOfSmmuv3(event: Pick<Smmuv3Event, 'id' | 'stall' | 'stage2'>, nested: boolean): FaultChannel {
  if (!isForwarded(event.id)) return 'host-log';
  if (event.stall) return 'fault-queue';
  return nested && !event.stage2 ? 'event-queue' : 'host-log';
}

/** What the SMMUv3's event interrupt does with the records of one physical IOMMU, whosever device they are about. */
export class Smmuv3EventHandler {
  private readonly contexts: Iterable<IommufdContext>;
  private readonly iommu: PhysicalIommu;
  private readonly log: LogSink;

  /** `contexts`: those whose devices may be behind the IOMMU, looked through anew for each record; or the only one. */
  constructor(contexts: IommufdContext | Iterable<IommufdContext>, iommu: PhysicalIommu, log: LogSink) {
    this.contexts = contexts instanceof IommufdContext ? [contexts] : contexts;
    this.iommu = iommu;
    this.log = log;
  }

  /**
   * Takes one record; `answer` is what a stalled transaction waits for (VIO-67). EOPNOTSUPP, EINVAL (no such device) and
   * ENOENT (no virtual id, VIO-23) are what nobody was told of.
   */
  handle(words: Smmuv3Words, answer: (answer: PageAnswer) => void = () => undefined): Outcome {
    const event = parseSmmuv3Event(words);
    const bound = this.boundDevice(event.streamId);
    const channel = routeOfSmmuv3(event, bound?.device.viommu !== undefined);
    const told = tell(channel, bound, words, answer);
    // A transaction that waits is never forgotten, whoever is to blame.
    if (!told.ok && event.stall && (channel !== 'fault-queue' || bound === undefined)) answer('invalid');
    if (!told.ok && told.errno !== 'ENOENT') this.dump(words, event);
    return told;
  }

  // In Linux a stream has one master, and VFIO binds that to one context.
  private boundDevice(streamId: number): Bound | undefined {
    for (const context of this.contexts) {
      const device = context.deviceOf(this.iommu, streamId);
      if (device !== undefined) return { context, device };
    }
    return undefined;
  }

  private dump(words: Smmuv3Words, event: Smmuv3Event): void {
    this.log({
      level: 'warn',
      code: 'smmuv3-event',
      fields: { iommu: this.iommu.name, id: event.id, streamId: event.streamId, words },
    });
  }
}

interface Bound {
  readonly context: IommufdContext;
  readonly device: BoundDevice;
}

function tell(
  channel: FaultChannel,
  bound: Bound | undefined,
  words: Smmuv3Words,
  answer: (answer: PageAnswer) => void,
): Outcome {
  const event = parseSmmuv3Event(words);
  if (channel === 'host-log' && !isForwarded(event.id)) return failure('EOPNOTSUPP');
  if (bound === undefined) return failure('EINVAL');
  if (channel === 'host-log') return failure('EOPNOTSUPP');
  const { context, device } = bound;
  if (channel === 'fault-queue') return context.reportPageRequest(device.id, stallRequest(event), answer);
  return reportVirtualEvent(device, words);
}

// The lock covers the id alone: the report takes locks of its own. Linux (arm-smmu-v3-iommufd.c, 6.15) asks for the id when it
// attaches, and does not attach to a nested page table without one; here that comes out with the first event (VIO-23).
function reportVirtualEvent(device: BoundDevice, words: Smmuv3Words): Outcome {
  const { viommu } = device;
  if (viommu === undefined) return failure('EOPNOTSUPP');
  const virtualId = viommu.withVdevices((lookup) => lookup.vdevId(device.physical));
  if (!virtualId.ok) return virtualId;
  const record = withVirtualStream(words, virtualId.value);
  if (!record.ok) return record;
  return viommu.reportEvent(iommu_veventq_type.IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, encodeSmmuv3Event(record.value));
}
