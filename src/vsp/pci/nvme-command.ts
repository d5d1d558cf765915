import { viewOf } from '../../bytes/span.js';
import type { GuestMemory } from '../../ports/guest-memory.js';

/** Bytes of a submission queue entry. */
export const COMMAND_BYTES = 64;
export const PAGE = 4096;

/** What the words of a submission queue entry say (NVM Express 1.4, figure 105). */
export interface NvmeCommand {
  readonly opcode: number;
  readonly id: number;
  readonly nsid: number;
  /** False where the data is described by anything but PRPs. */
  readonly prps: boolean;
  readonly prp1: bigint;
  readonly prp2: bigint;
  /** Command words 10 to 15. */
  readonly words: readonly number[];
}

/** Result of a command: status as in nvme-status, and the first word of the completion. */
export interface NvmeOutcome {
  readonly status: number;
  readonly result?: number;
}

export function readCommand(bytes: Uint8Array): NvmeCommand {
  const view = viewOf(bytes);
  return {
    opcode: view.getUint8(0),
    id: view.getUint16(2, true),
    nsid: view.getUint32(4, true),
    prps: (view.getUint8(1) & 0xc3) === 0,
    prp1: view.getBigUint64(24, true),
    prp2: view.getBigUint64(32, true),
    words: Array.from({ length: 6 }, (_, i) => view.getUint32(40 + i * 4, true)),
  };
}

/** A piece of guest memory. */
export interface Segment {
  readonly gpa: number;
  readonly length: number;
}

/** The address as a number when the range lies in memory, else undefined. */
export function inMemory(memory: GuestMemory, address: bigint, length: number): number | undefined {
  if (address >= 1n << 52n) return undefined;
  const gpa = Number(address);
  return memory.has(gpa, length) ? gpa : undefined;
}

/**
 * The pieces of `length` bytes that two PRP entries name: the first from an offset on, the second a page or, for more than
 * two pages, a list whose last entry leads to the next list. Undefined when anything lies outside of memory or is not aligned.
 */
export function prpSegments(memory: GuestMemory, prp1: bigint, prp2: bigint, length: number): Segment[] | undefined {
  const first = Math.min(length, PAGE - Number(prp1 & 0xfffn));
  const segments: Segment[] = [];
  if (!add(memory, segments, prp1, first)) return undefined;
  let left = length - first;
  if (left === 0) return segments;
  if (left <= PAGE) return aligned(prp2) && add(memory, segments, prp2, left) ? segments : undefined;
  let list = prp2;
  // A list of one entry only leads on: such lists may go round in a circle.
  for (let lists = 0; left > 0; lists++) {
    if (list % 8n !== 0n || lists > MOST_LISTS) return undefined;
    const entries = (PAGE - Number(list & 0xfffn)) / 8;
    const at = inMemory(memory, list, entries * 8);
    if (at === undefined) return undefined;
    const more = left > entries * PAGE;
    for (let i = 0; i < entries && left > 0; i++) {
      const entry = memory.readU64(at + i * 8);
      if (more && i === entries - 1) {
        list = entry;
        break;
      }
      const piece = Math.min(left, PAGE);
      if (!aligned(entry) || !add(memory, segments, entry, piece)) return undefined;
      left -= piece;
    }
  }
  return segments;
}

/** Far more than any transfer needs. */
const MOST_LISTS = 1024;

function aligned(address: bigint): boolean {
  return (address & 0xfffn) === 0n;
}

function add(memory: GuestMemory, segments: Segment[], address: bigint, length: number): boolean {
  const gpa = inMemory(memory, address, length);
  if (gpa === undefined) return false;
  segments.push({ gpa, length });
  return true;
}

/** Copies `bytes` to where a command wants its data; false when that is nowhere. */
export function toGuest(memory: GuestMemory, command: NvmeCommand, bytes: Uint8Array): boolean {
  const segments = prpSegments(memory, command.prp1, command.prp2, bytes.length);
  if (!command.prps || segments === undefined) return false;
  let done = 0;
  for (const { gpa, length } of segments) {
    memory.write(gpa, bytes.subarray(done, done + length));
    done += length;
  }
  return true;
}

/** The `length` bytes of a command's data. */
export function fromGuest(memory: GuestMemory, command: NvmeCommand, length: number): Uint8Array | undefined {
  const segments = prpSegments(memory, command.prp1, command.prp2, length);
  if (!command.prps || segments === undefined) return undefined;
  const bytes = new Uint8Array(length);
  let done = 0;
  for (const { gpa, length: piece } of segments) {
    memory.read(gpa, bytes.subarray(done, done + piece));
    done += piece;
  }
  return bytes;
}
