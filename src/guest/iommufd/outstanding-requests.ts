import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { PageAnswer, PageRequest } from './page-request.js';

/**
 * Requests of one device that may wait for their answer, unless the context says otherwise: as many as the group index of a PCIe
 * page request (9 bits) tells apart. No text seen has a bound: Linux relies on the device, which is told how many it may have open.
 */
export const MAX_OUTSTANDING_REQUESTS = 512;

/** A page request, and who is told what becomes of it. */
export interface OpenRequest {
  readonly request: PageRequest;
  readonly answer: (answer: PageAnswer) => void;
}

/**
 * The page requests of one device: groups whose last message has not come, and the number of those that nobody answered yet,
 * wherever they are. No group has more messages than may be outstanding.
 */
export class OutstandingRequests {
  private readonly most: number;
  private unanswered = 0;
  /** By group index; `refused`: a message of it found no room. */
  private readonly incomplete = new Map<number, OpenRequest[] | 'refused'>();

  constructor(most = MAX_OUTSTANDING_REQUESTS) {
    this.most = most;
  }

  /**
   * Takes a request: its group once that is complete. ENOMEM where there is no room for it: it is answered `invalid`, what there is
   * of its group with it, and the rest of that group when it comes, as a part is of no use to anybody. No more groups
   * than requests are kept in mind for that; the rest of another one is taken as a group of its own.
   */
  take(request: PageRequest, answer: OpenRequest['answer']): Outcome<readonly OpenRequest[] | undefined> {
    const { grpid, last } = request;
    const group = this.incomplete.get(grpid) ?? [];
    if (group === 'refused' || this.unanswered >= this.most) {
      if (last) this.incomplete.delete(grpid);
      else if (this.incomplete.has(grpid) || this.incomplete.size < this.most) this.incomplete.set(grpid, 'refused');
      if (group !== 'refused') answerAll(group, 'invalid');
      answer('invalid');
      return failure('ENOMEM');
    }
    this.unanswered++;
    const counted = (given: PageAnswer): void => {
      this.unanswered--;
      answer(given);
    };
    group.push({ request, answer: counted });
    if (last) this.incomplete.delete(grpid);
    else this.incomplete.set(grpid, group);
    return success(last ? group : undefined);
  }

  /** Takes the requests of all incomplete groups out; the rest of a refused group is not refused any more. */
  takeIncomplete(): OpenRequest[] {
    const groups = [...this.incomplete.values()];
    this.incomplete.clear();
    return groups.flatMap((group) => (group === 'refused' ? [] : group));
  }
}

export function answerAll(requests: readonly OpenRequest[], given: PageAnswer): void {
  for (const { answer } of requests) answer(given);
}
