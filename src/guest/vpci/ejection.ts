import { pci_eject_response } from '../../abi/vpci/bus.js';
import { pci_message_type } from '../../abi/vpci/message.js';
import { encode } from '../../layout/codec.js';
import type { Routine } from '../../sched/routine.js';
import type { Child } from './child.js';
import { unlinkChild } from './functions.js';
import { removeFunctionOf } from './relations.js';
import { slotWord } from './slot.js';
import type { VirtualBus } from './virtual-bus.js';

/** The host wants a function back; a second request for it says nothing new, and a bus that goes gives all back (VPCI-70). */
export function takeEject(bus: VirtualBus, child: Child): void {
  if (bus.removing || child.isEjecting) return;
  child.isEjecting = true;
  bus.work.add(() => eject(bus, child));
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
