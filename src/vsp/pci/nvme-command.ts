import { viewOf } from '../../bytes/span.js';
import type { DmaPort } from '../../ports/dma-port.js';

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

/** A piece of memory as the device has it. */
export interface Segment {
  readonly address: bigint;
  readonly length: number;
}

/**
 * The pieces of `length` bytes that two PRP entries name: the first from an offset on, the second a page or, for more than
 * two pages, a list whose last entry leads to the next list. Undefined when a list cannot be read or an entry is not aligned.
 */
export function prpSegments(dma: DmaPort, prp1: bigint, prp2: bigint, length: number): Segment[] | undefined {
  const first = Math.min(length, PAGE - Number(prp1 & 0xfffn));
  const segments: Segment[] = [{ address: prp1, length: first }];
  let left = length - first;
  if (left === 0) return segments;
  if (left <= PAGE) return isAligned(prp2) ? [...segments, { address: prp2, length: left }] : undefined;
  let list = prp2;
  // A list of one entry only leads on: such lists may go round in a circle.
  for (let lists = 0; left > 0; lists++) {
    if (list % 8n !== 0n || lists > MOST_LISTS) return undefined;
    const entries = (PAGE - Number(list & 0xfffn)) / 8;
    const wanted = Math.ceil(left / PAGE);
    const found = readList(dma, list, Math.min(entries, wanted));
    if (found === undefined) return undefined;
    const next = wanted > entries ? found.pop() : undefined;
    for (const address of found) {
      const piece = Math.min(left, PAGE);
      if (!isAligned(address)) return undefined;
      segments.push({ address, length: piece });
      left -= piece;
    }
    list = next ?? 0n;
  }
  return segments;
}

/** Far more than any transfer needs. */
const MOST_LISTS = 1024;

function isAligned(address: bigint): boolean {
  return (address & 0xfffn) === 0n;
}

function readList(dma: DmaPort, address: bigint, count: number): bigint[] | undefined {
  const bytes = new Uint8Array(count * 8);
  if (!dma.read(address, bytes)) return undefined;
  const view = viewOf(bytes);
  return Array.from({ length: count }, (_, i) => view.getBigUint64(i * 8, true));
}

/** Copies `bytes` to where a command wants its data; false when that is nowhere. What was copied in front of that stays. */
export function toGuest(dma: DmaPort, command: NvmeCommand, bytes: Uint8Array): boolean {
  return onSegments(dma, command, bytes, (address, piece) => dma.write(address, piece));
}

/** The `length` bytes of a command's data; undefined when they cannot be read. */
export function fromGuest(dma: DmaPort, command: NvmeCommand, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  return onSegments(dma, command, bytes, (address, piece) => dma.read(address, piece)) ? bytes : undefined;
}

function onSegments(
  dma: DmaPort,
  { prps, prp1, prp2 }: NvmeCommand,
  bytes: Uint8Array,
  access: (address: bigint, piece: Uint8Array) => boolean,
): boolean {
  const segments = prps ? prpSegments(dma, prp1, prp2, bytes.length) : undefined;
  if (segments === undefined) return false;
  let done = 0;
  for (const { address, length } of segments) {
    if (!access(address, bytes.subarray(done, done + length))) return false;
    done += length;
  }
  return true;
}
