import { pci_message_type } from '../../abi/vpci/message.js';
import { vpciHostLimits, vpciVersions } from '../../abi/vpci/protocol.js';
import { guidToBytes } from '../../bytes/guid.js';
import { viewOf } from '../../bytes/span.js';
import { logicalDeviceIdPrefix } from '../../hypercall/logical-device-id.js';
import type { HostPort } from '../../ports/host-port.js';
import { IN_BAND } from '../../ring/packet-kind.js';
import { ReceivedPacket } from '../../ring/ring-packet.js';
import type { ChannelDevice, HostChannel } from '../vmbus/channel-device.js';
import { Answers } from './answer.js';
import { AttachedIds } from './attached-ids.js';
import { sendInvalidate } from './blocks.js';
import { type Answer, type BusCore, type RelationsAtD0, refuse, statusAnswer } from './bus-core.js';
import { functionsBySlot, type VpciFunction } from './bus-function.js';
import { ConfigWindow } from './config-window.js';
import { EJECT_BUDGET_US, Ejections } from './ejection.js';
import { VpciEventLog } from './event-log.js';
import { type FaultRule, FaultScript } from './fault.js';
import { HANDLERS } from './handlers.js';
import { InterruptTable } from './interrupt-table.js';
import { negotiate } from './negotiation.js';
import { Outbox } from './outbox.js';
import { powerDown } from './power.js';
import { sendRelations } from './relations.js';
import { readRequest, type VpciRequest } from './request.js';
import { STATUS_BAD_DATA, STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS } from './statuses.js';

/** Interface GUID of virtual PCI (HV_PCIE_GUID). */
export const VPCI_INTERFACE = '44c4f61d-4444-4400-9d52-802e27ede19f';

/** How a host differs from a faultless one (VPCI-123). */
export interface VpciKnobs {
  readonly faults?: readonly FaultRule[];
  /** Before a request has any effect: the moment for an ejection or other functions at step k. */
  readonly before?: (request: VpciRequest, bus: VpciBus) => void;
  /** After its answer was sent or spoiled. */
  readonly after?: (request: VpciRequest, bus: VpciBus) => void;
  /** A status alone where OpenVMM answers more: to the version query and to assigned resources. */
  readonly shortAnswers?: boolean;
  readonly relationsAtD0?: RelationsAtD0;
  /** 60 s when absent. */
  readonly ejectBudgetUs?: number;
}

export interface VpciBusOptions {
  readonly instanceId: string;
  readonly functions: readonly VpciFunction[];
  /** Protocol versions served; 1.1 to 1.6 when absent. */
  readonly versions?: readonly number[];
  readonly knobs?: VpciKnobs;
  /** The bit that marks shared memory in addresses of a confidential guest. */
  readonly sharedGpaBit?: bigint;
  /** Takes the offer back: the last function was ejected (`forced` false) or the time for one is over. */
  readonly rescind?: (forced: boolean) => void;
  /** Events kept in `record`; 4096 when absent. */
  readonly recordLimit?: number;
}

export type VpciState =
  | 'closed'
  | 'opened'
  | 'version-agreed'
  | 'd0'
  | 'assigned'
  | 'running'
  | 'ejecting'
  | 'rescinded'
  | 'dead';

/** Packets taken in one go: a guest that sends without end on another thread must not keep the rest of the host waiting. */
const PACKETS_A_TURN = 64;

/** The host's side of one virtual PCI bus (VPCI-120): what OpenVMM's vpci answers, with all functions of a slot list. */
export class VpciBus implements ChannelDevice {
  readonly interfaceId = VPCI_INTERFACE;
  readonly instanceId: string;
  readonly mmioMegabytes = 0;
  readonly channelFlags = 0;
  readonly record: VpciEventLog;
  readonly #core: BusCore;
  readonly #knobs: VpciKnobs;
  readonly #faults: FaultScript;
  readonly #answers: Answers;
  readonly #ejections: Ejections;
  readonly #rescind: ((forced: boolean) => void) | undefined;
  readonly #packet = new ReceivedPacket(1024);
  #channel: HostChannel | undefined;
  #reading = false;
  #steps = 0;
  #dead = false;
  #rescinded = false;

