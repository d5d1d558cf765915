import { iommufd_ioctl as io, iommu_destroy } from '../../abi/iommufd/command.js';
import { iommu_fault_alloc } from '../../abi/iommufd/fault.js';
import { iommu_hwpt_alloc, iommu_hwpt_arm_smmuv3, iommu_hwpt_data_type } from '../../abi/iommufd/hwpt.js';
import { iommu_ioas_alloc } from '../../abi/iommufd/ioas.js';
import { evtq_ent } from '../../abi/iommufd/smmuv3-event.js';
import { iommu_vdevice_alloc, iommu_veventq_alloc, iommu_viommu_alloc } from '../../abi/iommufd/viommu.js';
import { Smmuv3EventHandler } from '../../guest/iommufd/event-routing.js';
import { IommufdDevice } from '../../guest/iommufd/ioctl.js';
import { IommufdContext } from '../../guest/iommufd/iommufd-context.js';
import type { PageAnswer } from '../../guest/iommufd/page-request.js';
import type { PhysicalDevice, PhysicalIommu } from '../../guest/iommufd/physical.js';
import { decodeSmmuv3Event } from '../../guest/iommufd/smmuv3-event.js';
import { StalledAccess } from '../../guest/iommufd/stalled-access.js';
import { decode, encode } from '../../layout/codec.js';
import type { InputOf } from '../../layout/types.js';
import type { LogSink } from '../../ports/log-sink.js';
import { type Outcome, success } from '../../ports/outcome.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import { CausalTrace, IOMMU_FD, IommufdCalls } from './iommufd-calls.js';

const STE_BYTES = iommu_hwpt_arm_smmuv3.size;
/** Where the structure that a request points to lies in the process; only the record shows it. */
const DATA_ADDRESS = 0x7f00_0000_1000n;
/** A stream table entry that is valid, with a table of the guest's for stage 1 (STRTAB_STE_0_V, CFG). */
const STE = [0x0000_0000_4000_000bn, 0n];

export const SMMU: PhysicalIommu = {
  name: 'smmu0',
  viommuTypes: [1],
  virtIdBits: 32,
  nestedData: { type: iommu_hwpt_data_type.IOMMU_HWPT_DATA_ARM_SMMUV3, bytes: STE_BYTES },
};

/** A queue that a request made: its object and its descriptor. */
export interface OpenQueue {
  readonly id: number;
  readonly fd: number;
}

type EventFields = Partial<InputOf<typeof evtq_ent>>;

/** A machine with an SMMUv3 and a process that hands two of its devices to a virtual machine. */
export class IommufdMachine {
  readonly context = new IommufdContext();
  readonly calls: IommufdCalls;
  private readonly trace: CausalTrace;
  private readonly handler: Smmuv3EventHandler;
  private readonly devices = new Map<number, PhysicalDevice>();

  constructor(trace: TraceSink, log: LogSink) {
    this.trace = new CausalTrace(trace);
    this.calls = new IommufdCalls(new IommufdDevice(this.context, IOMMU_FD + 1), this.trace);
    this.handler = new Smmuv3EventHandler(this.context, SMMU, log);
  }

  /** Hands a device over: the id of its DEVICE. */
  bind(streamId: number): Outcome<number> {
    const device = { name: `${SMMU.name}/${streamId.toString(16)}`, iommu: SMMU, streamId };
    this.devices.set(streamId, device);
    return this.vfio('bind', () => this.context.bindDevice(device), { stream: streamId });
  }

  attach(device: number, pt: number): Outcome<number> {
    return this.vfio('attach', () => this.context.attachDevice(device, pt), { device, pt });
  }

  detach(device: number): Outcome {
    return this.vfio('detach', () => this.context.detachDevice(device), { device });
  }

  unbind(device: number): Outcome {
    return this.vfio('unbind', () => this.context.unbindDevice(device), { device });
  }

  allocIoas(): Outcome<number> {
    const made = this.calls.ioctl(
      io.IOMMU_IOAS_ALLOC,
      encode(iommu_ioas_alloc, { size: iommu_ioas_alloc.size, flags: 0, out_ioas_id: 0 }),
    );
    return made.ok ? success(decode(iommu_ioas_alloc, made.value).out_ioas_id) : made;
  }

  /** A page table; on a VIOMMU with a stream table entry of the guest's. */
  allocHwpt(flags: number, device: number, pt: number, options: { fault?: number; nested?: boolean } = {}) {
    const { fault = 0, nested = false } = options;
    const argument = encode(iommu_hwpt_alloc, {
      size: iommu_hwpt_alloc.size,
      flags,
      dev_id: device,
      pt_id: pt,
      out_hwpt_id: 0,
      data_type: nested ? iommu_hwpt_data_type.IOMMU_HWPT_DATA_ARM_SMMUV3 : iommu_hwpt_data_type.IOMMU_HWPT_DATA_NONE,
      data_len: nested ? STE_BYTES : 0,
      data_uptr: nested ? DATA_ADDRESS : 0n,
      fault_id: fault,
    });
    const entry = nested ? encode(iommu_hwpt_arm_smmuv3, { ste: STE }) : undefined;
    const made = this.calls.ioctl(io.IOMMU_HWPT_ALLOC, argument, entry);
    return made.ok ? success(decode(iommu_hwpt_alloc, made.value).out_hwpt_id) : made;
  }

