import { pci_eject_response } from '../../abi/vpci/bus.js';
import { pci_message_type } from '../../abi/vpci/message.js';
import { encode } from '../../layout/codec.js';
import type { Routine } from '../../sched/routine.js';
import type { Child } from './child.js';
import { unlinkChild } from './functions.js';
import { removeFunctionOf } from './relations.js';
import { SLOTS, slotWord } from './slot.js';
import type { VirtualBus } from './virtual-bus.js';

/**
 * The host wants the function of a slot back; a second request for it says nothing new, and a bus that goes gives all back
 * (VPCI-70). One for a function of relations that are still in work is looked up again behind them: Linux drops it, and the
 * host waits for its whole time.
 */
export function takeEject(bus: VirtualBus, slot: number): void {
  if (bus.removing) return;
  const child = bus.childAt(slot);
  if (child !== undefined) markEjecting(bus, child);
  else if (slot < SLOTS && !bus.lateEjections.has(slot)) {
    bus.lateEjections.add(slot);
    bus.work.add(() => ejectLate(bus, slot));
  }
}

function markEjecting(bus: VirtualBus, child: Child): void {
  if (child.isEjecting) return;
  child.isEjecting = true;
  bus.work.add(() => eject(bus, child));
}

function* ejectLate(bus: VirtualBus, slot: number): Routine {
  bus.lateEjections.delete(slot);
  const child = bus.childAt(slot);
  if (child === undefined || child.isEjecting) return;
  child.isEjecting = true;
  yield* eject(bus, child);
}

/**
 * Gives a function back (hv_eject_device_work): from the PCI bus where it is on one already, then from the list; the host is
 * told in any case (VPCI-71).
 */
function* eject(bus: VirtualBus, child: Child): Routine {
  yield* bus.stateLock.lock();
  yield* removeFunctionOf(bus, child);
  unlinkChild(bus, child);
  const sent = bus.channel.send(
    encode(pci_eject_response, {
      message_type: { type: pci_message_type.PCI_EJECTION_COMPLETE },
      wslot: slotWord(child.slot),
      status: 0,
    }),
  );
  if (!sent.ok) bus.log('warn', 'vpci-ejection-not-answered', { slot: child.slot, errno: sent.errno });
  bus.stateLock.unlock();
}