  /** Throws EncodeError for an instance id that is no GUID, RangeError for two functions in one slot or no version. */
  constructor(port: HostPort, options: VpciBusOptions) {
    const prefix = logicalDeviceIdPrefix(guidToBytes(options.instanceId));
    const versions = [...(options.versions ?? vpciVersions.map(({ version }) => version).slice(1))];
    if (versions.length === 0) throw new RangeError('a bus speaks at least one version');
    this.instanceId = options.instanceId.toLowerCase();
    this.#knobs = options.knobs ?? {};
    this.#rescind = options.rescind;
    this.record = new VpciEventLog(options.recordLimit ?? 4096);
    const outbox = new Outbox(() => this.signaled());
    const functions = functionsBySlot(options.functions, prefix);
    for (const made of functions.values()) made.attach();
    this.#core = {
      port,
      prefix,
      versions: versions.sort((a, b) => a - b),
      shortAnswers: this.#knobs.shortAnswers ?? false,
      relationsAtD0: this.#knobs.relationsAtD0 ?? 'unless-told',
      sharedGpaBit: options.sharedGpaBit ?? 0n,
      log: this.record,
      outbox,
      window: new ConfigWindow(() => this.#core.functions),
      interrupts: new InterruptTable(port.interrupts),
      ids: new AttachedIds(port, prefix),
      functions,
      version: undefined,
      inD0: false,
      told: false,
      undeleted: 0,
    };
    this.#faults = new FaultScript(this.#knobs.faults);
    this.#answers = new Answers(outbox, port.queue);
    this.#ejections = new Ejections(this.#core, this.#knobs.ejectBudgetUs ?? EJECT_BUDGET_US, (forced) => {
      this.withdraw();
      this.#rescind?.(forced);
    });
  }

  get state(): VpciState {
    if (this.#rescinded) return 'rescinded';
    if (this.#channel === undefined) return 'closed';
    if (this.#dead) return 'dead';
    if (this.#core.version === undefined) return 'opened';
    if (this.#ejections.pending > 0) return 'ejecting';
    if (!this.#core.inD0) return 'version-agreed';
    if (this.#core.interrupts.outstanding > 0) return 'running';
    return [...this.#core.functions.values()].some(({ assigned }) => assigned) ? 'assigned' : 'd0';
  }

  /** The version agreed on. */
  get version(): number | undefined {
    return this.#core.version;
  }

  /** Slots that have a function, ascending. */
  get slots(): number[] {
    return [...this.#core.functions.keys()].sort((a, b) => a - b);
  }

  opened(channel: HostChannel, _userData: Uint8Array): number {
    if (!this.#core.ids.hold(this.#core.functions.keys())) return STATUS_OBJECT_NAME_COLLISION;
    this.#channel = channel;
    this.#rescinded = false;
    this.#dead = false;
    this.#steps = 0;
    this.#core.version = undefined;
    this.#core.told = false;
    this.#core.outbox.open(channel);
    this.record.add({ what: 'opened' });
    return STATUS_SUCCESS;
  }

  closed(): void {
    if (this.#channel === undefined) return;
    this.#channel = undefined;
    this.#core.outbox.close();
    this.#ejections.unsay();
    const undeleted = this.#stop();
    this.#core.version = undefined;
    this.#core.ids.hold([]);
    this.record.add({ what: 'closed', undeleted });
  }

  signaled(): void {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let taken = 0; taken < PACKETS_A_TURN; taken++) if (!this.#takeOne()) return;
    } finally {
      this.#reading = false;
    }
    this.#core.port.queue.post(() => this.signaled());
  }

  /** Asks the guest for a function; false when there is none, or no version is agreed on yet. */
  eject(target: { readonly slot: number } | { readonly serial: number }): boolean {
    const made = [...this.#core.functions.values()].find(({ slot, spec }) =>
      'slot' in target ? slot === target.slot : spec.serial === target.serial,
    );
    if (made === undefined || !this.#talking) return false;
    this.#ejections.ask(made);
    return true;
  }

  /**
   * Other functions from now on; those with the same slot, serial and device stay as they are. The guest is told where it has
   * agreed on a version. False, with nothing changed, when another open bus has a function of the same id. Throws RangeError
   * for two in one slot.
   */
  changeRelations(functions: readonly VpciFunction[]): boolean {
    const core = this.#core;
    const next = functionsBySlot(functions, core.prefix);
    if (this.#channel !== undefined && !core.ids.hold(next.keys())) return false;
    for (const [slot, made] of core.functions) {
      const same = next.get(slot);
      if (same?.spec.serial === made.spec.serial && same.spec.device === made.spec.device) {
        next.set(slot, made);
        continue;
      }
      this.#ejections.cancel(slot);
      made.release();
    }
    for (const [slot, made] of next) if (core.functions.get(slot) !== made) made.attach();
    core.functions = next;
    core.told = false;
    if (core.inD0) for (const { spec } of next.values()) spec.device.setPower(true);
    if (this.#talking) sendRelations(core);
    return true;
  }

  /** Tells the guest that configuration blocks have changed; false when there is no such function or nobody to tell. */
  invalidateBlocks(slot: number, mask: bigint): boolean {
    if (!this.#talking || !this.#core.functions.has(slot)) return false;
    sendInvalidate(this.#core, slot, mask);
    return true;
  }

  /** One more fault to come. */
  addFault(rule: FaultRule): void {
    this.#faults.add(rule);
  }

  /**
   * The host takes the bus away, with or without the guest's consent: what it has mapped answers no more and what it sends is
   * not read. Whoever rescinds the offer calls it first.
   */
  withdraw(): void {
    if (this.#rescinded) return;
    this.#rescinded = true;
    this.record.add({ what: 'rescind' });
    this.#ejections.cancel();
    this.#stop();
    // The host forgets it at once, however long the guest keeps the channel open: the same ids may come back.
    this.#core.ids.hold([]);
  }

  /** What the guest holds, and the interrupts that it has left for the host to take back so far. */
  leaks(): { interrupts: number; windows: number; undeleted: number } {
    const devices = [...this.#core.functions.values()].reduce((sum, { spec }) => sum + spec.device.windows, 0);
    return {
      interrupts: this.#core.interrupts.outstanding,
      windows: devices + (this.#core.window.mapped ? 1 : 0),
      undeleted: this.#core.undeleted,
    };
  }

  /** True where packets to the guest make sense. */
  get #talking(): boolean {
    return this.#core.version !== undefined && !this.#rescinded && !this.#dead && this.#channel !== undefined;
  }

  #stop(): number {
    this.#answers.cancel();
    return powerDown(this.#core);
  }

  /** False when there is nothing to take, or it must not be taken now. */
  #takeOne(): boolean {
    const channel = this.#channel;
    if (channel === undefined || this.#dead || this.#rescinded || this.#core.outbox.blocked) return false;
    const outcome = channel.receive(this.#packet);
    if (outcome === 'empty') return false;
    if (outcome === 'too-large') this.#packet.grow(this.#packet.neededBytes);
    else this.#take(this.#packet);
    return true;
  }

  #take(packet: ReceivedPacket): void {
    const request = readRequest(packet.payload().slice(), packet.transactionId, this.#steps++);
    const { step, name, slot } = request;
    const readable = packet.type === IN_BAND && request.payload.length <= vpciHostLimits.packetBytes;
    this.record.add({ what: 'request', step, name, slot });
    this.#knobs.before?.(request, this);
    const fault = this.#faults.take(request);
    if (fault !== undefined) this.record.add({ what: 'fault', step, name, kind: fault.kind });
    const answer = this.#answer(request, readable, fault);
    if (answer === 'stop') this.#die(`${name} in state ${this.state}`);
    else if (request.transactionId !== undefined && answer !== undefined) {
      const status = answer.length >= 4 ? viewOf(answer).getUint32(0, true) : undefined;
      this.record.add({ what: 'answer', step, name, status });
      this.#answers.send(request.transactionId, answer, fault);
    }
    this.#ejections.sayAgain();
    this.#knobs.after?.(request, this);
  }

  #answer(request: VpciRequest, readable: boolean, fault: ReturnType<FaultScript['take']>): Answer | undefined {
    if (fault?.kind === 'refuse') return statusAnswer(fault.status);
    if (fault?.kind === 'lose') return undefined;
    const { type } = request;
    const asksVersion = readable && type === pci_message_type.PCI_QUERY_PROTOCOL_VERSION;
    // Anything else before a version, and the query after one, is the end of OpenVMM's channel worker.
    if (asksVersion !== (this.#core.version === undefined)) return 'stop';
    if (asksVersion) return negotiate(this.#core, request);
    if (!readable) return refuse(this.#core, request, 'is no message');
    if (type === pci_message_type.PCI_EJECTION_COMPLETE) return this.#ejections.complete(this.#core, request);
    const handler = HANDLERS.get(type);
    return handler?.(this.#core, request) ?? refuse(this.#core, request, 'is nothing a guest sends', STATUS_BAD_DATA);
  }

  #die(why: string): void {
    this.#dead = true;
    this.record.add({ what: 'dead', why });
  }
}
