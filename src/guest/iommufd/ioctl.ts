import { iommu_destroy, iommufd_ioctl } from '../../abi/iommufd/command.js';
import { iommu_fault_alloc } from '../../abi/iommufd/fault.js';
import { iommu_hwpt_alloc } from '../../abi/iommufd/hwpt.js';
import { iommu_ioas_alloc } from '../../abi/iommufd/ioas.js';
import { iommu_vdevice_alloc, iommu_veventq_alloc, iommu_viommu_alloc } from '../../abi/iommufd/viommu.js';
import { decode, encode } from '../../layout/codec.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { EventFile } from './event-file.js';
import { IdSpace } from './id-space.js';
import type { IommufdContext } from './iommufd-context.js';

// The requests on /dev/iommu that make and destroy objects. drivers/iommu/iommufd/main.c; include/uapi/linux/iommufd.h.

interface Request {
  /** Bytes of the structure, and those that the first kernel with this request knew. */
  readonly size: number;
  readonly minSize: number;
  /** The answer as bytes, from a structure of `size` bytes. */
  readonly act: (device: IommufdDevice, bytes: Uint8Array) => Outcome<Uint8Array>;
}

/** /dev/iommu, opened once: the objects of a context as a process sees them, by ioctl(2) and file descriptors. */
export class IommufdDevice {
  readonly context: IommufdContext;
  private readonly files = new Map<number, EventFile>();
  private readonly numbers = new IdSpace();
  private readonly firstFd: number;

  /** `firstFd`: the lowest number that a new descriptor may get. */
  constructor(context: IommufdContext, firstFd = 3) {
    this.context = context;
    this.firstFd = firstFd;
  }

  /** The file behind a descriptor that a request gave. */
  file(fd: number): EventFile | undefined {
    return this.files.get(fd);
  }

  /** Gives the descriptor of a new queue. */
  open(file: EventFile): number {
    const fd = this.firstFd + (this.numbers.take() ?? 0) - 1;
    this.files.set(fd, file);
    return fd;
  }

  /** close(2). */
  close(fd: number): void {
    if (this.files.delete(fd)) this.numbers.give(fd - this.firstFd + 1);
  }

  /**
   * ioctl(2): `argument` is the structure, its size in the first word; what the kernel fills in is written back. ENOTTY for
   * requests that are not modelled, EINVAL for a structure that is too short, E2BIG for one with more than the kernel knows.
   */
  ioctl(request: number, argument: Uint8Array): Outcome {
    const known = REQUESTS.get(request);
    if (known === undefined) return failure('ENOTTY');
    if (argument.length < 4) return failure('EFAULT');
    const size = new DataView(argument.buffer, argument.byteOffset).getUint32(0, true);
    if (size < known.minSize) return failure('EINVAL');
    if (size > argument.length) return failure('EFAULT');
    if (argument.subarray(known.size, size).some((byte) => byte !== 0)) return failure('E2BIG');
    const bytes = new Uint8Array(known.size);
    bytes.set(argument.subarray(0, Math.min(size, known.size)));
    const done = known.act(this, bytes);
    if (!done.ok) return done;
    argument.set(done.value.subarray(0, Math.min(size, known.size)));
    return success(undefined);
  }
}

const REQUESTS: ReadonlyMap<number, Request> = new Map<number, Request>([
  [iommufd_ioctl.IOMMU_DESTROY, { size: 0x8, minSize: 0x8, act: destroy }],
  [iommufd_ioctl.IOMMU_IOAS_ALLOC, { size: 0xc, minSize: 0xc, act: allocIoas }],
  [iommufd_ioctl.IOMMU_HWPT_ALLOC, { size: 0x30, minSize: 0x18, act: allocHwpt }],
  [iommufd_ioctl.IOMMU_FAULT_QUEUE_ALLOC, { size: 0x10, minSize: 0x10, act: allocFault }],
  [iommufd_ioctl.IOMMU_VIOMMU_ALLOC, { size: 0x28, minSize: 0x18, act: allocViommu }],
  [iommufd_ioctl.IOMMU_VDEVICE_ALLOC, { size: 0x18, minSize: 0x18, act: allocVdevice }],
  [iommufd_ioctl.IOMMU_VEVENTQ_ALLOC, { size: 0x20, minSize: 0x1c, act: allocVeventq }],
]);

function answer(made: Outcome<number>, fill: (id: number) => Uint8Array): Outcome<Uint8Array> {
  return made.ok ? success(fill(made.value)) : made;
}

function destroy(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const done = device.context.destroy(decode(iommu_destroy, bytes).id);
  return done.ok ? success(bytes) : done;
}

function allocIoas(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_ioas_alloc, bytes);
  if (asked.flags !== 0) return failure('EOPNOTSUPP');
  return answer(device.context.allocIoas(), (out_ioas_id) => encode(iommu_ioas_alloc, { ...asked, out_ioas_id }));
}

function allocHwpt(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_hwpt_alloc, bytes);
  if (asked.__reserved !== undefined || asked.__reserved2 !== undefined) return failure('EOPNOTSUPP');
  const { flags, dev_id: deviceId, pt_id: ptId, fault_id: faultId } = asked;
  const made = device.context.allocHwpt({ flags, deviceId, ptId, faultId });
  return answer(made, (out_hwpt_id) => encode(iommu_hwpt_alloc, { ...asked, out_hwpt_id }));
}

function allocFault(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_fault_alloc, bytes);
  if (asked.flags !== 0) return failure('EOPNOTSUPP');
  return answer(device.context.allocFault(), (out_fault_id) => {
    const file = device.context.faultFile(out_fault_id);
    const out_fault_fd = file === undefined ? 0 : device.open(file);
    return encode(iommu_fault_alloc, { ...asked, out_fault_id, out_fault_fd });
  });
}

function allocViommu(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_viommu_alloc, bytes);
  const { flags, type, dev_id: deviceId, hwpt_id: hwptId } = asked;
  if (asked.__reserved !== undefined) return failure('EOPNOTSUPP');
  const made = device.context.allocViommu({ flags, type, deviceId, hwptId });
  return answer(made, (out_viommu_id) => encode(iommu_viommu_alloc, { ...asked, out_viommu_id }));
}

function allocVdevice(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_vdevice_alloc, bytes);
  const { viommu_id: viommuId, dev_id: deviceId, virt_id: virtId } = asked;
  const made = device.context.allocVdevice({ viommuId, deviceId, virtId });
  return answer(made, (out_vdevice_id) => encode(iommu_vdevice_alloc, { ...asked, out_vdevice_id }));
}

function allocVeventq(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_veventq_alloc, bytes);
  const { flags, viommu_id: viommuId, type, veventq_depth: depth } = asked;
  const reserved = asked.__reserved === undefined ? 0 : 1;
  const made = device.context.allocVeventq({ flags, reserved, viommuId, type, depth });
  return answer(made, (out_veventq_id) => {
    const file = device.context.veventFile(out_veventq_id);
    const out_veventq_fd = file === undefined ? 0 : device.open(file);
    return encode(iommu_veventq_alloc, { ...asked, out_veventq_id, out_veventq_fd });
  });
}
