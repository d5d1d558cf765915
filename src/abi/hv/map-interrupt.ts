import { perArch, versions } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVHDK_MINI, HYPERV_TLFS_6_12 } from '../origin.js';
import { hv_device_interrupt_descriptor } from './interrupt.js';
import { hv_interrupt_entry } from './msi.js';

// MAP_DEVICE_INTERRUPT and UNMAP_DEVICE_INTERRUPT. include/hyperv/hvhdk_mini.h; of Linux 6.12
// include/asm-generic/hyperv-tlfs.h.

export const hv_input_map_device_interrupt = perArch({
  x64: versions({
    'linux-6.12': struct(
      'hv_input_map_device_interrupt',
      0x50,
      {
        partition_id: u64,
        device_id: u64,
        flags: u64,
        logical_interrupt_entry: hv_interrupt_entry.x64,
        interrupt_descriptor: hv_device_interrupt_descriptor,
      },
      HYPERV_TLFS_6_12,
    ),
    'linux-7.3': struct(
      'hv_input_map_device_interrupt',
      0x50,
      {
        partition_id: u64,
        device_id: u64,
        flags: u32,
        base_irt_idx: u32,
        logical_interrupt_entry: hv_interrupt_entry.x64,
        interrupt_descriptor: hv_device_interrupt_descriptor,
      },
      HVHDK_MINI,
    ),
  }),
  arm64: versions({
    'linux-6.12': struct(
      'hv_input_map_device_interrupt',
      0x58,
      {
        partition_id: u64,
        device_id: u64,
        flags: u64,
        logical_interrupt_entry: hv_interrupt_entry.arm64,
        interrupt_descriptor: hv_device_interrupt_descriptor,
      },
      HYPERV_TLFS_6_12,
    ),
    'linux-7.3': struct(
      'hv_input_map_device_interrupt',
      0x58,
      {
        partition_id: u64,
        device_id: u64,
        flags: u32,
        base_irt_idx: u32,
        logical_interrupt_entry: hv_interrupt_entry.arm64,
        interrupt_descriptor: hv_device_interrupt_descriptor,
      },
      HVHDK_MINI,
    ),
  }),
});

export const hv_output_map_device_interrupt = perArch({
  x64: versions({
    'linux-6.12': struct(
      'hv_output_map_device_interrupt',
      0x10,
      { interrupt_entry: hv_interrupt_entry.x64 },
      HYPERV_TLFS_6_12,
    ),
    'linux-7.3': struct(
      'hv_output_map_device_interrupt',
      0x38,
      { interrupt_entry: hv_interrupt_entry.x64, ext_status_deprecated: array(u64, 5) },
      HVHDK_MINI,
    ),
  }),
  arm64: versions({
    'linux-6.12': struct(
      'hv_output_map_device_interrupt',
      0x18,
      { interrupt_entry: hv_interrupt_entry.arm64 },
      HYPERV_TLFS_6_12,
    ),
    'linux-7.3': struct(
      'hv_output_map_device_interrupt',
      0x40,
      { interrupt_entry: hv_interrupt_entry.arm64, ext_status_deprecated: array(u64, 5) },
      HVHDK_MINI,
    ),
  }),
});

export const hv_input_unmap_device_interrupt = perArch({
  x64: versions({
    'linux-6.12': struct(
      'hv_input_unmap_device_interrupt',
      0x20,
      { partition_id: u64, device_id: u64, interrupt_entry: hv_interrupt_entry.x64 },
      HYPERV_TLFS_6_12,
    ),
    'linux-7.3': struct(
      'hv_input_unmap_device_interrupt',
      0x24,
      { partition_id: u64, device_id: u64, interrupt_entry: hv_interrupt_entry.x64, flags: u32 },
      HVHDK_MINI,
    ),
  }),
  arm64: versions({
    'linux-6.12': struct(
      'hv_input_unmap_device_interrupt',
      0x28,
      { partition_id: u64, device_id: u64, interrupt_entry: hv_interrupt_entry.arm64 },
      HYPERV_TLFS_6_12,
    ),
    'linux-7.3': struct(
      'hv_input_unmap_device_interrupt',
      0x2c,
      { partition_id: u64, device_id: u64, interrupt_entry: hv_interrupt_entry.arm64, flags: u32 },
      HVHDK_MINI,
    ),
  }),
});
