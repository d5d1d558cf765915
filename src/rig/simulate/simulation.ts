import type { RunQueue } from '../../ports/run-queue.js';
import type { Routine } from '../../sched/routine.js';
import type { VpciKnobs } from '../../vsp/vpci/vpci-bus.js';
import type { Scenario } from '../serve/scenarios.js';
import type { GuestSide } from '../system/guest-side.js';
import type { HostSide, HostSideOptions } from '../system/host-side.js';
import type { Flags } from './flags.js';
import type { IommuChoice } from './iommu-choice.js';
import type { IommuKind } from './names.js';

/** What a scenario's routines report: what happened, and what should have happened and did not. */
export interface Report {
  /** Something a reader of the timeline wants to know. */
  say(text: string): void;
  /** Counts a check; `text` says what has to hold. Gives `ok` back. */
  check(text: string, ok: boolean): boolean;
}

export interface GuestScene {
  readonly guest: GuestSide;
  /** The IOMMU that the guest was to look for. */
  readonly iommu: IommuChoice | undefined;
  readonly queue: RunQueue;
  readonly flags: Flags;
  readonly report: Report;
}

export interface HostScene {
  readonly host: HostSide;
  /** Words that the seed decides. */
  readonly random: () => number;
  readonly queue: RunQueue;
  readonly flags: Flags;
  readonly report: Report;
}

/** What a run is, for its reader. */
export interface Synopsis {
  readonly about: string;
  /** Ids of the requirements that it shows. */
  readonly shows: readonly string[];
}

/** A scenario: what the host offers, what the guest does, what the host does meanwhile. */
export interface Simulation extends Synopsis {
  readonly name: string;
  /** What it is with another IOMMU than its own, where it is something else then. */
  readonly otherwise?: Readonly<Partial<Record<IommuKind, Synopsis>>>;
  readonly cpus: number;
  readonly plan: Scenario;
  readonly isConfidential?: boolean;
  readonly knobs?: VpciKnobs;
  /** The guest has an IOMMU, if nothing else is said. */
  readonly iommu?: IommuChoice;
  /** What the partition has besides. */
  readonly partition?: HostSideOptions['partition'];
  guest(scene: GuestScene): Routine;
  host?(scene: HostScene): Routine;
}

/** What a run of a scenario is, with the IOMMU that it has. */
export function synopsisOf(simulation: Simulation, iommu: IommuChoice | undefined): Synopsis {
  return (iommu && simulation.otherwise?.[iommu.domain]) ?? simulation;
}

/** Hears of each check as it is made. */
export type CheckListener = (text: string, ok: boolean) => void;

/** Collects what two routines report. */
export class Findings implements Report {
  readonly failures: string[] = [];
  checks = 0;
  private readonly tell: (text: string) => void;
  private readonly checked: CheckListener;

  constructor(tell: (text: string) => void, checked: CheckListener = () => undefined) {
    this.tell = tell;
    this.checked = checked;
  }

  say(text: string): void {
    this.tell(text);
  }

  check(text: string, ok: boolean): boolean {
    this.checks++;
    this.checked(text, ok);
    if (ok) return true;
    this.failures.push(text);
    this.tell(`NOT TRUE: ${text}`);
    return false;
  }
}
