import * as assert from 'node:assert/strict';
import {
  HVCALL_FLUSH_DEVICE_DOMAIN,
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
} from '../../src/abi/hypercalls/device-domains.js';
import { LogicalDeviceIdTable } from '../../src/guest/device-id/logical-device-id-table.js';
import { bootGuest } from '../../src/guest/machine/boot.js';
import { type FlushStrategy, flushEntries } from '../../src/guest/pv-iommu/flush-entries.js';
import { FlushGather } from '../../src/guest/pv-iommu/flush-gather.js';
import { PagingDomain } from '../../src/guest/pv-iommu/paging-domain.js';
import { startPvIommu } from '../../src/guest/pv-iommu/start.js';
import { Partition } from '../../src/hypervisor/partition.js';
import { HypercallPages } from '../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';
import type { BenchCase, Figure } from '../case.js';
import { median } from '../race.js';
import { PAGE } from '../root-driver.js';

const STRATEGIES: readonly FlushStrategy[] = ['exact', 'single', 'domain'];
const MIB = 256;
/** Pages of the guest, all of them mapped one to one. */
const MAPPED = 64 * MIB;
const FRAMES = 1024;
/** Ranges that are flushed, in pages. */
const RANGES = [
  { what: '1 MiB', first: 16 * MIB, pages: MIB },
  { what: '1 MiB, a page off', first: 16 * MIB + 1, pages: MIB },
  { what: '1 MiB around 32 MiB', first: 32 * MIB - MIB / 2 - 1, pages: MIB },
  { what: '16 MiB', first: 16 * MIB, pages: 16 * MIB },
  { what: '16 MiB, a page off', first: 16 * MIB + 1, pages: 16 * MIB },
] as const;
type Range = (typeof RANGES)[number];
const PREFIX = 0x100;
const DEVICE = 0x100n;
const BUS = 7;

/** A guest with a device in a domain of its own tables; `calls` counts the flush calls it makes. */
function makeGuest(flush: FlushStrategy) {
  const memory = SharedGuestMemory.create((MAPPED + FRAMES) * PAGE);
  const frames = PageFrameAllocator.create(MAPPED, FRAMES);
  const queue = new VirtualQueue();
  const sink = { interrupt: () => undefined };
  const partition = new Partition({ arch: 'x64', memory, queue, sink, vps: [0], iommu: { devices: [DEVICE] } });
  const pages = HypercallPages.create(memory, frames, { cpus: 1 });
  pages.online(0);
  const gate = partition.gate(0);
  const guest = bootGuest({ arch: 'x64', memory, frames, pages, queue, gates: [gate] });
  const ids = new LogicalDeviceIdTable(() => undefined);
  const iommu = startPvIommu(guest, ids, { flush });
  if (!iommu.ok) throw new Error(`no IOMMU: ${iommu.errno}`);
  ids.registerBus(BUS, PREFIX);
  const device = iommu.value.add({ domain: BUS, devfn: 0 });
  if (!device.ok) throw new Error(`no device: ${device.errno}`);
  const domain = iommu.value.defaultOf(device.value);
  assert.ok(domain instanceof PagingDomain);
  const { dma } = partition.iommu!;
  const reaches = (page: number): boolean => dma.access(DEVICE, BigInt(page * PAGE), 8, 'read').ok;
  return { domain, dma, gate, reaches };
}

type Guest = ReturnType<typeof makeGuest>;

const gathered = ({ first, pages }: Range): FlushGather => {
  const gather = new FlushGather();
  gather.add(first, pages);
  return gather;
};

/** Uses every page, so that its translation is kept. */
function fill({ reaches }: Guest): void {
  for (let page = 1; page < MAPPED; page++) if (!reaches(page)) throw new Error(`page ${page} is not mapped`);
}

const mapAll = ({ domain }: Guest): void => assert.ok(domain.map(BigInt(PAGE), PAGE, (MAPPED - 1) * PAGE).ok);

/** Translations that a flush takes beside those of its range: with all pages unmapped, those that are left still work. */
function takenBeside(guest: Guest, range: Range): number {
  const { domain, reaches } = guest;
  mapAll(guest);
  fill(guest);
  assert.equal(domain.unmap(BigInt(PAGE), (MAPPED - 1) * PAGE, new FlushGather()), (MAPPED - 1) * PAGE);
  domain.sync(gathered(range));
  let gone = 0;
  for (let page = 1; page < MAPPED; page++) {
    const isIn = page >= range.first && page < range.first + range.pages;
    const isGone = !reaches(page);
    if (isIn) assert.ok(isGone, `the translation of page ${page} is left`);
    else if (isGone) gone++;
  }
  domain.flushAll();
  return gone;
}

/** Flush calls of one `sync`, list calls and those for the whole domain. */
function callsOf({ domain, gate }: Guest, range: Range): number {
  const { hypercall } = gate;
  let calls = 0;
  const codes: readonly number[] = [HVCALL_FLUSH_DEVICE_DOMAIN.code, HVCALL_FLUSH_DEVICE_DOMAIN_LIST.code];
  const counting: typeof hypercall = (lo, hi, input, output) => {
    if (codes.includes(lo & 0xffff)) calls++;
    hypercall.call(gate, lo, hi, input, output);
  };
  Object.defineProperty(gate, 'hypercall', { value: counting, configurable: true });
  domain.sync(gathered(range));
  Reflect.deleteProperty(gate, 'hypercall');
  assert.equal(gate.hypercall, hypercall);
  return calls;
}

/** Nanoseconds of a flush while every page of the guest is in the IOTLB. */
function time(guest: Guest, range: Range, rounds: number): number {
  const flushes: number[] = [];
  mapAll(guest);
  for (let round = 0; round < rounds; round++) {
    fill(guest);
    const gather = gathered(range);
    const from = process.hrtime.bigint();
    guest.domain.sync(gather);
    flushes.push(Number(process.hrtime.bigint() - from));
  }
  guest.domain.unmap(BigInt(PAGE), (MAPPED - 1) * PAGE);
  guest.domain.flushAll();
  return median(flushes);
}

const bench: BenchCase = {
  question: 'What does a flush of unmapped pages cost: exact lists, one block around them, the whole domain?',
  run(pace) {
    const figures: Figure[] = [];
    const rounds = pace === 'full' ? 11 : 1;
    // What runs first would pay for the compiler.
    for (const strategy of STRATEGIES) time(makeGuest(strategy), RANGES[1], rounds);
    for (const range of pace === 'full' ? RANGES : RANGES.slice(0, 2))
      for (const strategy of STRATEGIES) {
        const guest = makeGuest(strategy);
        const beside = takenBeside(guest, range);
        if (strategy === 'exact') assert.equal(beside, 0, 'a flush of the exact pages takes no other');
        const calls = callsOf(guest, range);
        assert.equal(calls, 1);
        const flushNs = time(guest, range, rounds);
        const end = BigInt((range.first + range.pages) * PAGE) - 1n;
        const entries = flushEntries(BigInt(range.first * PAGE), end, strategy);
        const listed =
          entries === undefined ? 'no list' : `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`;
        figures.push({
          what: `${range.what}, ${strategy}`,
          value: flushNs / 1e3,
          unit: 'µs',
          note: `${calls} call, ${listed}; ${beside.toLocaleString('en-US')} other translations lost`,
        });
      }
    return { figures, bars: [] };
  },
};

export default bench;
