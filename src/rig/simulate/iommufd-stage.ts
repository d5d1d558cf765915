import { iommufd_hwpt_alloc_flags } from '../../abi/iommufd/hwpt.js';
import { iommu_veventq_type, iommu_viommu_type } from '../../abi/iommufd/viommu.js';
import type { LossCount } from '../../guest/iommufd/vevent-reader.js';
import type { Outcome } from '../../ports/outcome.js';
import { type IommufdMachine, idOf, type OpenQueue, queueOf } from './iommufd-machine.js';
import type { HostScene, Report } from './simulation.js';

/** StreamIDs of the machine's devices, and what the guest calls them. */
export const DISK = 0x21;
export const NIC = 0x35;
export const VIRTUAL_DISK = 0x100;
export const VIRTUAL_NIC = 0x108;
/** Events that the queue keeps. */
export const DEPTH = 8;
/** Between what different threads do. */
export const STEP_US = 100;

const { IOMMU_HWPT_ALLOC_NEST_PARENT: PARENT, IOMMU_HWPT_FAULT_ID_VALID: WITH_FAULTS } = iommufd_hwpt_alloc_flags;

/** What the process made, by ids. */
export interface Objects {
  readonly disk: number;
  readonly nic: number;
  readonly ioas: number;
  readonly parent: number;
  readonly fault: OpenQueue;
  readonly viommu: number;
  readonly virtualDisk: number;
  readonly virtualNic: number;
  readonly nested: number;
  readonly quiet: number;
  readonly events: OpenQueue;
}

/** One run: the machine, what was made of it, and who hears what holds. */
export interface Stage extends Pick<HostScene, 'queue'> {
  readonly machine: IommufdMachine;
  readonly report: Report;
  readonly made: Objects;
  readonly losses: LossCount;
}

/** Makes everything that a virtual machine with two devices needs, request by request. */
export function build(machine: IommufdMachine, report: Report): Objects {
  const is = <T>(text: string, made: Outcome<T>): Outcome<T> => {
    report.check(made.ok ? text : `${text}: ${made.errno}`, made.ok);
    return made;
  };
  const disk = idOf(is('the disk is bound', machine.bind(DISK)));
  const nic = idOf(is('the network card is bound', machine.bind(NIC)));
  const ioas = idOf(is('there is an address space', machine.allocIoas()));
  const parent = idOf(is('and a page table of the second stage', machine.allocHwpt(PARENT, disk, ioas)));
  const fault = queueOf(is('there is a queue of page faults', machine.allocFault()));
  const type = iommu_viommu_type.IOMMU_VIOMMU_TYPE_ARM_SMMUV3;
  const viommu = idOf(is('there is a virtual IOMMU', machine.allocViommu(type, disk, parent)));
  const virtualDisk = idOf(is('the disk is on it', machine.allocVdevice(viommu, disk, BigInt(VIRTUAL_DISK))));
  const virtualNic = idOf(is('so is the network card', machine.allocVdevice(viommu, nic, BigInt(VIRTUAL_NIC))));
  const faulting = { fault: fault.id, nested: true };
  const nested = idOf(is('the guest has a page table', machine.allocHwpt(WITH_FAULTS, disk, viommu, faulting)));
  const quiet = idOf(is('and one without page faults', machine.allocHwpt(0, nic, viommu, { nested: true })));
  const eventType = iommu_veventq_type.IOMMU_VEVENTQ_TYPE_ARM_SMMUV3;
  const events = queueOf(is('there is a queue of events', machine.allocVeventq(viommu, eventType, DEPTH)));
  is('the disk is attached', machine.attach(disk, nested));
  is('the network card is attached', machine.attach(nic, quiet));
  return { disk, nic, ioas, parent, fault, viommu, virtualDisk, virtualNic, nested, quiet, events };
}
