import { hv_input_map_device_gpa_pages } from '../../abi/hv/device-attach.js';
import {
  HVCALL_ATTACH_DEVICE,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../../abi/hypercalls/device-domains.js';
import { DecodeError } from '../../bytes/errors.js';
import type { Event } from '../../capture/event.js';
import { batchLimit } from '../../hypercall/batch.js';
import { needsMemory } from '../../hypercall/status.js';
import type { RecordedCall } from '../replay/recorded-call.js';
import { mapBaseOf, numberOf, wordsFrom } from './driver-calls.js';

/** Pages of a map call that the next one goes on behind. */
const MAP_BATCH = batchLimit(HVCALL_MAP_DEVICE_GPA_PAGES).maxReps;
/** Where pages lie that no call names at all. */
const FIRST_FRAME = 0x1000;

/** What the core or VFIO asked a root partition's driver for. */
export type Operation =
  | { readonly op: 'open'; readonly device: string; readonly kind: 'domain' | 'partition' }
  | {
      readonly op: 'map';
      readonly n: number;
      readonly iova: bigint;
      readonly frames: readonly number[];
      readonly writable: boolean;
    }
  | {
      readonly op: 'unmap';
      readonly n: number;
      readonly iova: bigint;
      readonly pages: number;
      readonly unmapped: number;
    }
  | { readonly op: 'close' };

export interface VfioSession {
  /** Groups of devices by address, in the order of their numbers, as the first listing has them. */
  readonly groups: readonly (readonly string[])[];
  /** Number of the event at which devices were listed first. */
  readonly listed: number;
  readonly operations: readonly Operation[];
}

/** A note that the recorded guest left: the text of a `marker` event and where it stands. */
export interface Note {
  readonly n: number;
  readonly text: string;
}

export function notesOf(events: readonly Event[]): Note[] {
  return events.flatMap((event, position) =>
    event.k === 'marker' && typeof event.text === 'string' ? [{ n: numberOf(event, position), text: event.text }] : [],
  );
}

const WORD = '(0x[0-9a-f]{1,16})';
const MAP_NOTE = new RegExp(`^vfio map iova ${WORD} size ${WORD} pages \\d+ (r[wo])(?: -> (\\S+))?`, 'i');
const UNMAP_NOTE = new RegExp(`^vfio unmap iova ${WORD} size ${WORD}(?: -> \\S+ , unmapped ${WORD})?`, 'i');
/** Largest mapping that is followed page by page: 64 GiB. */
const MOST_BYTES = 2 ** 36;

/**
 * `vfio map iova 0x… size 0x… pages N rw -> 0`: what was asked for, and whether it was had. Throws DecodeError E_RECORD for more than
 * 64 GiB at once.
 */
export function mapNote(text: string) {
  const found = MAP_NOTE.exec(text);
  if (found === null) return undefined;
  const [, iova, size, access, answer] = found;
  const bytes = Number(size);
  if (bytes > MOST_BYTES)
    throw new DecodeError('E_RECORD', `a mapping of ${bytes} bytes: 64 GiB at once are followed`, {
      struct: 'marker',
      path: 'text',
    });
  return { iova: BigInt(iova!), bytes, writable: access === 'rw', ok: answer === '0' };
}

/** `vfio unmap iova 0x… size 0x… -> 0 , unmapped 0x…`. */
export function unmapNote(text: string) {
  const found = UNMAP_NOTE.exec(text);
  if (found === null) return undefined;
  const [, iova, size, done] = found;
  return { iova: BigInt(iova!), bytes: Number(size), unmapped: Number(done ?? 0) };
}

export const CLOSING = 'vfio closing';

/** Reads what a driver was asked for out of the notes that the guest left, and where pages lay out of its map calls. */
export function vfioSession(notes: readonly Note[], calls: readonly RecordedCall[]): VfioSession {
  const groups: string[][] = [];
  const operations: Operation[] = [];
  const maps = new MapReader(calls);
  let device = '';
  let listed = Number.POSITIVE_INFINITY;
  for (const { n, text } of notes) {
    const group = /^group \d+ type \S+ devices ((?:\S+ )+)/.exec(text);
    if (group !== null && operations.length === 0) {
      if (groups.length === 0) listed = n;
      groups.push(group[1]!.trim().split(' '));
    }
    device = /^(\S+) driver vfio-pci/.exec(text)?.[1] ?? device;
    if (text === 'vfio iommu set') operations.push({ op: 'open', device, kind: kindBefore(n, calls) });
    const map = mapNote(text);
    if (map !== undefined) {
      const { iova, bytes, writable } = map;
      operations.push({ op: 'map', n, iova, frames: maps.take(iova, Math.ceil(bytes / 4096)), writable });
    }
    const unmap = unmapNote(text);
    if (unmap !== undefined) {
      const { iova, bytes, unmapped } = unmap;
      operations.push({ op: 'unmap', n, iova, pages: bytes / 4096, unmapped: unmapped / 4096 });
    }
    if (text === CLOSING) operations.push({ op: 'close' });
  }
  return { groups, listed, operations };
}

/** What a container's domain is, by the last call that made one. */
function kindBefore(n: number, calls: readonly RecordedCall[]): 'domain' | 'partition' {
  const made = calls.findLast(
    (call) => call.n < n && (call.code === HVCALL_CREATE_DEVICE_DOMAIN.code || call.code === HVCALL_ATTACH_DEVICE.code),
  );
  return made?.code === HVCALL_ATTACH_DEVICE.code ? 'partition' : 'domain';
}

/** Where the pages of mappings lay: VFIO maps one after the other, so that their calls follow each other. */
class MapReader {
  private readonly calls: readonly RecordedCall[];
  private at = 0;

  constructor(calls: readonly RecordedCall[]) {
    this.calls = calls.filter(
      ({ code }) => code === HVCALL_MAP_DEVICE_GPA_PAGES.code || code === HVCALL_UNMAP_DEVICE_GPA_PAGES.code,
    );
  }

  /**
   * Frames of a mapping. Where the driver stopped at a failure no call names the rest: its stretch goes on as far as the calls ask
   * for or take back, and what is behind lies elsewhere.
   */
  take(iova: bigint, pages: number): number[] {
    const frames: number[] = [];
    const inside = (call: RecordedCall): boolean => {
      const page = mapBaseOf(call) - iova;
      return isMap(call) && page >= 0n && page < BigInt(pages) << 12n;
    };
    // Maps that nobody reported are left: a device whose maps make no call has none at all.
    while (this.at < this.calls.length && !isMap(this.calls[this.at]!)) this.at++;
    let stretch = 0;
    let end = pages;
    while (this.at < this.calls.length && inside(this.calls[this.at]!)) {
      const call = this.calls[this.at++]!;
      const first = Number((mapBaseOf(call) - iova) >> 12n);
      const listed = wordsFrom(call, hv_input_map_device_gpa_pages.size);
      if (first === 0 || Number(listed[0]) !== frames[first - 1]! + 1) stretch = first;
      for (const [i, frame] of listed.entries()) frames[first + i] = Number(frame);
      if (call.status === 0 || needsMemory(call.status)) continue;
      const asked = call.reps === MAP_BATCH ? stretch + this.takenBack(iova + (BigInt(stretch) << 12n)) : 0;
      end = call.reps === MAP_BATCH && asked <= first + call.reps ? pages : Math.max(asked, first + call.reps);
      break;
    }
    for (let i = 0; i < pages; i++) frames[i] ??= (frames[i - 1] ?? FIRST_FRAME) + (i === end ? 2 : 1);
    return frames.slice(0, pages);
  }

  /** Pages that the calls behind a failure unmap, from an address on. */
  private takenBack(from: bigint): number {
    let pages = 0;
    for (let i = this.at; i < this.calls.length; i++) {
      const call = this.calls[i]!;
      if (isMap(call) || mapBaseOf(call) !== from + (BigInt(pages) << 12n)) break;
      pages += call.reps;
    }
    return pages;
  }
}

function isMap({ code }: RecordedCall): boolean {
  return code === HVCALL_MAP_DEVICE_GPA_PAGES.code;
}
