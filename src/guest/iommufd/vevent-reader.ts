import { iommu_veventq_flag, iommufd_vevent_header } from '../../abi/iommufd/viommu.js';
import { decode } from '../../layout/codec.js';
import { LAST_SEQUENCE, VEVENT_HEADER_BYTES } from './vevent-queue.js';

/** One record of a vEVENTQ as its reader sees it. */
export interface VeventRecord {
  readonly sequence: number;
  /** Bytes; undefined for a header that says that events were lost. */
  readonly payload?: Uint8Array;
}

/** Splits what read() gave into records whose payload has `payloadBytes` bytes; an incomplete one at the end is left out. */
export function splitVevents(bytes: Uint8Array, payloadBytes: number): VeventRecord[] {
  const records: VeventRecord[] = [];
  for (let at = 0; at + VEVENT_HEADER_BYTES <= bytes.length; ) {
    const { flags, sequence } = decode(iommufd_vevent_header, bytes, { offset: at, trailing: 'ignore' });
    at += VEVENT_HEADER_BYTES;
    if ((flags & iommu_veventq_flag.IOMMU_VEVENTQ_FLAG_LOST_EVENTS) !== 0) {
      records.push({ sequence });
      continue;
    }
    if (at + payloadBytes > bytes.length) break;
    records.push({ sequence, payload: bytes.slice(at, at + payloadBytes) });
    at += payloadBytes;
  }
  return records;
}

/** Counts the events that a reader did not get, from the sequence numbers of those it did (VIO-49). */
export class LossCount {
  private previous = -1;
  private sum = 0;

  /** All events lost so far. */
  get total(): number {
    return this.sum;
  }

  /** Events lost since the record before. The number of a lost header is that of a lost event. */
  take(record: VeventRecord): number {
    const step = (record.sequence - this.previous) & LAST_SEQUENCE;
    const lost = record.payload === undefined ? step : (step - 1) & LAST_SEQUENCE;
    this.previous = record.sequence;
    this.sum += lost;
    return lost;
  }
}
