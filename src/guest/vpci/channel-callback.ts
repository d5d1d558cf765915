import { pci_dev_incoming } from '../../abi/vpci/bus.js';
import { pci_incoming_message, pci_message_type, pci_response } from '../../abi/vpci/message.js';
import { pci_dev_inval_block } from '../../abi/vpci/resource.js';
import { viewOf } from '../../bytes/span.js';
import { decode } from '../../layout/codec.js';
import { COMPLETION, IN_BAND } from '../../ring/packet-kind.js';
import { ReceivedPacket } from '../../ring/ring-packet.js';
import { takeEject } from './ejection.js';
import { readRelations, takeRelations } from './relations.js';
import { slotNumber } from './slot.js';
import type { VirtualBus } from './virtual-bus.js';

/** First size of the buffer that packets are copied into (VPCI-90). */
const BUFFER_BYTES = 0x100;
const TYPE_AT = pci_incoming_message.size - 4;
const LOOSE = { trailing: 'ignore' } as const;

/** Takes every packet out of the ring, each copied before a word of it is looked at (VPCI-94). */
export function drainChannel(bus: VirtualBus): void {
  const packet = new ReceivedPacket(BUFFER_BYTES);
  for (let outcome = bus.channel.receive(packet); outcome !== 'empty'; outcome = bus.channel.receive(packet)) {
    if (outcome === 'too-large') packet.grow(packet.neededBytes);
    else takePacket(bus, packet);
  }
}

/** One packet of the host. Whatever is in it, it does what it says or nothing. */
export function takePacket(bus: VirtualBus, packet: ReceivedPacket): void {
  // Linux asks for more than a response, not for one (VPCI-91).
  if (packet.packetBytes <= pci_response.size) return;
  if (packet.type === COMPLETION) return takeCompletion(bus, packet);
  if (packet.type === IN_BAND) return takeMessage(bus, packet.buffer.bytes.slice(0, packet.packetBytes));
  bus.log('warn', 'vpci-packet-type', { type: packet.type });
}

function takeCompletion(bus: VirtualBus, packet: ReceivedPacket): void {
  const id = packet.transactionId ?? 0n;
  const handler = bus.channel.requests.take(id);
  if (handler === undefined) bus.log('warn', 'vpci-unknown-completion', { id });
  else handler(packet);
}

function takeMessage(bus: VirtualBus, packet: Uint8Array): void {
  const type = viewOf(packet).getUint32(TYPE_AT, true);
  switch (type) {
    case pci_message_type.PCI_BUS_RELATIONS:
    case pci_message_type.PCI_BUS_RELATIONS2: {
      const functions = readRelations(packet, type === pci_message_type.PCI_BUS_RELATIONS ? 1 : 2);
      if (functions === undefined) return tooShort(bus, type, packet);
      takeRelations(bus, functions);
      return;
    }
    case pci_message_type.PCI_EJECT: {
      if (packet.length < pci_dev_incoming.size) return tooShort(bus, type, packet);
      takeEject(bus, slotNumber(decode(pci_dev_incoming, packet, LOOSE).wslot));
      return;
    }
    case pci_message_type.PCI_INVALIDATE_BLOCK: {
      if (packet.length < pci_dev_inval_block.size) return tooShort(bus, type, packet);
      const { wslot, block_mask } = decode(pci_dev_inval_block, packet, LOOSE);
      bus.childAt(slotNumber(wslot))?.onInvalidate?.(block_mask);
      return;
    }
    default:
      bus.log('warn', 'vpci-unknown-message', { type });
  }
}

function tooShort(bus: VirtualBus, type: number, packet: Uint8Array): void {
  bus.log('error', 'vpci-message-too-short', { type, bytes: packet.length });
}
