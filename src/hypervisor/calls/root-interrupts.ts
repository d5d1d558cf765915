import { hv_device_type } from '../../abi/hv/device-id.js';
import {
  hv_device_interrupt_descriptor,
  hv_device_interrupt_target,
  hv_device_interrupt_target_flags,
  hv_interrupt_source,
  hv_interrupt_trigger_mode,
  hv_interrupt_type,
} from '../../abi/hv/interrupt.js';
import { hv_input_map_device_interrupt } from '../../abi/hv/map-interrupt.js';
import { hv_interrupt_entry } from '../../abi/hv/msi.js';
import { hv_status } from '../../abi/hv/status.js';
import { hv_ipi_vector } from '../../abi/hv/vp-set.js';
import { HVCALL_MAP_DEVICE_INTERRUPT, HVCALL_UNMAP_DEVICE_INTERRUPT } from '../../abi/hypercalls/interrupts.js';
import { bytesToHex } from '../../bytes/hex.js';
import { codecOf } from '../../layout/codec.js';
import type { GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import { offsetOf } from '../field-offset.js';
import type { DeviceInterrupts } from '../root/device-interrupts.js';
import { targetVps } from './retarget.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID,
  HV_STATUS_INVALID_DEVICE_ID: INVALID_DEVICE_ID,
  HV_STATUS_NO_RESOURCES: NO_RESOURCES,
} = hv_status;
const { HV_DEVICE_INTERRUPT_TARGET_MULTICAST: MULTICAST, HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET: PROCESSOR_SET } =
  hv_device_interrupt_target_flags;

const layout = hv_input_map_device_interrupt.x64.of['linux-7.3'];
const descriptorAt = offsetOf(layout, 'interrupt_descriptor');
const typeAt = descriptorAt + offsetOf(hv_device_interrupt_descriptor, 'interrupt_type');
const triggerAt = descriptorAt + offsetOf(hv_device_interrupt_descriptor, 'trigger_mode');
const countAt = descriptorAt + offsetOf(hv_device_interrupt_descriptor, 'vector_count');
const vectorAt = descriptorAt + offsetOf(hv_device_interrupt_descriptor, 'target');
const flagsAt = vectorAt + offsetOf(hv_device_interrupt_target, 'flags');
const DEVICE_AT = offsetOf(layout, 'device_id');
const ENTRY_AT = 16;

const entryCodec = codecOf(hv_interrupt_entry.x64);
const ENTRY_BYTES = hv_interrupt_entry.x64.size;
/** Linux 6.12 and the recorded hosts leave out what later headers call deprecated, and the flags of an unmap. */
const MAP_SIZES = { output: ENTRY_BYTES };
const UNMAP_SIZES = { input: ENTRY_AT + ENTRY_BYTES };
/** Bits 31:20 of the address of a message to an APIC. */
const MSI_BASE = 0xfee;

/** What interrupts of physical devices need of a partition. */
export interface MappingPartition {
  readonly arch: 'x64' | 'arm64';
  vp(index: number): unknown;
  isSelf(partitionId: bigint): boolean;
}

/**
 * Interrupts of physical devices, 0x7C and 0x7D, x64 only. The answer to a mapping is what the device or I/O APIC is to be
 * programmed with: a message or a redirection entry with the vector, to the first VP named. Vectors and sets that cannot
 * be are HV_STATUS_INVALID_PARAMETER, and so is an entry that no mapping gave the device.
 */
export function serveRootInterrupts(calls: CallRegistry, core: MappingPartition, mapped: DeviceInterrupts): void {
  if (core.arch !== 'x64') return;
  calls.serve(HVCALL_MAP_DEVICE_INTERRUPT, (call) => map(core, mapped, call), MAP_SIZES);
  calls.serve(
    HVCALL_UNMAP_DEVICE_INTERRUPT,
    ({ input }) => {
      if (!core.isSelf(input.getBigUint64(0, true))) return INVALID_PARTITION_ID;
      const found = mapped.unmap(input.getBigUint64(DEVICE_AT, true), entryText(input, ENTRY_AT));
      return found ? SUCCESS : INVALID_PARAMETER;
    },
    UNMAP_SIZES,
  );
}

