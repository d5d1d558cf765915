import { DeviceInterrupts } from './device-interrupts.js';
import { PageAccounts, type PageHold } from './page-account.js';

/** What a root partition's machine needs of the partition. */
export interface RootMachineOptions {
  /** VP indices; logical processors have the same numbers. The first of both runs from the start. */
  readonly vps: readonly number[];
  readonly partitionId: bigint;
  /** Pages that the hypervisor has before any is deposited. */
  readonly rootPages: number;
}

/** Refused because of the number, of what is there already, or for want of memory. */
export type Added = 'added' | 'no such' | 'there already' | 'no memory';

/** Pages that a processor costs, as the recorded root partitions were asked for. */
const PAGES_EACH = 1;

/** The machine that a root partition manages: processors it has started, memory it has given, interrupts it has mapped. */
export class RootMachine {
  readonly accounts = new PageAccounts();
  readonly interrupts = new DeviceInterrupts();
  /** hv_partition_event numbers it was told of, in order; each once. */
  readonly events: number[] = [];
  /** hv_sleep_state that was entered last. */
  sleepState: number | undefined;
  private readonly partitionId: bigint;
  private readonly there: ReadonlySet<number>;
  private readonly logical = new Map<number, PageHold | undefined>();
  private readonly virtual = new Map<number, PageHold | undefined>();

  constructor({ vps, partitionId, rootPages }: RootMachineOptions) {
    this.partitionId = partitionId;
    this.there = new Set(vps);
    this.accounts.open(partitionId, rootPages);
    const [first] = vps;
    if (first !== undefined) {
      this.logical.set(first, undefined);
      this.virtual.set(first, undefined);
    }
  }

  /** Logical processors that run. */
  get logicalProcessors(): readonly number[] {
    return [...this.logical.keys()];
  }

  /** VPs that were created. */
  get virtualProcessors(): readonly number[] {
    return [...this.virtual.keys()];
  }

  hasLogicalProcessor(index: number): boolean {
    return this.logical.has(index);
  }

  addLogicalProcessor(index: number): Added {
    return this.add(this.logical, index);
  }

  createVp(index: number): Added {
    return this.add(this.virtual, index);
  }

  /** Adds an event unless it is known. */
  notify(event: number): void {
    if (!this.events.includes(event)) this.events.push(event);
  }

  private add(processors: Map<number, PageHold | undefined>, index: number): Added {
    if (!this.there.has(index)) return 'no such';
    if (processors.has(index)) return 'there already';
    const hold = this.accounts.of(this.partitionId)?.take(PAGES_EACH);
    if (hold === undefined) return 'no memory';
    processors.set(index, hold);
    return 'added';
  }
}
