import { vmbus_packet_flags, vmbus_packet_type } from '../abi/vmbus/packet.js';

/** Packet types that cross a ring today; the others of vmbus_packet_type have no reader or writer left in Linux or OpenVMM. */
export const IN_BAND = vmbus_packet_type.VM_PKT_DATA_INBAND;
export const TRANSFER_PAGES = vmbus_packet_type.VM_PKT_DATA_USING_XFER_PAGES;
export const GPA_DIRECT = vmbus_packet_type.VM_PKT_DATA_USING_GPA_DIRECT;
export const COMPLETION = vmbus_packet_type.VM_PKT_COMP;

/** The one flag: the receiver is to answer with a completion of the same transaction id. */
export const COMPLETION_REQUESTED = vmbus_packet_flags.VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED;

export const DESCRIPTOR_BYTES = 16;
/** Descriptor and the two words in front of a list of ranges. */
export const LIST_AT = 24;
/** u64 behind every packet: start offset of the packet in the upper half. */
export const TRAILER_BYTES = 8;
/** offset8 and len8 are 16 bits wide. */
export const MAX_PACKET_BYTES = 0xffff * 8;

/** Bytes that a packet takes in the ring, trailer included; `listBytes` counts what follows the descriptor before the payload. */
export function packetSpace(payloadBytes: number, listBytes = 0): number {
  return DESCRIPTOR_BYTES + listBytes + Math.ceil(payloadBytes / 8) * 8 + TRAILER_BYTES;
}
