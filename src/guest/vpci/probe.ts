import { vpci_limits } from '../../abi/vpci/resource.js';
import { requestedDomain } from '../../hypercall/logical-device-id.js';
import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import type { BusWindow } from '../pci/bars.js';
import { prepopulateBars } from './bars.js';
import { giveWindows, takeWindows } from './bridge-windows.js';
import { BusConfig } from './config-access.js';
import { ConfigWindow } from './config-window.js';
import { nameSlots, scanFunctions } from './functions.js';
import { negotiate } from './negotiation.js';
import { enterD0, exitBus } from './power.js';
import { queryRelations } from './relations.js';
import { sendResourcesAssigned } from './resources.js';
import type { BridgeWindow, VirtualBus } from './virtual-bus.js';

/** Bytes of a ring's data, each way (VPCI-03). */
const RING_BYTES = 0x4000;
const CONFIG_ALIGN = 0x1000;

/** Takes back one step of a probe. */
type Undo = () => Routine | undefined;

/**
 * Brings a bus up (hv_pci_probe), in Linux's order: domain number, channel, version, configuration window, functions, D0,
 * bridge windows, resources, BARs, logical device id, root bus. Each step that was done is taken back where a later one fails.
 */
export function* probeBus(bus: VirtualBus): Routine<Outcome> {
  const undo: Undo[] = [];
  const outcome = yield* bringUp(bus, undo);
  if (outcome.ok) return outcome;
  bus.log('error', 'vpci-probe-failed', { errno: outcome.errno, status: outcome.status });
  bus.state = 'removing';
  for (const step of undo.reverse()) {
    const waits = step();
    if (waits !== undefined) yield* waits;
  }
  bus.state = 'removed';
  return outcome;
}

function* bringUp(bus: VirtualBus, undo: Undo[]): Routine<Outcome> {
  const { domains } = bus.settings;
  const domain = domains.take(requestedDomain(bus.channel.offer.instanceBytes));
  if (!domain.ok) return domain;
  bus.domain = domain.value;
  undo.push(() => void giveDomain(bus));
  const opened = yield* openChannel(bus);
  if (!opened.ok) return opened;
  undo.push(function* () {
    yield* bus.channel.close();
  });
  // Before the channel goes: work may still have an answer to send.
  undo.push(() => bus.work.destroy());
  const version = yield* negotiate(bus, bus.settings.versions);
  if (!version.ok) return version;
  bus.version = version.value;
  const mapped = mapConfig(bus);
  if (!mapped.ok) return mapped;
  undo.push(() => void unmapConfig(bus));
  const told = yield* queryRelations(bus);
  if (!told.ok) return told;
  yield* bus.stateLock.lock();
  const installed = yield* install(bus, undo);
  bus.stateLock.unlock();
  return installed;
}

/** The part of a probe that nothing else may change the bus in. */
function* install(bus: VirtualBus, undo: Undo[]): Routine<Outcome> {
  // Behind the exit from D0: the host has BARs in the windows until then.
  undo.push(() => {
    giveWindows(bus);
    bus.children.length = 0;
    return undefined;
  });
  const powered = yield* enterD0(bus);
  if (!powered.ok) return powered;
  undo.push(function* () {
    yield* exitBus(bus, true);
  });
  const ready = yield* assignResources(bus);
  if (!ready.ok) return ready;
  bus.state = 'probed';
  const { ids } = bus.settings;
  const registered = ids.registerBus(bus.domain!, bus.prefix);
  if (!registered.ok) return registered;
  undo.push(() => void ids.unregisterBus(bus.domain!));
  yield* createRootBus(bus);
  bus.state = 'installed';
  return DONE;
}

/** Windows, the host's knowledge of them, and BARs in them. */
function* assignResources(bus: VirtualBus): Routine<Outcome> {
  const taken = takeWindows(bus);
  if (!taken.ok) return taken;
  const told = yield* sendResourcesAssigned(bus);
  if (told.ok) prepopulateBars(bus);
  return told;
}

function* createRootBus(bus: VirtualBus): Routine {
  const { pci } = bus.settings;
  yield* pci.rescanLock.lock();
  bus.root = pci.makeBus({
    domain: bus.domain!,
    config: new BusConfig(bus),
    windows: bus.windows.map(busWindow),
    interrupts: bus,
  });
  const found = scanFunctions(bus);
  pci.assign(bus.root, found);
  nameSlots(bus);
  pci.add(found);
  pci.rescanLock.unlock();
}

function busWindow({ gpa, bytes }: BridgeWindow): BusWindow {
  return { start: BigInt(gpa), last: BigInt(gpa) + bytes - 1n };
}

/** Opens the channel; packets are handled from here on. */
export function openChannel(bus: VirtualBus): Routine<Outcome> {
  return bus.channel.open({
    sendBytes: RING_BYTES,
    receiveBytes: RING_BYTES,
    requestIds: vpci_limits.HV_PCI_RQSTOR_SIZE,
    onPackets: () => bus.drainChannel(),
  });
}

function mapConfig(bus: VirtualBus): Outcome {
  const { machine, isConfidential } = bus.settings;
  const gpa = machine.space.take(vpci_limits.PCI_CONFIG_MMIO_LENGTH, CONFIG_ALIGN, 'any');
  if (gpa === undefined) return failure('ENOMEM');
  bus.config = new ConfigWindow(machine, gpa, isConfidential);
  return DONE;
}

export function unmapConfig(bus: VirtualBus): void {
  if (bus.config !== undefined) bus.settings.machine.space.give(bus.config.gpa);
  bus.config = undefined;
}

export function giveDomain(bus: VirtualBus): void {
  if (bus.domain !== undefined) bus.settings.domains.give(bus.domain);
  bus.domain = undefined;
}
