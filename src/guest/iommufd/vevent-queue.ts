import { iommu_veventq_flag, iommufd_vevent_header } from '../../abi/iommufd/viommu.js';
import { encode } from '../../layout/codec.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import { DeliverList } from './deliver-list.js';
import { EventFile, type PollState } from './event-file.js';
import type { UserBuffer } from './user-buffer.js';

/** Bytes in front of each record (VIO-50: a literal, never the size of a pointer). */
export const VEVENT_HEADER_BYTES = 8;
/** Sequence numbers have 31 bits. */
export const LAST_SEQUENCE = 0x7fffffff;

export interface VeventQueueOptions {
  /** First sequence number; 0 but for specs of the wrap. */
  readonly sequence?: number;
  /** Whether memory for one more event is there. */
  readonly allocate?: () => boolean;
}

interface Node {
  sequence: number;
  /** Undefined for the header that says that events were lost. */
  readonly payload?: Uint8Array;
}

/**
 * The events of one type of one virtual IOMMU: drivers/iommu/iommufd/eventq.c and driver.c as read through its file descriptor,
 * with the repairs of Linux 7.2 (a buffer too small for a header, or for the first record, is refused; no header without its event).
 */
export class VeventQueue extends EventFile {
  /** iommu_veventq_type. */
  readonly type: number;
  /** Events that are kept; the lost header comes on top (VIO-45). */
  readonly depth: number;
  private readonly list = new DeliverList<Node>();
  private readonly lost: Node = { sequence: 0 };
  private readonly allocate: () => boolean;
  private sequence: number;
  private stored = 0;

  constructor(type: number, depth: number, options: VeventQueueOptions = {}) {
    super();
    this.type = type;
    this.depth = depth;
    this.sequence = options.sequence ?? 0;
    this.allocate = options.allocate ?? (() => true);
  }

  /** Events stored, without the lost header. */
  get numEvents(): number {
    return this.stored;
  }

  /** Records that a reader would get: events, and one more when the last one says that events were lost. */
  get numRecords(): number {
    return this.list.length;
  }

  poll(): PollState {
    return { readable: this.list.length > 0, writable: false };
  }

  /** Stores one event (its payload is copied), or marks it as lost; ENOMEM when there was no memory (VIO-44). */
  report(payload: Uint8Array): Outcome {
    if (this.closed) return failure('EOPNOTSUPP');
    if (payload.length === 0) return failure('EINVAL');
    if (this.stored >= this.depth) return this.append(this.lost);
    if (!this.allocate()) {
      this.append(this.lost);
      return failure('ENOMEM');
    }
    this.stored++;
    return this.append({ sequence: 0, payload: payload.slice() });
  }

  /** Discards what is pending (VIO-48). */
  destroy(): void {
    this.list.takeAll(() => true);
    this.stored = 0;
    this.end();
  }

  // A lost header that is last gives way: to itself with a new number, or to an event, whose number then shows the gap (VIO-43).
  private append(node: Node): Outcome {
    if (this.list.last === this.lost) this.list.dropLast();
    this.list.append(node);
    node.sequence = this.sequence;
    this.sequence = (this.sequence + 1) & LAST_SEQUENCE;
    this.wakeReaders();
    return success(undefined);
  }

  protected deliver(buffer: UserBuffer, position: number): Outcome<number> {
    if (position !== 0) return failure('ESPIPE');
    // Whether there is anything to read or not.
    if (buffer.length < VEVENT_HEADER_BYTES) return failure('EINVAL');
    let done = 0;
    for (let node = this.list.takeFirst(); node !== undefined; node = this.list.takeFirst()) {
      const length = VEVENT_HEADER_BYTES + (node.payload?.length ?? 0);
      if (length > buffer.length - done) {
        this.restore(node);
        return done === 0 ? failure('EINVAL') : success(done);
      }
      const copied = copyRecord(node, buffer, done);
      // Whoever copies may destroy the queue: the record is gone with all others (VIO-48).
      if (this.closed) return done === 0 ? failure('ENODEV') : success(done);
      if (!copied) {
        this.restore(node);
        return done === 0 ? failure('EFAULT') : success(done);
      }
      if (node !== this.lost) this.stored--;
      done += length;
    }
    return success(done);
  }

  // While a record is copied another one may be reported: a lost header then is in the list again, or out of date (VIO-46).
  private restore(node: Node): void {
    if (node !== this.lost || this.list.length === 0) this.list.putFirst(node);
  }
}

function copyRecord(node: Node, buffer: UserBuffer, at: number): boolean {
  const flags = node.payload === undefined ? iommu_veventq_flag.IOMMU_VEVENTQ_FLAG_LOST_EVENTS : 0;
  const header = encode(iommufd_vevent_header, { flags, sequence: node.sequence });
  if (!buffer.put(at, header)) return false;
  return node.payload === undefined || buffer.put(at + VEVENT_HEADER_BYTES, node.payload);
}
