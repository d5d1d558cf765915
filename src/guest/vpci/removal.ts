import type { Routine } from '../../sched/routine.js';
import { giveWindows } from './bridge-windows.js';
import { exitBus } from './power.js';
import { giveDomain, unmapConfig } from './probe.js';
import type { VirtualBus } from './virtual-bus.js';

/**
 * Takes no more work from the host. The callback is off while the state changes: what runs in it sees the bus before the
 * change or behind it (VPCI-81).
 */
export function* stopWork(bus: VirtualBus): Routine {
  bus.channel.disableCallback();
  bus.state = 'removing';
  bus.channel.enableCallback();
  // Whoever changes the bus now does so with the lock, and may have looked at the state before.
  yield* bus.stateLock.lock();
  bus.stateLock.unlock();
}

/** Takes a bus down (hv_pci_remove). What cannot be sent any more stops nothing (VPCI-83). */
export function* removeBus(bus: VirtualBus): Routine {
  yield* stopWork(bus);
  yield* bus.work.destroy();
  yield* removeRootBus(bus);
  const exited = yield* exitBus(bus, false);
  if (!exited.ok) bus.log('warn', 'vpci-exit-failed', { errno: exited.errno });
  if (bus.channel.isOpen) yield* bus.channel.close();
  unmapConfig(bus);
  giveWindows(bus);
  giveDomain(bus);
  bus.state = 'removed';
}

function* removeRootBus(bus: VirtualBus): Routine {
  const { root, domain, settings } = bus;
  if (root === undefined || domain === undefined) return;
  yield* settings.pci.rescanLock.lock();
  yield* settings.pci.removeBus(root);
  for (const child of bus.children) child.hasSlotName = false;
  root.slots.clear();
  bus.root = undefined;
  settings.pci.rescanLock.unlock();
  // Behind the drivers: an IOMMU that takes a function's domain away still asks for its id (LDID-25).
  settings.ids.unregisterBus(domain);
}
