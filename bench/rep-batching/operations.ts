import { HVCALL_MAP_DEVICE_GPA_PAGES, HVCALL_UNMAP_DEVICE_GPA_PAGES } from '../../src/abi/hypercalls/device-domains.js';
import {
  DepositBatch,
  FlushAddressBatch,
  FlushListBatch,
  type FrameFiller,
  type InputArea,
  MapBatch,
  UnmapBatch,
} from '../../src/hypercall/map-batch.js';
import { type Hypercall, inputSide, repLimits } from '../../src/layout/hypercall.js';
import type { StubTables } from '../stub-hypervisor.js';

/** 1 GiB. */
export const PAGES = 262_144;
/** Where the range starts in the address space, and the frames that it is mapped to: runs of one allocation. */
export const FIRST_PAGE = 0x10_0000;
export const FIRST_FRAME = 0x20_0000;
export const DOMAIN_ID = 7;
const PERMISSIONS = 3;
const UNTOUCHED = 0x5555_5555;

/** Calls of one kind, as one CPU makes them. Elements are counted over the whole operation. */
export interface Job {
  readonly call: Hypercall;
  /** Writes the input for `count` elements from `first` on; returns its bytes. */
  write(area: InputArea, first: number, count: number): number;
}

export interface Operation {
  readonly call: Hypercall;
  job(frames: FrameFiller | undefined): Job;
  /** Offset of the address in the header; undefined where calls differ by their lists alone. */
  readonly addressAt?: number;
  /** Before a checked run. */
  prepare(tables: StubTables): void;
  /** What the checked run left; the index of a wrong element, or -1. */
  firstWrong(tables: StubTables): number;
}

const device_domain = {
  partition_id: 0xffff_ffff_ffff_ffffn,
  owner_vtl: { target_vtl: 0, use_target_vtl: false },
  domain_id: { type: 0, id: DOMAIN_ID },
};

const target = {
  device_domain,
  target_vtl: { target_vtl: 0, use_target_vtl: false },
  map_flags: PERMISSIONS,
};

/** The first element whose two words are not as `lo` and `hi` say. */
function wrongPair(words: Uint32Array, lo: (frame: number) => number, hi: (frame: number) => number): number {
  for (let i = 0; i < words.length / 2; i++) {
    const frame = FIRST_FRAME + i;
    if (words[2 * i] !== lo(frame) >>> 0 || words[2 * i + 1] !== hi(frame) >>> 0) return i;
  }
  return -1;
}

const entryLo = (frame: number): number => (frame << 12) | PERMISSIONS;
const entryHi = (frame: number): number => Math.floor(frame / 0x10_0000);

const flushedOnce = (tables: StubTables): number => tables.flushed.findIndex((times) => times !== 1);
const clearFlushed = (tables: StubTables): void => {
  tables.flushed.fill(0);
};

const makers = {
  map: {
    // The last field of the header.
    addressAt: inputSide(HVCALL_MAP_DEVICE_GPA_PAGES).header - 8,
    job(frames) {
      const batch = new MapBatch(target, frames);
      return {
        call: batch.call,
        write: (area, first, count) => batch.write(area, FIRST_PAGE + first, FIRST_FRAME + first, count),
      };
    },
    prepare: ({ entries }) => {
      entries.fill(UNTOUCHED);
    },
    firstWrong: ({ entries }) => wrongPair(entries, entryLo, entryHi),
  },
  unmap: {
    addressAt: inputSide(HVCALL_UNMAP_DEVICE_GPA_PAGES).header - 8,
    job() {
      const batch = new UnmapBatch({ device_domain });
      return { call: batch.call, write: (area, first, count) => batch.write(area, FIRST_PAGE + first, count) };
    },
    prepare: ({ entries }) => {
      entries.fill(UNTOUCHED);
    },
    firstWrong: ({ entries }) => entries.findIndex((word) => word !== 0),
  },
  deposit: {
    job(frames) {
      const batch = new DepositBatch(5n, frames);
      return { call: batch.call, write: (area, first, count) => batch.write(area, FIRST_FRAME + first, count) };
    },
    prepare: ({ pool }) => {
      pool.fill(UNTOUCHED);
    },
    firstWrong: ({ pool }) =>
      wrongPair(
        pool,
        (frame) => frame,
        () => 0,
      ),
  },
  'flush list': {
    job() {
      const batch = new FlushListBatch({ device_domain, flags: 0 });
      return { call: batch.call, write: (area, first, count) => batch.write(area, FIRST_PAGE + first, count) };
    },
    prepare: clearFlushed,
    firstWrong: flushedOnce,
  },
  'flush VA list': {
    job() {
      const batch = new FlushAddressBatch({ address_space: 0x1000n, flags: 0n, processor_mask: 3n });
      return { call: batch.call, write: (area, first, count) => batch.write(area, FIRST_PAGE + first, count) };
    },
    prepare: clearFlushed,
    firstWrong: flushedOnce,
  },
} satisfies Record<string, Omit<Operation, 'call'>>;

export type OperationName = keyof typeof makers;

/** What is measured, by name. */
export const OPERATIONS = Object.fromEntries(
  Object.entries(makers).map(([name, maker]) => [name, { ...maker, call: maker.job(undefined).call }]),
) as Readonly<Record<OperationName, Operation>>;

/** Most reps of one call. */
export const mostReps = (name: OperationName): number => repLimits(OPERATIONS[name].call)!.maxReps;

/** Most reps of one call whose input is in registers of so many bytes; elements of an input without a list take none. */
export function mostFastReps(name: OperationName, registerBytes: number): number {
  const { header, element } = inputSide(OPERATIONS[name].call);
  if (header > registerBytes) return 0;
  return element === 0 ? mostReps(name) : Math.floor((registerBytes - header) / element);
}

/** Powers of `step` well below the most that a call takes, and that. */
export function batchSizes(name: OperationName, step = 2, most = mostReps(name)): number[] {
  const sizes = [];
  for (let size = 1; size < most; size *= step) if (size * 1.5 <= most) sizes.push(size);
  return [...sizes, most];
}
