import type { SharedMemoryHandle } from '../../memory/shared-memory.js';
import { Mailbox } from '../vp/mailbox.js';

/** What all threads of a simulation share; it can be posted to a Worker. */
export interface SharedState {
  readonly memory: SharedMemoryHandle;
  readonly frames: Int32Array;
  /** VP indices by CPU. */
  readonly vps: readonly number[];
  /** Mailboxes between VPs and hypervisor. */
  readonly exits: SharedArrayBuffer;
  /** Mailboxes between the first CPU, which runs the guest's code, and the others. */
  readonly calls: SharedArrayBuffer;
  readonly flags: Int32Array;
  /** How each thread is: RUNNING, ENDED or FAILED. */
  readonly states: Int32Array;
}

export const RUNNING = 0;
export const ENDED = 1;
export const FAILED = 2;

/** The hypervisor's mailboxes, by CPU. */
export function exitBoxes({ exits, calls, vps }: SharedState): Mailbox[] {
  // The others wait for the hypervisor's interrupts and for the first CPU's calls at once: one word for both.
  return vps.map((_, cpu) => new Mailbox(exits, cpu, cpu === 0 ? {} : { vp: bellOf(calls, cpu) }));
}

/** The mailbox in which the first CPU asks another one for an exit, and in which that one passes its interrupts on. */
export function callBox({ exits, calls }: SharedState, cpu: number): Mailbox {
  return new Mailbox(calls, cpu, { host: bellOf(calls, cpu), vp: new Mailbox(exits, 0).bell });
}

function bellOf(calls: SharedArrayBuffer, cpu: number): Int32Array {
  return new Mailbox(calls, cpu).bell;
}
