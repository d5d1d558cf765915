import { iommu_veventq_type } from '../../abi/iommufd/viommu.js';
import type { LogSink } from '../../ports/log-sink.js';
import { failure, type Outcome } from '../../ports/outcome.js';
import type { BoundDevice, IommufdContext } from './iommufd-context.js';
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

/** What the SMMUv3's event interrupt does with the records of one physical IOMMU. */
export class Smmuv3EventHandler {
  private readonly context: IommufdContext;
  private readonly iommu: PhysicalIommu;
  private readonly log: LogSink;

  constructor(context: IommufdContext, iommu: PhysicalIommu, log: LogSink) {
    this.context = context;
    this.iommu = iommu;
    this.log = log;
  }

  /**
   * Takes one record; `answer` is what a stalled transaction waits for (VIO-67). EOPNOTSUPP, EINVAL (no such device) and
   * ENOENT (no virtual id, VIO-23) are what nobody was told of.
   */
  handle(words: Smmuv3Words, answer: (answer: PageAnswer) => void = () => undefined): Outcome {
    const event = parseSmmuv3Event(words);
    const device = this.context.deviceOf(this.iommu, event.streamId);
    const channel = routeOfSmmuv3(event, device?.viommu !== undefined);
    const told = this.tell(channel, device, words, answer);
    // A transaction that waits is never forgotten, whoever is to blame.
    if (!told.ok && event.stall && (channel !== 'fault-queue' || device === undefined)) answer('invalid');
    if (!told.ok && told.errno !== 'ENOENT') this.dump(words, event);
    return told;
  }

  private tell(
    channel: FaultChannel,
    device: BoundDevice | undefined,
    words: Smmuv3Words,
    answer: (answer: PageAnswer) => void,
  ): Outcome {
    if (channel === 'host-log' && !isForwarded(parseSmmuv3Event(words).id)) return failure('EOPNOTSUPP');
    if (device === undefined) return failure('EINVAL');
    if (channel === 'host-log') return failure('EOPNOTSUPP');
    if (channel === 'fault-queue')
      return this.context.reportPageRequest(device.id, stallRequest(parseSmmuv3Event(words)), answer);
    return reportVirtualEvent(device, words);
  }

  private dump(words: Smmuv3Words, event: Smmuv3Event): void {
    this.log({
      level: 'warn',
      code: 'smmuv3-event',
      fields: { iommu: this.iommu.name, id: event.id, streamId: event.streamId, words },
    });
  }
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
