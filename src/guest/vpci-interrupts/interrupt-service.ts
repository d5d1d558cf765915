import type { GuestMachine } from '../machine/guest-machine.js';
import { MessageComposer } from './compose.js';
import type { IrqArch } from './irq-arch.js';

/** What serves the messages of all virtual PCI buses of a machine: one of each, or CPUs would not be chosen in turn (VPCI-54). */
export interface InterruptService {
  readonly machine: GuestMachine;
  readonly arch: IrqArch;
  readonly composer: MessageComposer;
}

export function makeInterruptService(machine: GuestMachine, arch: IrqArch): InterruptService {
  return { machine, arch, composer: new MessageComposer(machine, arch) };
}