function map(core: MappingPartition, mapped: DeviceInterrupts, call: GuestCall): number {
  const { input, output } = call;
  if (!core.isSelf(input.getBigUint64(0, true))) return INVALID_PARTITION_ID;
  const deviceId = input.getBigUint64(DEVICE_AT, true);
  const isIoapic = deviceTypeOf(deviceId) === hv_device_type.HV_DEVICE_TYPE_IOAPIC;
  if (deviceTypeOf(deviceId) === hv_device_type.HV_DEVICE_TYPE_ACPI) return INVALID_DEVICE_ID;
  const type = input.getUint32(typeAt, true);
  const trigger = input.getUint32(triggerAt, true);
  const vector = input.getUint32(vectorAt, true);
  const flags = input.getUint32(flagsAt, true);
  const isSound =
    type <= hv_interrupt_type.HV_X64_INTERRUPT_TYPE_LOWESTPRIORITY &&
    trigger <= hv_interrupt_trigger_mode.HV_INTERRUPT_TRIGGER_MODE_LEVEL &&
    input.getUint32(countAt, true) === 1 &&
    vector >= hv_ipi_vector.HV_IPI_LOW_VECTOR &&
    vector <= hv_ipi_vector.HV_IPI_HIGH_VECTOR &&
    (flags & ~(MULTICAST | PROCESSOR_SET)) === 0;
  if (!isSound) return INVALID_PARAMETER;
  const vps = targetVps(call, flags, flagsAt + 4);
  const [first] = vps ?? [];
  if (vps === undefined || first === undefined || vps.some((vp) => core.vp(vp) === undefined)) return INVALID_PARAMETER;
  const isLevel = trigger === hv_interrupt_trigger_mode.HV_INTERRUPT_TRIGGER_MODE_LEVEL;
  if (isIoapic) writeIoapicEntry(output, vector, type, isLevel, first);
  else writeMessageEntry(output, vector, type, isLevel, first);
  return mapped.map({ deviceId, vector, vps, isLevel, entry: entryText(output, 0) }) ? SUCCESS : NO_RESOURCES;
}

/** Bits 8 to 14 of a VP's number are in bits that were reserved: virt_destid_8_14 of Linux, in both kinds of entry. */
function writeIoapicEntry(output: DataView, vector: number, type: number, isLevel: boolean, vp: number): void {
  const entry = {
    vector,
    delivery_mode: type,
    destination_mode: false,
    delivery_status: false,
    interrupt_polarity: false,
    remote_irr: false,
    trigger_mode: isLevel,
    interrupt_mask: false,
    reserved1: 0,
    reserved2: (vp >> 8) << 17,
    destination_id: vp & 0xff,
  };
  entryCodec.encodeInto(
    { source: hv_interrupt_source.HV_INTERRUPT_SOURCE_IOAPIC, u: { ioapic_rte: { entry } } },
    output,
    0,
  );
}

function writeMessageEntry(output: DataView, vector: number, type: number, isLevel: boolean, vp: number): void {
  const msi = {
    address: {
      reserved1: 0,
      destination_mode: false,
      redirection_hint: false,
      reserved2: (vp >> 8) << 1,
      destination_id: vp & 0xff,
      msi_base: MSI_BASE,
    },
    data: {
      vector,
      delivery_mode: type,
      reserved1: 0,
      level_assert: isLevel,
      trigger_mode: isLevel,
      reserved2: 0,
    },
  };
  entryCodec.encodeInto({ source: hv_interrupt_source.HV_INTERRUPT_SOURCE_MSI, u: { msi_entry: { msi } } }, output, 0);
}

function deviceTypeOf(deviceId: bigint): number {
  return Number(deviceId >> 62n);
}

function entryText(view: DataView, offset: number): string {
  return bytesToHex(new Uint8Array(view.buffer, view.byteOffset + offset, ENTRY_BYTES));
}
