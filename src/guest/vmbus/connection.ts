import type { Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import type { HostReplies } from './host-replies.js';

/** What a channel needs of the connection that it is on. */
export interface Connection {
  readonly machine: GuestMachine;
  readonly replies: HostReplies;
  /** Agreed version, major << 16 | minor; undefined without a connection. */
  readonly version: number | undefined;
  /** Sends a channel message; EAGAIN and EINVAL as the post does, ENODEV without a connection. */
  post(body: Uint8Array): Routine<Outcome>;
  /** A handle for a GPADL, never given twice. */
  nextGpadl(): number;
}
