import { iommufd_hwpt_alloc_flags } from '../../../src/abi/iommufd/hwpt.js';
import { IommufdContext, type IommufdOptions } from '../../../src/guest/iommufd/iommufd-context.js';
import type { PhysicalDevice, PhysicalIommu } from '../../../src/guest/iommufd/physical.js';
import type { Outcome } from '../../../src/ports/outcome.js';

export const SMMU_TYPE = 1;
/** The structure of a nested page table: iommu_hwpt_arm_smmuv3. */
export const STE = { type: 2, bytes: 16 } as const;
/** What a request for one has besides. */
export const WITH_STE = { dataType: STE.type, dataLength: STE.bytes } as const;

export function smmu(name = 'smmu0', more: Partial<PhysicalIommu> = {}): PhysicalIommu {
  return { name, viommuTypes: [SMMU_TYPE], virtIdBits: 32, nestedData: STE, ...more };
}

export function physical(iommu: PhysicalIommu, streamId: number): PhysicalDevice {
  return { name: `${iommu.name}/${streamId.toString(16)}`, iommu, streamId };
}

/** The value of a reply that must not be a refusal. */
export function got<T>(reply: Outcome<T>): T {
  if (!reply.ok) throw new Error(`refused: ${reply.errno}`);
  return reply.value;
}

/** The errno of a refusal, or 'ok'. */
export function errnoOf(reply: Outcome<unknown>): string {
  return reply.ok ? 'ok' : reply.errno;
}

export interface NestedMachine {
  readonly context: IommufdContext;
  readonly iommu: PhysicalIommu;
  readonly host: PhysicalDevice;
  readonly ioas: number;
  readonly device: number;
  readonly parent: number;
  readonly viommu: number;
  readonly fault: number;
  /** A page table on the virtual IOMMU, with the fault queue. */
  readonly nested: number;
}

/** A device with StreamID 0x21 and everything under a virtual IOMMU but its VDEVICE; not attached. */
export function nestedMachine(options?: IommufdOptions, iommu: PhysicalIommu = smmu()): NestedMachine {
  const context = new IommufdContext(options);
  const host = physical(iommu, 0x21);
  const ioas = got(context.allocIoas());
  const device = got(context.bindDevice(host));
  const flags = iommufd_hwpt_alloc_flags.IOMMU_HWPT_ALLOC_NEST_PARENT;
  const parent = got(context.allocHwpt({ flags, deviceId: device, ptId: ioas }));
  const viommu = got(context.allocViommu({ type: SMMU_TYPE, deviceId: device, hwptId: parent }));
  const fault = got(context.allocFault());
  const withFault = iommufd_hwpt_alloc_flags.IOMMU_HWPT_FAULT_ID_VALID;
  const nested = got(
    context.allocHwpt({ flags: withFault, deviceId: device, ptId: viommu, faultId: fault, ...WITH_STE }),
  );
  return { context, iommu, host, ioas, device, parent, viommu, fault, nested };
}
