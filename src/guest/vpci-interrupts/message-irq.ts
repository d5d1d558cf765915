import type { tran_int_desc } from '../../abi/vpci/interrupt.js';
import type { ValueOf } from '../../layout/types.js';
import type { InterruptBus } from './interrupt-bus.js';

/** What a device writes, and where, to raise an interrupt. Address and data 0 are no message: composing failed (VPCI-55). */
export interface MsiMessage {
  readonly address: bigint;
  readonly data: number;
}

export const NO_MESSAGE: MsiMessage = { address: 0n, data: 0 };

/** The host's answer to a create message, kept as it came: a delete sends it back. */
export type HostDescriptor = ValueOf<typeof tran_int_desc>;

/** One interrupt of a function: what the kernel spreads over irq_data and the chip data of struct tran_int_desc. */
export interface MessageIrq {
  readonly bus: InterruptBus;
  readonly devfn: number;
  readonly kind: 'msi' | 'msix';
  /** All interrupts that were allocated together, this one included; a block of MSI is one capability's messages. */
  readonly block: readonly MessageIrq[];
  /** Place in the block, and entry of the MSI-X table. */
  readonly index: number;
  /** CPUs that the interrupt may go to. */
  affinity: readonly number[];
  /** Spread over the CPUs by the kernel: not the user's to move. */
  readonly managed: boolean;
  /** CPUs that it goes to now. */
  effective: readonly number[];
  /** Vector (x64) or INTID (arm64); undefined while it has none. */
  vector: number | undefined;
  /** Undefined while the host knows nothing of it. */
  descriptor: HostDescriptor | undefined;
  /** Runs where the interrupt comes in. */
  handler: ((cpu: number) => void) | undefined;
}

/** True for a message of a capability that has several: they share one request to the host (VPCI-50). */
export function isMultiMessage(irq: MessageIrq): boolean {
  return irq.kind === 'msi' && irq.block.length > 1;
}

/** The message in a host descriptor. */
export function messageOf(descriptor: HostDescriptor): MsiMessage {
  return { address: descriptor.address, data: descriptor.data };
}
