import type { MsiMessage } from '../vpci-interrupts/message-irq.js';

/** The registers through which a function learns its messages. The order of accesses is Linux's, as its captures show it. */
export interface MessageCapability {
  readonly kind: 'msi' | 'msix';
  /** Most messages. */
  readonly count: number;
  /** Before the messages are composed. */
  begin(count: number): void;
  /** Writes the message of an entry; NO_MESSAGE clears it. */
  write(index: number, message: MsiMessage): void;
  /** Switches messages on and the interrupt pin off. */
  finish(): void;
  mask(index: number): void;
  unmask(index: number): void;
  /** Switches messages off. */
  end(): void;
}
