import { hypercall } from '../../layout/hypercall.js';
import { hv_mmio_read_input, hv_mmio_read_output, hv_mmio_write_input } from '../hv/mmio.js';
import { HVGDK_MINI } from '../origin.js';

// Memory-mapped IO by call, for guests whose accesses cannot be intercepted.

export const HVCALL_MMIO_READ = hypercall('HVCALL_MMIO_READ', 0x0106, HVGDK_MINI, {
  input: hv_mmio_read_input,
  output: hv_mmio_read_output,
  alias: ['HvCallMemoryMappedIoRead'],
});

export const HVCALL_MMIO_WRITE = hypercall('HVCALL_MMIO_WRITE', 0x0107, HVGDK_MINI, {
  input: hv_mmio_write_input,
  alias: ['HvCallMemoryMappedIoWrite'],
});
