import {
  asksForMemory,
  callsOf,
  type RecordedCall,
  type RecordedEvent,
  readRecording,
  wordAt,
} from '../iommu-replay/recording.js';
import { CODES } from './fake-hypervisor.js';

/** What the core or VFIO asked the driver for. */
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

export interface RecordedSession {
  readonly calls: readonly RecordedCall[];
  /** Groups of devices by address, in the order of their numbers, as the first listing has them. */
  readonly groups: readonly (readonly string[])[];
  readonly operations: readonly Operation[];
}

const FAMILY: ReadonlySet<number> = new Set(Object.values(CODES));

/** The recorded root partition of the fixtures: its calls, and what the guest noted between them, in order. */
export function rootRecording(): RecordedEvent[] {
  return readRecording('root-iommu-linux-7.2.calls.jsonl', 'root-iommu-linux-7.2.requests.jsonl');
}

/** Reads what a driver was asked for out of the notes that the guest left, and where pages lay out of its map calls. */
export function readSession(events: readonly RecordedEvent[]): RecordedSession {
  const calls = callsOf(events, FAMILY);
  const groups: string[][] = [];
  const operations: Operation[] = [];
  const maps = new MapReader(calls);
  let device = '';
  for (const { n, k, text = '' } of events) {
    if (k !== 'marker') continue;
    const group = /^group \d+ type \S+ devices ((?:\S+ )+)/.exec(text);
    if (group !== null && operations.length === 0) groups.push(group[1]!.trim().split(' '));
    const bound = /^(\S+) driver vfio-pci/.exec(text);
    if (bound !== null) device = bound[1]!;
    if (text === 'vfio iommu set') {
      const made = calls.findLast(
        (call) => call.n < n && (call.code === CODES.create || call.code === CODES.attachDevice),
      );
      operations.push({ op: 'open', device, kind: made?.code === CODES.attachDevice ? 'partition' : 'domain' });
    }
    const mapped = /^vfio map iova (0x\w+) size (0x\w+) pages \d+ (r[wo])/.exec(text);
    if (mapped !== null) {
      const iova = BigInt(mapped[1]!);
      const frames = maps.take(iova, Number(BigInt(mapped[2]!) >> 12n));
      operations.push({ op: 'map', n, iova, frames, writable: mapped[3] === 'rw' });
    }
    const unmapped = /^vfio unmap iova (0x\w+) size (0x\w+) -> \S+ , unmapped (0x\w+)/.exec(text);
    if (unmapped !== null) {
      const [iova, pages, done] = [BigInt(unmapped[1]!), Number(unmapped[2]) / 4096, Number(unmapped[3]) / 4096];
      operations.push({ op: 'unmap', n, iova, pages, unmapped: done });
    }
    if (text === 'vfio closing') operations.push({ op: 'close' });
  }
  return { calls, groups, operations };
}

/** Where the pages of mappings lay: VFIO maps one after the other, so that their calls follow each other. */
class MapReader {
  private readonly calls: readonly RecordedCall[];
  private at = 0;

  constructor(calls: readonly RecordedCall[]) {
    this.calls = calls.filter(({ code }) => code === CODES.map || code === CODES.unmap);
  }

  /** Frames of a mapping. Those that no call names, as it failed before, are taken to follow the last one. */
  take(iova: bigint, pages: number): number[] {
    const frames: number[] = [];
    const inside = (call: RecordedCall): boolean => {
      const page = wordAt(call.input, 32) - iova;
      return call.code === CODES.map && page >= 0n && page < BigInt(pages) << 12n;
    };
    while (this.at < this.calls.length && !inside(this.calls[this.at]!)) {
      // Maps that nobody reported: a device whose maps make no call has none at all.
      if (this.calls[this.at]!.code === CODES.map) break;
      this.at++;
    }
    while (this.at < this.calls.length && inside(this.calls[this.at]!)) {
      const call = this.calls[this.at++]!;
      const { input, result } = call;
      const first = Number((wordAt(input, 32) - iova) >> 12n);
      for (let i = 0; 80 + 16 * i < input.length; i++) frames[first + i] = Number(wordAt(input, 40 + 8 * i));
      const failed = (result & 0xffffn) !== 0n && !asksForMemory(call);
      if (failed) break;
    }
    for (let i = 0; i < pages; i++) frames[i] ??= (frames[i - 1] ?? 0x1000) + 1;
    return frames;
  }
}
