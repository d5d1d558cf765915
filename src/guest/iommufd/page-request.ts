/** A page that a device asks for: one message of a page request group, or a stalled transaction. */
export interface PageRequest {
  readonly pasid?: number;
  /** Page request group index; that of a stalled transaction is its tag. */
  readonly grpid: number;
  /** iommu_hwpt_pgfault_perm. */
  readonly perm: number;
  /** Address; the offset in the page does not count. */
  readonly address: bigint;
  /** The last message of its group. */
  readonly last: boolean;
}

/** What whoever asked is told: try again, or give up (VIO-67). */
export type PageAnswer = 'success' | 'invalid';

/** All messages of one group, in the order in which the device sent them. */
export interface FaultGroup {
  /** Id of the DEVICE object, never a virtual id (VIO-22). */
  readonly deviceId: number;
  readonly requests: readonly PageRequest[];
  /** Called once. */
  readonly answer: (answer: PageAnswer) => void;
}
