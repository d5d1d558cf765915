import { DEFAULT_ID, NULL_ID } from './domain-ids.js';
import type { IntervalTree } from './interval-tree.js';
import type { PagingCalls } from './paging-calls.js';

/** A device as its domain sees it. */
export interface AttachedDevice {
  readonly name: string;
}

/** What every domain has. The devices that count as attached are those whose attach succeeded and whose detach did not (IOMMU-39). */
abstract class Domain {
  readonly devices = new Set<AttachedDevice>();

  /** Never negative, and the size of the set by construction (IOMMU-41). */
  get numAttached(): number {
    return this.devices.size;
  }
}

/** Stands for a domain that the hypervisor has from its start: identity, or one that blocks everything. */
export class StaticDomain extends Domain {
  readonly kind: 'identity' | 'blocked';
  readonly id: number;

  constructor(kind: 'identity' | 'blocked') {
    super();
    this.kind = kind;
    this.id = kind === 'identity' ? DEFAULT_ID : NULL_ID;
  }
}

/** Live; `busy`: its free was refused; `lost`: the hypervisor refused to delete it and may still have it; `freed`. */
export type DomainState = 'live' | 'busy' | 'lost' | 'freed';

/** A stage-2 domain of the hypervisor with the mappings that it holds. */
export class PagingDomain extends Domain {
  readonly kind = 'paging';
  readonly id: number;
  readonly tree: IntervalTree;
  readonly calls: PagingCalls;
  state: DomainState = 'live';

  constructor(id: number, tree: IntervalTree, calls: PagingCalls) {
    super();
    this.id = id;
    this.tree = tree;
    this.calls = calls;
  }
}

/** Devices of a partition that use its own GPA tables. The partition is fixed here and never asked for again (IOMMU-26, 40). */
export class DirectDomain extends Domain {
  readonly kind = 'direct';
  /** A number of the log only; 0 where no number was spent. */
  readonly id: number;
  readonly targetPartition: bigint;
  /** Present in the legacy mode that keeps books of maps it does not make (IOMMU-49). */
  readonly tree: IntervalTree | undefined;
  state: DomainState = 'live';

  constructor(id: number, targetPartition: bigint, tree: IntervalTree | undefined) {
    super();
    this.id = id;
    this.targetPartition = targetPartition;
    this.tree = tree;
  }
}

export type IommuDomain = StaticDomain | PagingDomain | DirectDomain;
