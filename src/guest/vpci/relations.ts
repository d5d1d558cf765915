import {
  pci_bus_relations,
  pci_bus_relations2,
  pci_function_description,
  pci_function_description2,
} from '../../abi/vpci/bus.js';
import { pci_child_message, pci_message, pci_message_type } from '../../abi/vpci/message.js';
import { pci_q_res_req_response } from '../../abi/vpci/resource.js';
import { viewOf } from '../../bytes/span.js';
import { decode, encode } from '../../layout/codec.js';
import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import { Completion } from '../../sched/sync.js';
import { Child, type FunctionDescription } from './child.js';
import { ask, waitForHost } from './exchange.js';
import { nameSlots, removeMissingFunctions, scanFunctions, unlinkChild } from './functions.js';
import { slotWord } from './slot.js';
import type { VirtualBus } from './virtual-bus.js';

const COUNT_AT = pci_bus_relations.size - 4;
const LOOSE = { trailing: 'ignore' } as const;

/** Asks for the functions of the bus and waits until they are taken in: ENODEV without channel, ENOTEMPTY twice at a time (VPCI-12). */
export function* queryRelations(bus: VirtualBus): Routine<Outcome> {
  if (bus.survey !== undefined) return failure('ENOTEMPTY');
  const survey = new Completion();
  bus.survey = survey;
  const sent = bus.channel.send(encode(pci_message, { type: pci_message_type.PCI_QUERY_BUS_RELATIONS }));
  let outcome: Outcome = DONE;
  if (!sent.ok) outcome = sent;
  else if (!(yield* waitForHost(bus, survey))) outcome = failure('ENODEV');
  // The answer may be in work even where the wait has failed: nothing of it is left behind this.
  yield* bus.work.flush();
  if (bus.survey === survey) bus.survey = undefined;
  return outcome;
}

/** Functions in a relations packet (from its descriptor on); undefined where it is shorter than its count says. */
export function readRelations(packet: Uint8Array, form: 1 | 2): FunctionDescription[] | undefined {
  if (packet.length < pci_bus_relations.size) return undefined;
  const count = viewOf(packet).getUint32(COUNT_AT, true);
  const entry = form === 1 ? pci_function_description.size : pci_function_description2.size;
  if (packet.length < pci_bus_relations.size + count * entry) return undefined;
  if (form === 2) return [...decode(pci_bus_relations2, packet, LOOSE).func];
  return decode(pci_bus_relations, packet, LOOSE).func.map((one) => ({ ...one, flags: 0, virtual_numa_node: 0 }));
}

/** Queues functions that the host reports, in place of those that wait (VPCI-21); nothing of a bus that goes (VPCI-20). */
export function takeRelations(bus: VirtualBus, functions: readonly FunctionDescription[]): Outcome {
  if (bus.removing) return failure('ENOENT');
  const isQueued = bus.relations !== undefined;
  bus.relations = functions;
  // Work that has not begun takes these: a host that never stops talking fills no memory.
  if (isQueued) return DONE;
  return bus.work.add(() => applyRelations(bus)) ? DONE : failure('ENOENT');
}

/** Brings the bus to the newest relations (pci_devices_present_work). */
function* applyRelations(bus: VirtualBus): Routine {
  const newest = bus.relations;
  bus.relations = undefined;
  if (newest === undefined) return;
  yield* bus.stateLock.lock();
  for (const child of bus.children) child.isMissing = true;
  for (const description of newest) {
    const known = bus.children.find((child) => child.matches(description));
    if (known !== undefined) known.isMissing = false;
    else yield* addChild(bus, description);
  }
  for (const child of bus.children.filter(({ isMissing }) => isMissing)) {
    // Its driver may still talk about it: it goes while the bus knows it.
    if (bus.state === 'installed') yield* removeFunctionOf(bus, child);
    unlinkChild(bus, child);
  }
  if (bus.state === 'installed') yield* rescan(bus);
  else if (bus.state === 'init' || bus.state === 'probed') completeSurvey(bus);
  bus.stateLock.unlock();
}

/** Wakes who waits for relations, whatever became of them (VPCI-23). */
function completeSurvey(bus: VirtualBus): void {
  const { survey } = bus;
  bus.survey = undefined;
  survey?.complete();
}

function* rescan(bus: VirtualBus): Routine {
  const { pci, bindsLateFunctions } = bus.settings;
  yield* pci.rescanLock.lock();
  yield* removeMissingFunctions(bus);
  const found = scanFunctions(bus);
  nameSlots(bus);
  if (bindsLateFunctions) {
    pci.assign(bus.root!, found);
    pci.add(found);
  }
  pci.rescanLock.unlock();
}

/** Takes the PCI function of a child off its bus; its driver has gone behind this. */
export function* removeFunctionOf(bus: VirtualBus, child: Child): Routine {
  const { root, settings } = bus;
  const fn = root && [...root.functions.values()].find(({ devfn }) => bus.childOf(devfn) === child);
  if (root === undefined || fn === undefined) return;
  yield* settings.pci.rescanLock.lock();
  yield* settings.pci.remove(root, fn.devfn);
  settings.pci.rescanLock.unlock();
}

/** A function that is new: asks for its BARs. It is dropped where the channel goes meanwhile (VPCI-22). */
function* addChild(bus: VirtualBus, description: FunctionDescription): Routine {
  const child = new Child(description);
  const answer = yield* ask(
    bus,
    encode(pci_child_message, {
      message_type: { type: pci_message_type.PCI_QUERY_RESOURCE_REQUIREMENTS },
      wslot: slotWord(child.slot),
    }),
  );
  if (!answer.ok) {
    bus.log('warn', 'vpci-function-dropped', { slot: child.slot, errno: answer.errno });
    return;
  }
  const { status, packet } = answer.value;
  if (status < 0 || packet.length < pci_q_res_req_response.size)
    bus.log('error', 'vpci-requirements-refused', { slot: child.slot, status: status >>> 0, bytes: packet.length });
  else
    for (const [i, bar] of decode(pci_q_res_req_response, packet, LOOSE).probed_bar.entries())
      child.probedBars[i] = bar;
  bus.children.push(child);
}
