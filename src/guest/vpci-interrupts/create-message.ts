import {
  pci_create_interrupt,
  pci_create_interrupt2,
  pci_create_interrupt3,
  pci_delete_interrupt,
  vpci_interrupt,
} from '../../abi/vpci/interrupt.js';
import { pci_message_type, pci_protocol_version_t } from '../../abi/vpci/message.js';
import { encode } from '../../layout/codec.js';
import type { HostDescriptor } from './message-irq.js';

/** Device 4:0, function 7:5, as the host numbers slots. */
function slotBits(slot: number): { dev: number; func: number } {
  return { dev: slot & 0x1f, func: (slot >> 5) & 7 };
}

export interface CreateRequest {
  readonly slot: number;
  readonly vector: number;
  readonly deliveryMode: number;
  readonly vectorCount: number;
  /** VP index of the CPU that the interrupt is meant for. */
  readonly vp: number;
}

/** A create message in the form of a protocol version (VPCI-53); undefined for a vector that its descriptor cannot hold (ARM-07). */
export function createMessage(version: number, request: CreateRequest): Uint8Array | undefined {
  const { vector, deliveryMode: delivery_mode, vectorCount: vector_count, vp } = request;
  const wslot = slotBits(request.slot);
  if (version >= pci_protocol_version_t.PCI_PROTOCOL_VERSION_1_4)
    return encode(pci_create_interrupt3, {
      message_type: { type: pci_message_type.PCI_CREATE_INTERRUPT_MESSAGE3 },
      wslot,
      int_desc: { vector, delivery_mode, vector_count, processor_count: 1, processor_array: [vp] },
    });
  if (vector > 0xff) return undefined;
  if (version >= pci_protocol_version_t.PCI_PROTOCOL_VERSION_1_2)
    return encode(pci_create_interrupt2, {
      message_type: { type: pci_message_type.PCI_CREATE_INTERRUPT_MESSAGE2 },
      wslot,
      int_desc: { vector, delivery_mode, vector_count, processor_count: 1, processor_array: [vp] },
    });
  return encode(pci_create_interrupt, {
    message_type: { type: pci_message_type.PCI_CREATE_INTERRUPT_MESSAGE },
    wslot,
    int_desc: { vector, delivery_mode, vector_count, cpu_mask: BigInt(vpci_interrupt.CPU_AFFINITY_ALL) },
  });
}

/** The message that takes back what a create gave, with the descriptor as it came. */
export function deleteMessage(slot: number, descriptor: HostDescriptor): Uint8Array {
  return encode(pci_delete_interrupt, {
    message_type: { type: pci_message_type.PCI_DELETE_INTERRUPT_MESSAGE },
    wslot: slotBits(slot),
    int_desc: descriptor,
  });
}
