import { array } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { VPCI_PROTOCOL } from '../openvmm-origin.js';
import { win_slot_encoding } from './message.js';
import { VpciMessageType } from './openvmm-devices.js';

// Interrupt messages that are longer in OpenVMM than in Linux: both pad the descriptor to its alignment.

export const DeliveryMode = enumeration('DeliveryMode', {
  FIXED: 0,
  LOWEST_PRIORITY: 1,
});

/** Linux: hv_msi_desc2, 70 bytes. */
export const MsiResourceDescriptor2 = struct(
  'MsiResourceDescriptor2',
  0x48,
  {
    vector: u8,
    delivery_mode: u8.as(DeliveryMode),
    vector_count: u16,
    processor_count: u16,
    processor_array: array(u16, 32),
    reserved: rsvd(u16),
  },
  VPCI_PROTOCOL,
);

/** Linux: hv_msi_desc3, 74 bytes. */
export const MsiResourceDescriptor3 = struct(
  'MsiResourceDescriptor3',
  0x4c,
  {
    vector: u32,
    delivery_mode: u8.as(DeliveryMode),
    reserved: rsvd(1),
    vector_count: u16,
    processor_count: u16,
    processor_array: array(u16, 32),
    reserved2: rsvd(u16),
  },
  VPCI_PROTOCOL,
);

/** Linux: pci_create_interrupt2, 78 bytes. */
export const CreateInterrupt2 = struct(
  'CreateInterrupt2',
  0x50,
  {
    message_type: u32.as(VpciMessageType),
    slot: win_slot_encoding,
    interrupt: MsiResourceDescriptor2,
  },
  VPCI_PROTOCOL,
);

/** Linux: pci_create_interrupt3, 82 bytes. */
export const CreateInterrupt3 = struct(
  'CreateInterrupt3',
  0x54,
  {
    message_type: u32.as(VpciMessageType),
    slot: win_slot_encoding,
    interrupt: MsiResourceDescriptor3,
  },
  VPCI_PROTOCOL,
);
