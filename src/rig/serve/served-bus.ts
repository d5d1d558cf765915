import { vpciVersions } from '../../abi/vpci/protocol.js';
import { guidToBytes } from '../../bytes/guid.js';
import { logicalDeviceId, logicalDeviceIdPrefix } from '../../hypercall/logical-device-id.js';
import type { DmaPort } from '../../ports/dma-port.js';
import type { HostPort } from '../../ports/host-port.js';
import { BarDevice } from '../../vsp/pci/bar-device.js';
import { NvmeDevice } from '../../vsp/pci/nvme-device.js';
import type { PciDevice } from '../../vsp/pci/pci-device.js';
import type { ChannelServer, OfferedChannel } from '../../vsp/vmbus/channel-server.js';
import type { VpciFunction } from '../../vsp/vpci/bus-function.js';
import { VpciBus, type VpciKnobs } from '../../vsp/vpci/vpci-bus.js';
import type { BusPlan, FunctionPlan } from './scenarios.js';

/** An IOMMU in front of the functions of a bus; devices are named by their logical ids. */
export interface BusIommu {
  dmaOf(deviceId: bigint): DmaPort;
  /** A device comes, or is gone. */
  setPresent(deviceId: bigint, isPresent: boolean): void;
}

export interface ServedBusOptions {
  readonly port: HostPort;
  readonly server: ChannelServer;
  readonly plan: BusPlan;
  /** Newest protocol version, major << 16 | minor. */
  readonly vpciMax: number;
  readonly note: (text: string) => void;
  /** How the host differs from a faultless one. */
  readonly knobs?: VpciKnobs;
  readonly iommu?: BusIommu;
}

const OLDEST = 0x0001_0001;
/** Messages of the function that has plain MSI. */
const MSI_MESSAGES = 4;

/** A virtual PCI bus with its offer, and what a person can ask of it. */
export class ServedBus {
  readonly bus: VpciBus;
  readonly offered: OfferedChannel;
  private readonly all: readonly VpciFunction[];
  private readonly note: (text: string) => void;
  private present: readonly VpciFunction[];
  private readonly iommu: BusIommu | undefined;
  private readonly prefix: number;

  /** Makes the devices and offers the bus. */
  constructor({ port, server, plan, vpciMax, note, knobs, iommu }: ServedBusOptions) {
    this.note = note;
    this.iommu = iommu;
    this.prefix = logicalDeviceIdPrefix(guidToBytes(plan.instanceId));
    this.all = plan.functions.map((one) => functionOf(one, port, iommu?.dmaOf(logicalDeviceId(this.prefix, one.func))));
    this.present = this.all;
    this.bus = new VpciBus(port, {
      instanceId: plan.instanceId,
      functions: this.all,
      // A status alone, as the host of the recorded captures answers: records can be compared byte by byte.
      knobs: { shortAnswers: true, ...knobs },
      versions: vpciVersions.map(({ version }) => version).filter((one) => one >= OLDEST && one <= vpciMax),
      rescind: (forced) => {
        if (forced) this.note('the guest did not eject in time');
        this.offered.rescind();
        this.setPresent(false);
      },
    });
    this.offered = server.offer(this.bus);
  }

  /** Asks the guest to give the highest function back. */
  eject(): void {
    const slot = this.bus.slots.at(-1);
    if (slot === undefined || !this.bus.eject({ slot })) {
      this.note('there is nothing to eject: no function, or no guest that talks');
      return;
    }
    this.present = this.all.filter((one) => (one.dev | (one.func << 5)) !== slot);
    this.note(`ejecting function ${slot >> 5} of ${this.bus.instanceId}`);
  }

  /** Brings the ejected functions back, by new bus relations where the bus is there, else by a new offer. */
  relations(): void {
    this.present = this.all;
    if (this.bus.state === 'rescinded') {
      this.reoffer();
      return;
    }
    this.note(`all functions of ${this.bus.instanceId} are there`);
    if (!this.bus.changeRelations(this.all)) this.note('another open bus has a function of the same id');
  }

  /** Takes the bus away, open or not. */
  rescind(): void {
    this.note(`channel ${this.offered.relid} (${this.bus.instanceId}) goes away`);
    this.bus.withdraw();
    if (!this.offered.rescind()) this.note('it is away already');
    this.setPresent(false);
  }

  /** Offers the bus again, with all its functions. */
  reoffer(): void {
    this.present = this.all;
    this.bus.changeRelations(this.all);
    this.setPresent(true);
    this.note(this.offered.reoffer() ? `${this.bus.instanceId} is offered again` : 'it is there already');
  }

  private setPresent(isPresent: boolean): void {
    for (const { func } of this.all) this.iommu?.setPresent(logicalDeviceId(this.prefix, func), isPresent);
  }

  /** One line about the bus, for the end. */
  describe(): string {
    const { version, state } = this.bus;
    const protocol = version === undefined ? 'vPCI' : `vPCI ${version >>> 16}.${version & 0xffff}`;
    const { interrupts, windows } = this.bus.leaks();
    const left = interrupts + windows > 0 ? `, holds ${interrupts} interrupts and ${windows} windows` : '';
    return `${this.offered.relid}: ${protocol}, ${this.bus.instanceId}, ${this.present.length} of ${this.all.length} functions, ${state}${left}`;
  }
}

function functionOf(plan: FunctionPlan, port: HostPort, dma: DmaPort | undefined): VpciFunction {
  const { dev, func, serial, numaNode } = plan;
  return { dev, func, serial, numaNode, device: deviceOf(plan, port, dma) };
}

function deviceOf({ device, serial }: FunctionPlan, port: HostPort, dma: DmaPort | undefined): PciDevice {
  if (device === 'registers') return new BarDevice({ port });
  const interrupts = device === 'nvme-msi' ? MSI_MESSAGES : 'msix';
  return new NvmeDevice({ port, serial, interrupts, ...(dma === undefined ? {} : { dma }) });
}
