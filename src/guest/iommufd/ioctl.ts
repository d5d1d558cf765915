import { iommu_destroy, iommufd_ioctl } from '../../abi/iommufd/command.js';
import { iommu_fault_alloc } from '../../abi/iommufd/fault.js';
import { iommu_hwpt_alloc } from '../../abi/iommufd/hwpt.js';
import { iommu_ioas_alloc } from '../../abi/iommufd/ioas.js';
import { iommufdRequests } from '../../abi/iommufd/requests.js';
import { iommu_vdevice_alloc, iommu_veventq_alloc, iommu_viommu_alloc } from '../../abi/iommufd/viommu.js';
import { decode, encode } from '../../layout/codec.js';
import { pick } from '../../layout/group.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { EventFile } from './event-file.js';
import { IdSpace } from './id-space.js';
import type { IommufdContext } from './iommufd-context.js';

// The requests on /dev/iommu that make and destroy objects. drivers/iommu/iommufd/main.c, as of Linux 7.0;
// include/uapi/linux/iommufd.h.

interface OpenFile {
  readonly file: EventFile;
  letGo(): void;
}

/** /dev/iommu, opened once: the objects of a context as a process sees them, by ioctl(2) and file descriptors. */
export class IommufdDevice {
  readonly context: IommufdContext;
  private readonly files = new Map<number, OpenFile>();
  private readonly numbers = new IdSpace();
  private readonly firstFd: number;
  private released = false;

  /** `firstFd`: the lowest number that a new descriptor may get. */
  constructor(context: IommufdContext, firstFd = 3) {
    this.context = context;
    this.firstFd = firstFd;
  }

  /** The file behind a descriptor that a request gave. */
  file(fd: number): EventFile | undefined {
    return this.files.get(fd)?.file;
  }

  /** Gives the descriptor of a new queue, which cannot be destroyed before it is closed (iommufd_eventq_init). */
  open(file: EventFile, id: number): number {
    const held = this.context.hold(id);
    const fd = this.firstFd + (this.numbers.take() ?? 0) - 1;
    this.files.set(fd, { file, letGo: () => held.ok && held.value.letGo() });
    return fd;
  }

  /** close(2) of /dev/iommu itself: no request any more (EBADF), and no object once the queues are closed, too. */
  release(): void {
    this.released = true;
    this.context.close();
  }

  /** close(2) of a queue's descriptor. */
  close(fd: number): void {
    this.files.get(fd)?.letGo();
    if (this.files.delete(fd)) this.numbers.give(fd - this.firstFd + 1);
  }

  /**
   * ioctl(2): `argument` is the structure, its size in the first word; what the kernel fills in is written back. ENOTTY for
   * requests that are not modelled, EINVAL for a structure that is too short, E2BIG for one with more than the kernel knows,
   * EFAULT for one that is not there; EBADF once the descriptor is closed.
   */
  ioctl(request: number, argument: Uint8Array): Outcome {
    if (this.released) return failure('EBADF');
    const known = REQUESTS.get(request);
    if (known === undefined) return failure('ENOTTY');
    if (argument.length < 4) return failure('EFAULT');
    const size = new DataView(argument.buffer, argument.byteOffset).getUint32(0, true);
    if (size < known.minSize) return failure('EINVAL');
    // copy_struct_from_user looks at what it does not know first.
    if (argument.subarray(known.size, size).some((byte) => byte !== 0)) return failure('E2BIG');
    if (size > argument.length) return failure('EFAULT');
    const bytes = new Uint8Array(known.size);
    bytes.set(argument.subarray(0, Math.min(size, known.size)));
    const done = known.act(this, bytes);
    if (!done.ok) return done;
    argument.set(done.value.subarray(0, Math.min(size, known.size)));
    return success(undefined);
  }
}

type Act = (device: IommufdDevice, bytes: Uint8Array) => Outcome<Uint8Array>;

interface Request {
  /** Bytes of the structure, and those that a caller must give. */
  readonly size: number;
  readonly minSize: number;
  /** The answer as bytes, from a structure of `size` bytes. */
  readonly act: Act;
}

const ACTS: ReadonlyMap<number, Act> = new Map<number, Act>([
  [iommufd_ioctl.IOMMU_DESTROY, destroy],
  [iommufd_ioctl.IOMMU_IOAS_ALLOC, allocIoas],
  [iommufd_ioctl.IOMMU_HWPT_ALLOC, allocHwpt],
  [iommufd_ioctl.IOMMU_FAULT_QUEUE_ALLOC, allocFault],
  [iommufd_ioctl.IOMMU_VIOMMU_ALLOC, allocViommu],
  [iommufd_ioctl.IOMMU_VDEVICE_ALLOC, allocVdevice],
  [iommufd_ioctl.IOMMU_VEVENTQ_ALLOC, allocVeventq],
]);

const REQUESTS: ReadonlyMap<number, Request> = new Map(
  iommufdRequests.flatMap(({ request, struct, minSize }) => {
    const act = ACTS.get(request);
    return act === undefined ? [] : [[request, { size: pick(struct).type.size, minSize, act }] as const];
  }),
);

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

// Of the reserved words Linux looks at the first alone.
function allocHwpt(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_hwpt_alloc, bytes);
  if (asked.__reserved !== undefined) return failure('EOPNOTSUPP');
  const { flags, dev_id: deviceId, pt_id: ptId, fault_id: faultId } = asked;
  const { data_type: dataType, data_len: dataLength } = asked;
  const made = device.context.allocHwpt({ flags, deviceId, ptId, faultId, dataType, dataLength });
  return answer(made, (out_hwpt_id) => encode(iommu_hwpt_alloc, { ...asked, out_hwpt_id }));
}

function allocFault(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_fault_alloc, bytes);
  if (asked.flags !== 0) return failure('EOPNOTSUPP');
  return answer(device.context.allocFault(), (out_fault_id) => {
    const file = device.context.faultFile(out_fault_id);
    const out_fault_fd = file === undefined ? 0 : device.open(file, out_fault_id);
    return encode(iommu_fault_alloc, { ...asked, out_fault_id, out_fault_fd });
  });
}

// Linux 7.0 does not look at the reserved word.
function allocViommu(device: IommufdDevice, bytes: Uint8Array): Outcome<Uint8Array> {
  const asked = decode(iommu_viommu_alloc, bytes);
  const { flags, type, dev_id: deviceId, hwpt_id: hwptId } = asked;
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
    const out_veventq_fd = file === undefined ? 0 : device.open(file, out_veventq_id);
    return encode(iommu_veventq_alloc, { ...asked, out_veventq_id, out_veventq_fd });
  });
}
