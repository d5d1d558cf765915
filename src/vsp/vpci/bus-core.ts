import { pci_response } from '../../abi/vpci/message.js';
import type { HostPort } from '../../ports/host-port.js';
import type { AttachedIds } from './attached-ids.js';
import type { BusFunction } from './bus-function.js';
import type { ConfigWindow } from './config-window.js';
import type { VpciEventLog } from './event-log.js';
import type { InterruptTable } from './interrupt-table.js';
import type { Outbox } from './outbox.js';
import type { VpciRequest } from './request.js';
import { STATUS_BAD_DATA } from './statuses.js';

/** When the host tells the functions by itself as the bus enters D0; asked for they are told always. */
export type RelationsAtD0 = 'unless-told' | 'always' | 'never';

/** What of a bus the handlers of its messages share. */
export interface BusCore {
  readonly port: HostPort;
  readonly prefix: number;
  /** Versions the host speaks, ascending. */
  readonly versions: readonly number[];
  readonly shortAnswers: boolean;
  readonly relationsAtD0: RelationsAtD0;
  /** Cleared in addresses of the guest: the bit that marks shared memory in a confidential guest. */
  readonly sharedGpaBit: bigint;
  readonly log: VpciEventLog;
  readonly outbox: Outbox;
  readonly window: ConfigWindow;
  readonly interrupts: InterruptTable;
  readonly ids: AttachedIds;
  functions: Map<number, BusFunction>;
  /** The version agreed on. */
  version: number | undefined;
  inD0: boolean;
  /** The guest knows the functions there are now. */
  told: boolean;
  /** Interrupts that the host has had to take back so far. */
  undeleted: number;
}

/** Payload of the answer; `stop` kills the bus, nothing answers then. */
export type Answer = Uint8Array | 'stop';

export type Handler = (core: BusCore, request: VpciRequest) => Answer;

/** An NTSTATUS alone. */
export function statusAnswer(status: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, status, true);
  return bytes;
}

/** The answer to what cannot be read, and the note of it. */
export function refuse(core: BusCore, request: VpciRequest, why: string, status = STATUS_BAD_DATA): Uint8Array {
  core.log.add({ what: 'illegal', step: request.step, name: request.name, why });
  return statusAnswer(status);
}

/** A packet without the descriptor that Linux declares in front of it: the ring adds its own. */
export function withoutDescriptor(packet: Uint8Array): Uint8Array {
  return packet.subarray(DESCRIPTOR_BYTES);
}

const DESCRIPTOR_BYTES = pci_response.size - 4;