  allocFault(): Outcome<OpenQueue> {
    const argument = { size: iommu_fault_alloc.size, flags: 0, out_fault_id: 0, out_fault_fd: 0 };
    const made = this.calls.ioctl(io.IOMMU_FAULT_QUEUE_ALLOC, encode(iommu_fault_alloc, argument));
    if (!made.ok) return made;
    const { out_fault_id: id, out_fault_fd: fd } = decode(iommu_fault_alloc, made.value);
    return success({ id, fd });
  }

  allocViommu(type: number, device: number, hwpt: number): Outcome<number> {
    const argument = encode(iommu_viommu_alloc, {
      size: iommu_viommu_alloc.size,
      flags: 0,
      type,
      dev_id: device,
      hwpt_id: hwpt,
      out_viommu_id: 0,
      data_len: 0,
      data_uptr: 0n,
    });
    const made = this.calls.ioctl(io.IOMMU_VIOMMU_ALLOC, argument);
    return made.ok ? success(decode(iommu_viommu_alloc, made.value).out_viommu_id) : made;
  }

  allocVdevice(viommu: number, device: number, virtId: bigint): Outcome<number> {
    const argument = encode(iommu_vdevice_alloc, {
      size: iommu_vdevice_alloc.size,
      viommu_id: viommu,
      dev_id: device,
      out_vdevice_id: 0,
      virt_id: virtId,
    });
    const made = this.calls.ioctl(io.IOMMU_VDEVICE_ALLOC, argument);
    return made.ok ? success(decode(iommu_vdevice_alloc, made.value).out_vdevice_id) : made;
  }

  allocVeventq(viommu: number, type: number, depth: number): Outcome<OpenQueue> {
    const argument = encode(iommu_veventq_alloc, {
      size: iommu_veventq_alloc.size,
      flags: 0,
      viommu_id: viommu,
      type,
      veventq_depth: depth,
      out_veventq_id: 0,
      out_veventq_fd: 0,
    });
    const made = this.calls.ioctl(io.IOMMU_VEVENTQ_ALLOC, argument);
    if (!made.ok) return made;
    const { out_veventq_id: id, out_veventq_fd: fd } = decode(iommu_veventq_alloc, made.value);
    return success({ id, fd });
  }

  destroy(id: number): Outcome<unknown> {
    return this.calls.ioctl(io.IOMMU_DESTROY, encode(iommu_destroy, { size: iommu_destroy.size, id }));
  }

  /** The SMMU writes an event record: who was told, as the handler of the interrupt sees it. */
  report(fields: EventFields, answer?: (answer: PageAnswer) => void): Outcome {
    const raw = encode(evtq_ent, { ...NO_EVENT, ...fields });
    this.trace.event({ k: 'smmu_event', iommu: SMMU.name, stream: fields.EVTQ_0_SID, raw });
    return this.handler.handle(decodeSmmuv3Event(raw), answer);
  }

  /** A device writes to memory and waits while its page is not there. */
  access(streamId: number, address: bigint, tag: number, isThere: () => boolean): StalledAccess {
    const told = (state: string): void => this.trace.event({ k: 'dma', stream: streamId, address, state });
    return new StalledAccess(
      () => {
        const there = isThere();
        told(there ? 'done' : 'stalled');
        return there;
      },
      (answer) => {
        const fields = { ...STALL, EVTQ_0_SID: streamId, EVTQ_1_STAG: tag, EVTQ_2_ADDR: address };
        this.report(fields, (given) => {
          if (given === 'invalid') told('aborted');
          answer(given);
        });
      },
    );
  }

  /** What goes through the device's own descriptor. */
  private vfio<T>(op: string, act: () => Outcome<T>, words: Readonly<Record<string, number>>): Outcome<T> {
    return this.trace.call(act, (done) => ({
      k: 'vfio',
      op,
      ...words,
      ...(done.ok && typeof done.value === 'number' ? { id: done.value } : {}),
      ...(done.ok ? {} : { errno: done.errno }),
    }));
  }
}

/** An answer that a check has shown to be there: its value, or 0 so that what follows fails too. */
export const idOf = (made: Outcome<number>): number => (made.ok ? made.value : 0);

export const queueOf = (made: Outcome<OpenQueue>): OpenQueue => (made.ok ? made.value : { id: 0, fd: 0 });

/** The errno of a refusal, or `done`. */
export const errnoOf = (made: Outcome<unknown>): string => (made.ok ? 'done' : made.errno);

const NO_EVENT: InputOf<typeof evtq_ent> = {
  EVTQ_0_ID: 0,
  EVTQ_0_SSV: false,
  EVTQ_0_SSID: 0,
  EVTQ_0_SID: 0,
  EVTQ_1_STAG: 0,
  EVTQ_1_STALL: false,
  EVTQ_1_PnU: false,
  EVTQ_1_InD: false,
  EVTQ_1_RnW: false,
  EVTQ_1_S2: false,
  EVTQ_1_CLASS: 0,
  EVTQ_1_TT_READ: false,
  EVTQ_2_ADDR: 0n,
  evtq_3: { ipa: { EVTQ_3_IPA: 0n } },
};

const INPUT_ADDRESS = 2;
const STALL: EventFields = { EVTQ_0_ID: 0x10, EVTQ_1_STALL: true, EVTQ_1_CLASS: INPUT_ADDRESS };
