import type { Issue } from '../layout/describe.js';
import type { Limits } from '../layout/limits.js';
import type { Direction } from '../layout/messages.js';
import type { AnyType, Arch } from '../layout/types.js';

/** Bytes that belong to the record but to no structure, with the reason that they are there. */
export interface Slack {
  /** What they are: `message slot past its payload`, `packet padding`, `register rounding`, … */
  readonly name: string;
  /** Bytes from the start of the part's byte string. */
  readonly offset: number;
  readonly length: number;
}

/**
 * One structure found in the bytes of a record: where it lies and what it is. Values, trees and issues are
 * made from it on demand (value.ts), so that a summary pays for none of them.
 */
export interface Part {
  /** Which byte string of the record: `in`, `out`, `raw`, `ctl`, or `` for a plain file. */
  readonly label: string;
  /** C constant of the message or call, where it has one. */
  readonly name?: string;
  /** C name of the struct; of opaque payload, what it is. */
  readonly struct: string;
  /** Absent where no declaration exists: the bytes are opaque. */
  readonly type?: AnyType;
  readonly arch: Arch | 'any';
  /** ABI version of the layout; `chosen` when there were several. */
  readonly version: string;
  readonly chosen: boolean;
  readonly direction?: Direction;
  readonly view: DataView;
  /** Bytes from the start of `view`. */
  readonly offset: number;
  /** Bytes that the structure takes up. */
  readonly size: number;
  readonly limits?: Limits;
  /** The message inside this one. */
  readonly inner?: Part;
  readonly slack: readonly Slack[];
  /** Found while locating; those of the values come on demand. */
  readonly issues: readonly Issue[];
  /** Bytes of the byte string that nothing accounts for. */
  readonly unattributed: number;
  /** Payload bytes of a device class without declared messages. */
  readonly classPayload: number;
  /** True for the answer to a request. */
  readonly reply?: boolean;
}

/** What is known of a record besides its bytes. */
export interface DecodedRecord {
  /** Number of the record in its input: the event's own, else counting from 0. */
  readonly n: number;
  /** Kind as in the input: hypercall, synic_message, ring, …; `bytes` for plain input. */
  readonly kind: string;
  /** C constant: HVCALL_…, VM_PKT_…, HV_X64_MSR_…; absent for kinds without one. */
  readonly name?: string;
  readonly direction?: Direction;
  /** True when a call code, message type, packet type or register has no name. */
  readonly unknown: boolean;
  /** Structures in the record's byte strings; empty for records without bytes. */
  readonly parts: readonly Part[];
  /** Of hypercalls. */
  readonly call?: CallWords;
  /** Plain facts of records without bytes: register and value, vector, flag, address, … ; JSON-ready. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly issues: readonly Issue[];
  /** The record as it was read. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Set when the answer or the question is known; `reply` may be filled in later, before the record leaves the link window. */
  links?: { request?: number; reply?: number };
  /** Bytes in all byte strings. */
  readonly bytes: number;
}

/** Control word and result of a hypercall, split. */
export interface CallWords {
  readonly control: bigint;
  readonly code: number;
  readonly fast: boolean;
  readonly varQwords: number;
  readonly reps: number;
  readonly repStart: number;
  readonly result?: bigint;
  readonly status?: number;
  readonly repsDone?: number;
}
