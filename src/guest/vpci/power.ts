import { pci_bus_d0_entry } from '../../abi/vpci/bus.js';
import { pci_message, pci_message_type } from '../../abi/vpci/message.js';
import { encode } from '../../layout/codec.js';
import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import { ask } from './exchange.js';
import { unlinkChild } from './functions.js';
import { sendResourcesReleased } from './resources.js';
import { SLOTS } from './slot.js';
import type { VirtualBus } from './virtual-bus.js';

/** How long the host may take to leave D0 (VPCI-03). */
export const D0_EXIT_US = 10_000_000;

/**
 * Turns the bus on and tells the host where its configuration window is. A refusal is answered by one exit and one more try: a
 * kernel that crashed before may have left the bus on (VPCI-13).
 */
export function* enterD0(bus: VirtualBus): Routine<Outcome> {
  const payload = encode(pci_bus_d0_entry, {
    message_type: { type: pci_message_type.PCI_BUS_D0ENTRY },
    mmio_base: BigInt(bus.config!.gpa),
  });
  for (let isRetry = false; ; isRetry = true) {
    const answer = yield* ask(bus, payload);
    if (!answer.ok) return answer;
    const { status } = answer.value;
    if (status >= 0) return DONE;
    if (isRetry) return failure('EPROTO', status >>> 0);
    bus.log('warn', 'vpci-d0-retry', { status: status >>> 0 });
    bus.resourcesAssigned = SLOTS - 1;
    const left = yield* exitBus(bus, true);
    if (!left.ok) return left;
  }
}

/**
 * Takes the bus out of D0 (hv_pci_bus_exit). Nothing is sent on a channel that the host has taken back. Without
 * `keepsChildren` the functions go first, so that no RESOURCES_RELEASED is sent; the host takes the exit for that (VPCI-82).
 */
export function* exitBus(bus: VirtualBus, keepsChildren: boolean): Routine<Outcome> {
  const { rescinded } = bus.channel;
  if (!keepsChildren) {
    const released = bus.settings.releaseOnRemove && !rescinded ? sendResourcesReleased(bus) : DONE;
    if (!released.ok) bus.log('warn', 'vpci-release-not-sent', { errno: released.errno });
    for (const child of [...bus.children]) unlinkChild(bus, child);
  }
  if (rescinded) return DONE;
  const released = sendResourcesReleased(bus);
  if (!released.ok) return released;
  const exit = encode(pci_message, { type: pci_message_type.PCI_BUS_D0EXIT });
  // Whatever the status: Linux does not look at it.
  const answer = yield* ask(bus, exit, D0_EXIT_US);
  return answer.ok ? DONE : answer;
}
