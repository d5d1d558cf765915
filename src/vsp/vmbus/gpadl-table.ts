import { type GpadlRange, splitRanges } from './gpadl-ranges.js';

/** A page list that the guest has handed over. */
export interface Gpadl {
  readonly id: number;
  readonly ranges: readonly GpadlRange[];
  /** Words that it counts for in the limit of all GPADLs. */
  readonly cost: number;
  /** The guest wants it back, and a ring still lies in it. */
  tearing: boolean;
}

/** A page list that comes in several messages. Bodies do not name a channel, so the id is unique over all that come in. */
export interface GpadlAssembly {
  readonly relid: number;
  readonly id: number;
  readonly rangeCount: number;
  readonly words: BigUint64Array;
  filled: number;
  readonly cost: number;
}

export type Assembled = 'more' | 'bad' | GpadlRange[];

/** What every GPADL counts for besides its words. */
const OVERHEAD = 8;

/** `rangeBytes` as range_buflen says it; only whole words count. */
export function newAssembly(relid: number, id: number, rangeBytes: number, rangeCount: number): GpadlAssembly {
  const length = rangeBytes >>> 3;
  const words = new BigUint64Array(length);
  return { relid, id, rangeCount, words, filled: 0, cost: length + OVERHEAD };
}

/** Takes the whole words from `at` to the end of `view`; what is beyond the announced length is ignored. */
export function addWords(assembly: GpadlAssembly, view: DataView, at: number): Assembled {
  const { words } = assembly;
  const count = Math.min(words.length - assembly.filled, Math.max(0, view.byteLength - at) >>> 3);
  for (let i = 0; i < count; i++) words[assembly.filled + i] = view.getBigUint64(at + i * 8, true);
  assembly.filled += count;
  if (assembly.filled < words.length) return 'more';
  return splitRanges(words, assembly.rangeCount) ?? 'bad';
}
