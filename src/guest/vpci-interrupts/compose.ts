import { pci_create_int_response } from '../../abi/vpci/interrupt.js';
import { decodeAt } from '../../layout/codec.js';
import type { ReceivedPacket } from '../../ring/ring-packet.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import type { CompletionHandler } from '../vmbus/vmbus-channel.js';
import { createMessage, deleteMessage } from './create-message.js';
import type { IrqArch } from './irq-arch.js';
import {
  type HostDescriptor,
  isMultiMessage,
  type MessageIrq,
  type MsiMessage,
  messageOf,
  NO_MESSAGE,
} from './message-irq.js';

/** Time between two looks at the ring. */
const POLL_US = 100;
const INVALID_VENDOR = 0xffff;
const RESPONSE_BYTES = pci_create_int_response.size;

/**
 * Makes and takes back the messages of devices: asks the host for an address and data to write. Runs where nothing may sleep, so
 * it polls (hv_compose_msi_msg, drivers/pci/controller/pci-hyperv.c).
 */
export class MessageComposer {
  private readonly machine: GuestMachine;
  private readonly arch: IrqArch;
  /** Last CPU that a block of several messages was made for; -1 before the first. */
  private lastCpu = -1;

  constructor(machine: GuestMachine, arch: IrqArch) {
    this.machine = machine;
    this.arch = arch;
  }

  /** The message for an interrupt; NO_MESSAGE when there is none, with a log line (VPCI-50). */
  compose(irq: MessageIrq): MsiMessage {
    const multi = isMultiMessage(irq);
    if (irq.descriptor !== undefined && multi) return messageOf(irq.descriptor);
    const slot = irq.bus.slotOf(irq.devfn);
    if (slot === undefined) return this.refuse(irq, 'no-device');
    this.release(irq);
    if (multi && irq.index > 0) return this.composeFollower(irq);
    const cpu = this.chooseCpu(irq, multi);
    if (cpu === undefined) return this.refuse(irq, 'no-cpu');
    const vectorCount = multi ? irq.block.length : 1;
    const message = createMessage(irq.bus.version, {
      slot,
      vector: this.arch.vectorOf(irq),
      deliveryMode: this.arch.deliveryMode,
      vectorCount,
      vp: this.machine.cpus[cpu]!.gate.vp,
    });
    if (message === undefined) return this.refuse(irq, 'vector-too-large');
    const answer = this.ask(irq, message);
    if (typeof answer === 'string') return this.refuse(irq, answer);
    irq.descriptor = answer;
    return messageOf(answer);
  }

  /** Takes an interrupt's message back; the host is told where it knows of it (VPCI-56, VPCI-57). */
  release(irq: MessageIrq): void {
    const { descriptor, bus } = irq;
    if (descriptor === undefined) return;
    irq.descriptor = undefined;
    const slot = bus.slotOf(irq.devfn);
    // The messages behind the first of a block are the guest's own arithmetic.
    if (slot === undefined || descriptor.vector_count === 0) return;
    const sent = bus.channel.send(deleteMessage(slot, descriptor));
    if (!sent.ok)
      this.machine.log({ level: 'warn', code: 'vpci-delete-interrupt-not-sent', fields: { slot, errno: sent.errno } });
  }

  /** Messages behind the first of a block: same address, data counted up; the host is not asked (VPCI-51). */
  private composeFollower(irq: MessageIrq): MsiMessage {
    const first = irq.block[0]!.descriptor;
    if (first === undefined) return this.refuse(irq, 'first-message-missing');
    irq.descriptor = { vector_count: 0, data: (first.data + irq.index) >>> 0, address: first.address };
    return messageOf(irq.descriptor);
  }

  /**
   * The CPU that the host aims at. One for all blocks in turn: what the host derives of it stays for good, and a constant would
   * put all devices on one physical CPU (VPCI-54). A single message aims where the interrupt goes now; before anyone requests
   * it that may be a CPU that is present but not online (ARM-08), and then any of those it may go to will do.
   */
  private chooseCpu(irq: MessageIrq, multi: boolean): number | undefined {
    const { cpus } = this.machine;
    if (!multi) return [...irq.effective, ...irq.affinity].find((cpu) => cpus[cpu]?.online);
    for (let step = 1; step <= cpus.length; step++) {
      const cpu = (this.lastCpu + step) % cpus.length;
      if (!cpus[cpu]!.online) continue;
      this.lastCpu = cpu;
      return cpu;
    }
    return undefined;
  }

  /** Sends a create message and polls for its answer (VPCI-55). */
  private ask(irq: MessageIrq, message: Uint8Array): HostDescriptor | string {
    const { channel } = irq.bus;
    let answer: HostDescriptor | string | undefined;
    const take: CompletionHandler = (packet) => {
      answer = readAnswer(packet);
    };
    // The channel's own callback would take the ring from under the poll.
    channel.disableCallback();
    try {
      const sent = channel.send(message, take);
      if (!sent.ok) return `not-sent-${sent.errno.toLowerCase()}`;
      while (answer === undefined) {
        const gone = this.whyGone(irq);
        if (gone !== undefined) {
          // The answer may come yet; it must not find a waiter that has left.
          channel.requests.remove(sent.value, take);
          return gone;
        }
        irq.bus.drainChannel();
        // Also behind an answer: the kernel looks again only after its delay.
        this.machine.queue.busyWait(POLL_US);
      }
      return answer;
    } finally {
      channel.enableCallback();
    }
  }

  private whyGone(irq: MessageIrq): string | undefined {
    if (irq.bus.vendorOf(irq.devfn) === INVALID_VENDOR) return 'device-gone';
    return irq.bus.channel.hasCallback ? undefined : 'rescinded';
  }

  private refuse(irq: MessageIrq, why: string): MsiMessage {
    this.machine.log({
      level: 'error',
      code: 'vpci-no-message',
      fields: { why, devfn: irq.devfn, index: irq.index },
    });
    return NO_MESSAGE;
  }
}

/** The descriptor in a completion, or why there is none. */
function readAnswer(packet: ReceivedPacket): HostDescriptor | string {
  if (packet.packetBytes < RESPONSE_BYTES) return 'answer-too-short';
  const response = decodeAt(pci_create_int_response, packet.buffer.view, 0);
  return response.response.status < 0 ? 'refused-by-host' : response.int_desc;
}
