import { hv_mmio_read_input, hv_mmio_write_input } from '../../abi/hv/mmio.js';
import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_MMIO_READ, HVCALL_MMIO_WRITE } from '../../abi/hypercalls/mmio.js';
import type { GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import type { AccessSize } from '../devices/device-space.js';
import type { PartitionCore } from '../partition-core.js';

const { HV_STATUS_SUCCESS: SUCCESS, HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER } = hv_status;
const SIZE_AT = 8;
const MOST = hv_mmio_write_input.size - hv_mmio_read_input.size;
const DATA = hv_mmio_read_input.size;

/**
 * HVCALL_MMIO_READ and HVCALL_MMIO_WRITE: device space for guests whose own accesses the host cannot see. Up to 64 bytes; more
 * than a device takes at once is done in the largest pieces that are aligned.
 */
export function serveMmioCalls(calls: CallRegistry, { space }: PartitionCore): void {
  calls.serve(HVCALL_MMIO_READ, (call) => {
    const gpa = targetOf(call, space);
    if (gpa === undefined) return INVALID_PARAMETER;
    const { input, output, vp } = call;
    pieces(gpa, input.getUint32(SIZE_AT, true), (offset, size) => {
      put(output, offset, size, space.read(vp, gpa + offset, size));
    });
    return SUCCESS;
  });
  calls.serve(HVCALL_MMIO_WRITE, (call) => {
    const gpa = targetOf(call, space);
    if (gpa === undefined) return INVALID_PARAMETER;
    const { input, vp } = call;
    pieces(gpa, input.getUint32(SIZE_AT, true), (offset, size) => {
      space.write(vp, gpa + offset, size, take(input, DATA + offset, size));
    });
    return SUCCESS;
  });
}

/** Where the access goes; undefined when its size is none, or no window has all of it. */
function targetOf({ input }: GuestCall, space: PartitionCore['space']): number | undefined {
  const gpa = input.getBigUint64(0, true);
  const size = input.getUint32(SIZE_AT, true);
  if (size === 0 || size > MOST || gpa > BigInt(Number.MAX_SAFE_INTEGER - MOST)) return undefined;
  return space.answers(Number(gpa), size) ? Number(gpa) : undefined;
}

function pieces(gpa: number, length: number, use: (offset: number, size: AccessSize) => void): void {
  for (let offset = 0; offset < length; ) {
    let size: AccessSize = 8;
    while (size > 1 && ((gpa + offset) % size !== 0 || offset + size > length)) size = (size / 2) as AccessSize;
    use(offset, size);
    offset += size;
  }
}

function put(view: DataView, at: number, size: AccessSize, value: bigint): void {
  if (size === 8) view.setBigUint64(at, value, true);
  else if (size === 4) view.setUint32(at, Number(value), true);
  else if (size === 2) view.setUint16(at, Number(value), true);
  else view.setUint8(at, Number(value));
}

function take(view: DataView, at: number, size: AccessSize): bigint {
  if (size === 8) return view.getBigUint64(at, true);
  if (size === 4) return BigInt(view.getUint32(at, true));
  return BigInt(size === 2 ? view.getUint16(at, true) : view.getUint8(at));
}
