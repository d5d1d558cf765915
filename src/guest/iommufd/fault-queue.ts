import {
  iommu_hwpt_page_response,
  iommu_hwpt_pgfault,
  iommu_hwpt_pgfault_flags,
  iommufd_page_response_code,
} from '../../abi/iommufd/fault.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { decode, encode } from '../../layout/codec.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import { DeliverList } from './deliver-list.js';
import { EventFile, type PollState } from './event-file.js';
import { IdSpace } from './id-space.js';
import type { FaultGroup, PageRequest } from './page-request.js';
import type { UserBuffer } from './user-buffer.js';

/** Bytes of a message (iommu_hwpt_pgfault) and of a response (iommu_hwpt_page_response). */
export const PAGE_FAULT_BYTES = 40;
export const PAGE_RESPONSE_BYTES = 8;

const PAGE_MASK = ~BigInt(HV_HYP_PAGE_SIZE - 1);

export interface FaultQueueOptions {
  /** Cookies that can be out at the same time. */
  readonly cookies?: number;
}

/**
 * Page faults that user space handles: drivers/iommu/iommufd/eventq.c as seen through its file descriptor, with the repairs of
 * Linux 7.2 (a group is delivered whole or not at all, a buffer too small for the first one is refused).
 */
export class FaultQueue extends EventFile {
  private readonly pending = new DeliverList<FaultGroup>();
  private readonly unanswered = new Map<number, FaultGroup>();
  private readonly cookies: IdSpace;

  constructor(options: FaultQueueOptions = {}) {
    super();
    this.cookies = new IdSpace(options.cookies);
  }

  /** Groups nobody read yet. */
  get numPending(): number {
    return this.pending.length;
  }

  /** Groups that were read and wait for their response. */
  get numUnanswered(): number {
    return this.unanswered.size;
  }

  poll(): PollState {
    return { readable: this.pending.length > 0, writable: true };
  }

  /** A complete group; ENODEV, with the group answered, when the queue is gone. */
  report(group: FaultGroup): Outcome {
    if (this.closed) {
      group.answer('invalid');
      return failure('ENODEV');
    }
    this.pending.append(group);
    this.wakeReaders();
    return success(undefined);
  }

  /** write(2): responses of 8 bytes; bytes taken, or the error of the first response. */
  write(buffer: UserBuffer, position = 0): Outcome<number> {
    if (this.closed) return failure('ENODEV');
    if (position !== 0 || buffer.length % PAGE_RESPONSE_BYTES !== 0) return failure('ESPIPE');
    for (let done = 0; done < buffer.length; done += PAGE_RESPONSE_BYTES) {
      const taken = this.takeResponse(buffer.get(done, PAGE_RESPONSE_BYTES));
      if (!taken.ok) return done === 0 ? taken : success(done);
    }
    return success(buffer.length);
  }

  /** Answers everything of a device that was detached or got another page table (VIO-65). */
  dropDevice(deviceId: number): void {
    this.drop((group) => group.deviceId === deviceId);
  }

  /** Answers everything that is left (VIO-66). */
  destroy(): void {
    // Ended first: what an answer reports is answered at once, too.
    this.end();
    this.drop(() => true);
  }

  protected deliver(buffer: UserBuffer, position: number): Outcome<number> {
    if (position !== 0 || buffer.length % PAGE_FAULT_BYTES !== 0) return failure('ESPIPE');
    let done = 0;
    for (let group = this.pending.takeFirst(); group !== undefined; group = this.pending.takeFirst()) {
      const copied = this.deliverGroup(group, buffer, done);
      if (!copied.ok) return done === 0 ? copied : success(done);
      done += copied.value;
    }
    return done === 0 && this.closed ? failure('ENODEV') : success(done);
  }

  /**
   * All messages of a group, or none: a cookie without its group would never be answered (VIO-62). Bytes; 0 for a group that was
   * answered while it was copied: nobody is told of it.
   */
  private deliverGroup(group: FaultGroup, buffer: UserBuffer, at: number): Outcome<number> {
    const length = group.requests.length * PAGE_FAULT_BYTES;
    if (length > buffer.length - at) return this.putBack(group, 'EINVAL');
    const cookie = this.cookies.take();
    if (cookie === undefined) return this.putBack(group, 'EBUSY');
    // Linux holds a lock here. Whoever drops groups while this one is copied finds it where those are that were read.
    this.unanswered.set(cookie, group);
    for (const [i, request] of group.requests.entries()) {
      if (buffer.put(at + i * PAGE_FAULT_BYTES, faultMessage(group.deviceId, request, cookie))) continue;
      if (this.unanswered.get(cookie) !== group) return failure('EFAULT');
      this.release(cookie);
      return this.putBack(group, 'EFAULT');
    }
    return success(this.unanswered.get(cookie) === group ? length : 0);
  }

  private putBack(group: FaultGroup, errno: 'EINVAL' | 'EBUSY' | 'EFAULT'): Outcome<never> {
    this.pending.putFirst(group);
    return failure(errno);
  }

  private takeResponse(bytes: Uint8Array | undefined): Outcome {
    if (bytes === undefined) return failure('EFAULT');
    const { cookie, code } = decode(iommu_hwpt_page_response, bytes);
    const { IOMMUFD_PAGE_RESP_SUCCESS, IOMMUFD_PAGE_RESP_INVALID } = iommufd_page_response_code;
    if (code !== IOMMUFD_PAGE_RESP_SUCCESS && code !== IOMMUFD_PAGE_RESP_INVALID) return failure('EINVAL');
    const group = this.release(cookie);
    if (group === undefined) return failure('EINVAL');
    group.answer(code === IOMMUFD_PAGE_RESP_SUCCESS ? 'success' : 'invalid');
    return success(undefined);
  }

  private release(cookie: number): FaultGroup | undefined {
    const group = this.unanswered.get(cookie);
    if (group === undefined) return undefined;
    this.unanswered.delete(cookie);
    this.cookies.give(cookie);
    return group;
  }

  private drop(wanted: (group: FaultGroup) => boolean): void {
    const dropped = this.pending.takeAll(wanted);
    for (const [cookie, group] of [...this.unanswered]) {
      if (!wanted(group)) continue;
      this.release(cookie);
      dropped.push(group);
    }
    for (const group of dropped) group.answer('invalid');
  }
}

function faultMessage(deviceId: number, request: PageRequest, cookie: number): Uint8Array {
  const { IOMMU_PGFAULT_FLAGS_PASID_VALID, IOMMU_PGFAULT_FLAGS_LAST_PAGE } = iommu_hwpt_pgfault_flags;
  const withPasid = request.pasid === undefined ? 0 : IOMMU_PGFAULT_FLAGS_PASID_VALID;
  return encode(iommu_hwpt_pgfault, {
    flags: withPasid | (request.last ? IOMMU_PGFAULT_FLAGS_LAST_PAGE : 0),
    dev_id: deviceId,
    pasid: request.pasid ?? 0,
    grpid: request.grpid,
    perm: request.perm,
    addr: request.address & PAGE_MASK,
    length: 0,
    cookie,
  });
}
