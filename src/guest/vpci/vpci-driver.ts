import { HV_PCIE_GUID } from '../../abi/guids.js';
import { pci_protocol_version_t } from '../../abi/vpci/message.js';
import { failure, type Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import type { DomainNumberPool } from '../device-id/domain-number-pool.js';
import { type LogicalDeviceIdRegistration, NO_LOGICAL_DEVICE_IDS } from '../device-id/logical-device-id-table.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import type { PciCore } from '../pci/pci-core.js';
import type { VmbusChannel, VmbusDriver } from '../vmbus/vmbus-channel.js';
import { drainChannel } from './channel-callback.js';
import { ChannelConfigBlocks, type ConfigBlocks } from './config-blocks.js';
import { resumeBus, suspendBus } from './hibernation.js';
import { probeBus } from './probe.js';
import { removeBus } from './removal.js';
import { type BusSettings, type NumaNodes, VirtualBus } from './virtual-bus.js';

/** Versions that Linux asks for, newest first (VPCI-02). */
export const LINUX_VPCI_VERSIONS: readonly number[] = [
  pci_protocol_version_t.PCI_PROTOCOL_VERSION_1_4,
  pci_protocol_version_t.PCI_PROTOCOL_VERSION_1_3,
  pci_protocol_version_t.PCI_PROTOCOL_VERSION_1_2,
  pci_protocol_version_t.PCI_PROTOCOL_VERSION_1_1,
];

export interface VpciDriverOptions {
  readonly pci: PciCore;
  readonly domains: DomainNumberPool;
  /** Where prefixes of logical device ids go; nowhere when absent (LDID-14). */
  readonly ids?: LogicalDeviceIdRegistration;
  /** Protocol versions to ask for, in this order; those of Linux when absent. */
  readonly versions?: readonly number[];
  /** Configuration space by hypercalls (HV_X64_USE_MMIO_HYPERCALLS of the CPUID hints). */
  readonly isConfidential?: boolean;
  /** Sends RESOURCES_RELEASED on removal; Linux does not (VPCI-82). */
  readonly releaseOnRemove?: boolean;
  /** Gives addresses and drivers to functions that come by later bus relations; Linux does not. */
  readonly bindsLateFunctions?: boolean;
  /** One node when absent. */
  readonly numaNodes?: NumaNodes;
}

/** Virtual PCI of the guest: a bus for each channel of its class (pci-hyperv). */
export class VpciDriver implements VmbusDriver {
  readonly interfaceIds: readonly string[] = [HV_PCIE_GUID];
  /** The side channel of drivers of functions. */
  readonly blocks: ConfigBlocks;
  private readonly settings: BusSettings;
  private readonly byChannel = new Map<VmbusChannel, VirtualBus>();

  constructor(machine: GuestMachine, options: VpciDriverOptions) {
    this.settings = {
      machine,
      pci: options.pci,
      domains: options.domains,
      ids: options.ids ?? NO_LOGICAL_DEVICE_IDS,
      versions: options.versions ?? LINUX_VPCI_VERSIONS,
      isConfidential: options.isConfidential ?? false,
      releaseOnRemove: options.releaseOnRemove ?? false,
      bindsLateFunctions: options.bindsLateFunctions ?? false,
      numaNodes: options.numaNodes ?? { possible: 1, online: [0] },
    };
    this.blocks = new ChannelConfigBlocks((domain) => this.busOf(domain));
  }

  /** Buses that are there, come or go, in the order in which they were found. */
  get buses(): readonly VirtualBus[] {
    return [...this.byChannel.values()];
  }

  /** The bus of a PCI domain. */
  busOf(domain: number): VirtualBus | undefined {
    return this.buses.find((bus) => bus.domain === domain);
  }

  /** Brings a bus up. EBUSY for a channel that has one. */
  *probe(channel: VmbusChannel): Routine<Outcome> {
    if (this.byChannel.has(channel)) return failure('EBUSY');
    const bus = new VirtualBus(this.settings, channel, drainChannel);
    this.byChannel.set(channel, bus);
    const probed = yield* probeBus(bus);
    if (!probed.ok) this.byChannel.delete(channel);
    return probed;
  }

  *remove(channel: VmbusChannel): Routine {
    const bus = this.byChannel.get(channel);
    if (bus === undefined) return;
    yield* removeBus(bus);
    this.byChannel.delete(channel);
  }

  *suspend(channel: VmbusChannel): Routine<Outcome> {
    const bus = this.byChannel.get(channel);
    return bus === undefined ? failure('ENODEV') : yield* suspendBus(bus);
  }

  *resume(channel: VmbusChannel): Routine<Outcome> {
    const bus = this.byChannel.get(channel);
    return bus === undefined ? failure('ENODEV') : yield* resumeBus(bus);
  }
}
