import { NO_VENDOR } from '../../hardware/pci-config.js';
import { logicalDeviceId, logicalDeviceIdPrefix } from '../../hypercall/logical-device-id.js';
import { type Completion, Mutex, OrderedWork } from '../../sched/sync.js';
import type { DomainNumberPool } from '../device-id/domain-number-pool.js';
import type { LogicalDeviceIdRegistration } from '../device-id/logical-device-id-table.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import type { PciBus } from '../pci/pci-bus.js';
import type { PciCore } from '../pci/pci-core.js';
import type { VmbusChannel } from '../vmbus/vmbus-channel.js';
import type { InterruptBus } from '../vpci-interrupts/interrupt-bus.js';
import type { Child, FunctionDescription } from './child.js';
import type { ConfigWindow } from './config-window.js';
import type { SavedFunction } from './saved-function.js';
import { slotOfDevfn } from './slot.js';

/** Where a bus is in its life (enum hv_pcibus_state). */
export type BusState = 'init' | 'probed' | 'installed' | 'removing' | 'removed';

/** Device space that a bus has for the BARs of its functions. */
export interface BridgeWindow {
  readonly where: 'low' | 'high';
  readonly gpa: number;
  readonly bytes: bigint;
}

/** NUMA nodes of the guest. */
export interface NumaNodes {
  /** Nodes there can be, counted from 0. */
  readonly possible: number;
  /** Nodes that have processors now; at least one. */
  readonly online: readonly number[];
}

/** What all buses of a driver share. */
export interface BusSettings {
  readonly machine: GuestMachine;
  readonly pci: PciCore;
  readonly domains: DomainNumberPool;
  readonly ids: LogicalDeviceIdRegistration;
  /** Protocol versions to ask for, in this order. */
  readonly versions: readonly number[];
  /** Configuration space by hypercalls alone: what a confidential guest touches does not exit (VPCI-43). */
  readonly isConfidential: boolean;
  /** Says RESOURCES_RELEASED on removal, which Linux does not: its children are gone by then (VPCI-82). */
  readonly releaseOnRemove: boolean;
  /** Binds drivers to functions that come by later bus relations; Linux only scans them. */
  readonly bindsLateFunctions: boolean;
  readonly numaNodes: NumaNodes;
}

/** One virtual PCI bus of the guest (struct hv_pcibus_device). */
export class VirtualBus implements InterruptBus {
  readonly settings: BusSettings;
  readonly channel: VmbusChannel;
  /** What all logical device ids of the bus begin with. */
  readonly prefix: number;
  /** Held while the bus goes from one state to another, and by the work that changes its functions. */
  readonly stateLock = new Mutex();
  /** Relations and ejections, in the order in which they came (VPCI-72). */
  readonly work: OrderedWork;
  readonly children: Child[] = [];
  /** The newest bus relations that no work has taken yet. */
  relations: readonly FunctionDescription[] | undefined;
  /** Slots of ejections that wait for relations in work. */
  readonly lateEjections = new Set<number>();
  /** Who waits for bus relations to be taken in. */
  survey: Completion | undefined;
  state: BusState = 'init';
  version = 0;
  /** PCI domain number; undefined while it has none. */
  domain: number | undefined;
  config: ConfigWindow | undefined;
  windows: BridgeWindow[] = [];
  /** The bus as the PCI core has it. */
  root: PciBus | undefined;
  /** Highest slot that the host has been told the resources of; -1 for none. */
  resourcesAssigned = -1;
  /** Functions as they were when the bus was put away. */
  saved: readonly SavedFunction[] = [];
  private readonly drain: (bus: VirtualBus) => void;

  /** `drain` handles what is in the channel's ring. */
  constructor(settings: BusSettings, channel: VmbusChannel, drain: (bus: VirtualBus) => void) {
    this.settings = settings;
    this.channel = channel;
    this.drain = drain;
    this.prefix = logicalDeviceIdPrefix(channel.offer.instanceBytes);
    this.work = new OrderedWork(settings.machine.queue);
  }

  get removing(): boolean {
    return this.state === 'removing' || this.state === 'removed';
  }

  childAt(slot: number): Child | undefined {
    return this.children.find((child) => child.slot === slot);
  }

  childOf(devfn: number): Child | undefined {
    return this.childAt(slotOfDevfn(devfn));
  }

  slotOf(devfn: number): number | undefined {
    return this.childOf(devfn)?.slot;
  }

  vendorOf(devfn: number): number {
    const slot = this.slotOf(devfn);
    return slot === undefined ? NO_VENDOR : (this.config?.readVendor(slot) ?? NO_VENDOR);
  }

  drainChannel(): void {
    this.drain(this);
  }

  deviceIdOf(devfn: number): bigint {
    return logicalDeviceId(this.prefix, devfn);
  }

  log(level: 'info' | 'warn' | 'error', code: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.settings.machine.log({ level, code, fields: { instance: this.channel.offer.instanceId, ...fields } });
  }
}
