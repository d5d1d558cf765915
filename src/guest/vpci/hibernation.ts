import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import { prepopulateBars } from './bars.js';
import { removeMissingFunctions } from './functions.js';
import { negotiate } from './negotiation.js';
import { enterD0, exitBus } from './power.js';
import { openChannel } from './probe.js';
import { queryRelations } from './relations.js';
import { stopWork } from './removal.js';
import { sendResourcesAssigned } from './resources.js';
import { restoreFunction, saveFunction } from './saved-function.js';
import type { VirtualBus } from './virtual-bus.js';

/** Puts a bus away for hibernation; its functions stay known (VPCI-100). EINVAL unless it is installed. */
export function* suspendBus(bus: VirtualBus): Routine<Outcome> {
  if (bus.state !== 'installed') return failure('EINVAL');
  yield* stopWork(bus);
  yield* bus.work.flush();
  bus.saved = [...(bus.root?.functions.values() ?? [])].map(saveFunction);
  const exited = yield* exitBus(bus, true);
  if (!exited.ok) return exited;
  return yield* bus.channel.close();
}

/**
 * Brings a bus back with the version it had, and its functions with their addresses and interrupts (VPCI-101). The channel is
 * closed again where that fails.
 */
export function* resumeBus(bus: VirtualBus): Routine<Outcome> {
  bus.state = 'init';
  const opened = yield* openChannel(bus);
  if (!opened.ok) return opened;
  const back = yield* bringBack(bus);
  if (back.ok) return back;
  bus.log('error', 'vpci-resume-failed', { errno: back.errno, status: back.status });
  if (bus.channel.isOpen) yield* bus.channel.close();
  return back;
}

function* bringBack(bus: VirtualBus): Routine<Outcome> {
  const version = yield* negotiate(bus, [bus.version]);
  if (!version.ok) return version;
  const told = yield* queryRelations(bus);
  if (!told.ok) return told;
  yield* bus.stateLock.lock();
  const restored = yield* restore(bus);
  bus.stateLock.unlock();
  return restored;
}

function* restore(bus: VirtualBus): Routine<Outcome> {
  const powered = yield* enterD0(bus);
  if (!powered.ok) return powered;
  const told = yield* sendResourcesAssigned(bus);
  if (!told.ok) return told;
  prepopulateBars(bus);
  const { pci } = bus.settings;
  yield* pci.rescanLock.lock();
  yield* removeMissingFunctions(bus);
  for (const saved of bus.saved) if (saved.fn.isPresent) restoreFunction(saved);
  bus.saved = [];
  pci.rescanLock.unlock();
  // A rescind may have begun to take the bus down.
  if (bus.state !== 'init') return failure('ENODEV');
  bus.state = 'installed';
  return DONE;
}
