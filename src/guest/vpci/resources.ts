import { pci_child_message, pci_message_type, pci_protocol_version_t } from '../../abi/vpci/message.js';
import { pci_resources_assigned, pci_resources_assigned2 } from '../../abi/vpci/resource.js';
import { encode } from '../../layout/codec.js';
import { DONE, type Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import { askStatus } from './exchange.js';
import { SLOTS, slotWord } from './slot.js';
import type { VirtualBus } from './virtual-bus.js';

const RANGES = new Uint8Array(120);

/**
 * Tells the host, function by function, that its resources are assigned; which they are it reads from the BARs, the
 * descriptors are zeros (VPCI-15). EPROTO when it refuses one.
 */
export function* sendResourcesAssigned(bus: VirtualBus): Routine<Outcome> {
  const isFirstForm = bus.version < pci_protocol_version_t.PCI_PROTOCOL_VERSION_1_2;
  for (let slot = 0; slot < SLOTS; slot++) {
    if (bus.childAt(slot) === undefined) continue;
    const wslot = slotWord(slot);
    const payload = isFirstForm
      ? encode(pci_resources_assigned, {
          message_type: { type: pci_message_type.PCI_RESOURCES_ASSIGNED },
          wslot,
          memory_range: RANGES,
          msi_descriptors: 0,
        })
      : encode(pci_resources_assigned2, {
          message_type: { type: pci_message_type.PCI_RESOURCES_ASSIGNED2 },
          wslot,
          memory_range: RANGES,
          msi_descriptor_count: 0,
        });
    const answered = yield* askStatus(bus, payload);
    if (!answered.ok) {
      bus.log('error', 'vpci-resources-refused', { slot, errno: answered.errno, status: answered.status });
      return answered;
    }
    bus.resourcesAssigned = slot;
  }
  return DONE;
}

/** Takes back what `sendResourcesAssigned` said, from the highest slot down; nobody answers (VPCI-82). */
export function sendResourcesReleased(bus: VirtualBus): Outcome {
  for (let slot = bus.resourcesAssigned; slot >= 0; slot--) {
    if (bus.childAt(slot) === undefined) continue;
    const sent = bus.channel.send(
      encode(pci_child_message, {
        message_type: { type: pci_message_type.PCI_RESOURCES_RELEASED },
        wslot: slotWord(slot),
      }),
    );
    if (!sent.ok) return sent;
    bus.resourcesAssigned = slot - 1;
  }
  bus.resourcesAssigned = -1;
  return DONE;
}
