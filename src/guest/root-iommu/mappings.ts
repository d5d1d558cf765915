import type { LogSink } from '../../ports/log-sink.js';
import type { Errno } from '../../ports/outcome.js';
import type { Interval, IntervalTree } from './interval-tree.js';
import type { IommuDomain, PagingDomain } from './iommu-domain.js';
import { mapFlags } from './paging-calls.js';

const PAGE_BITS = 12n;
const PAGE_MASK = 0xfffn;
const PAGE_SIZE = 4096;
const SPACE = 1n << 64n;
/** 4 KiB pages of 64 bits of addresses. */
const SPACE_PAGES = 2 ** 52;

/** As Errno; a range outside of the aperture is ERANGE. */
export type MapErrno = Errno | 'ERANGE';

/** `mapped` bytes; 0 when there is an errno. */
export interface MapResult {
  readonly errno?: MapErrno;
  readonly mapped: bigint;
}

export interface MapRequest {
  /** Bytes. */
  readonly iova: bigint;
  readonly paddr: bigint;
  /** Bytes of a page as the core counts them, any multiple of 4 KiB: calls are always in 4 KiB pages (IOMMU-44). */
  readonly pageSize: number;
  readonly pageCount: number;
  readonly writable: boolean;
}

export interface MappingRules {
  readonly log: LogSink;
  /** Last 4 KiB page of the I/O address space. */
  readonly lastPage: number;
  /** Cut mappings that reach out of a range that is unmapped; without it such an unmap is refused (IOMMU-56). */
  readonly splitIntervals: boolean;
}

/** Pages of a request as numbers, checked (IOMMU-50). */
interface Pages {
  readonly start: number;
  readonly count: number;
}

/** Maps pages of a domain: the books first, then the calls; when these fail, all of it is taken back (IOMMU-43 to 48). */
export function mapPages(domain: IommuDomain, request: MapRequest, rules: MappingRules): MapResult {
  const tree = treeOf(domain);
  if (tree === undefined) return { errno: 'EOPNOTSUPP', mapped: 0n };
  if (isGone(domain)) return { errno: 'EINVAL', mapped: 0n };
  const pages = pagesOf(request.iova, request.pageSize, request.pageCount, rules.lastPage);
  if (typeof pages === 'string') return { errno: pages, mapped: 0n };
  const { paddr, writable } = request;
  const frame = pageAt(paddr);
  if (!(frame >= 0 && frame + pages.count <= SPACE_PAGES)) return { errno: 'EINVAL', mapped: 0n };
  const size = bytesOf(pages.count);
  if (tree.overlaps(pages.start, pages.count)) return { errno: 'EEXIST', mapped: 0n };
  const flags = mapFlags(writable);
  if (!tree.insert({ start: pages.start, pages: pages.count, frame, flags })) return { errno: 'ENOMEM', mapped: 0n };
  if (domain.kind !== 'paging') return { mapped: size };
  const run = domain.calls.mapRun(pages.start, frame, pages.count, writable);
  if (run.errno === undefined) return { mapped: size };
  tree.remove(pages.start);
  rollBack(domain, { start: pages.start, pages: run.done, frame, flags }, rules);
  return { errno: run.errno, mapped: 0n };
}

/** Unmaps what a failed map left, page by page of 4 KiB. What cannot be unmapped stays in the books, as the device still sees it. */
function rollBack(domain: PagingDomain, done: Interval, rules: MappingRules): void {
  if (done.pages === 0) return;
  const undone = domain.calls.unmapRun(done.start, done.pages);
  if (undone.errno === undefined) return;
  const rest = done.pages - undone.done;
  rules.log({ level: 'error', code: 'iommu-rollback-incomplete', fields: { domain: domain.id, pages: rest } });
  if (rest > 0) {
    const { start, frame, flags } = done;
    domain.tree.insert({ start: start + undone.done, pages: rest, frame: frame + undone.done, flags });
  }
}

/**
 * Unmaps what is mapped in a range and returns its bytes: only those that the hypervisor said it unmapped. Each stretch without
 * a hole is a run of calls of its own (IOMMU-58); after a failure the rest stays in the books (IOMMU-60).
 */
export function unmapPages(
  domain: IommuDomain,
  iova: bigint,
  pageSize: number,
  pageCount: number,
  rules: MappingRules,
): bigint {
  const tree = treeOf(domain);
  const pages = pagesOf(iova, pageSize, pageCount, rules.lastPage);
  if (tree === undefined || isGone(domain) || typeof pages === 'string') return 0n;
  if (!ready(tree, pages, rules, domain.id)) return 0n;
  const nodes = tree.within(pages.start, pages.count);
  if (domain.kind !== 'paging') {
    for (const { start } of nodes) tree.remove(start);
    return bytesOf(pages.count);
  }
  let total = 0;
  for (let first = 0; first < nodes.length; ) {
    const next = endOfStretch(nodes, first);
    const from = nodes[first]!.start;
    const until = nodes[next - 1]!.start + nodes[next - 1]!.pages;
    const run = domain.calls.unmapRun(from, until - from);
    forget(tree, nodes, first, next, from + run.done);
    total += run.done;
    if (run.errno !== undefined) break;
    first = next;
  }
  if (total < pages.count) {
    const fields = { domain: domain.id, iova, asked: pages.count, unmapped: total };
    rules.log({ level: 'warn', code: 'iommu-unmapped-less', fields });
  }
  return bytesOf(total);
}

/** The physical address behind an I/O address; undefined where there is none, as 0 is an address like any other (IOMMU-65). */
export function translate(domain: IommuDomain, iova: bigint): bigint | undefined {
  if (domain.kind === 'identity') return iova;
  const tree = treeOf(domain);
  if (tree === undefined || iova < 0n || iova >= SPACE) return undefined;
  const frame = tree.frameOf(Number(iova >> PAGE_BITS));
  return frame === -1 ? undefined : (BigInt(frame) << PAGE_BITS) | (iova & PAGE_MASK);
}

function isGone(domain: IommuDomain): boolean {
  return 'state' in domain && (domain.state === 'freed' || domain.state === 'lost');
}

function treeOf(domain: IommuDomain): IntervalTree | undefined {
  return domain.kind === 'paging' || domain.kind === 'direct' ? domain.tree : undefined;
}

function pagesOf(iova: bigint, pageSize: number, pageCount: number, lastPage: number): Pages | 'EINVAL' | 'ERANGE' {
  if (!(Number.isSafeInteger(pageSize) && Number.isSafeInteger(pageCount))) return 'EINVAL';
  if (pageSize <= 0 || pageCount <= 0 || pageSize % PAGE_SIZE !== 0) return 'EINVAL';
  const start = pageAt(iova);
  if (start < 0) return 'EINVAL';
  // Inexact only far above any last page.
  const count = (pageSize / PAGE_SIZE) * pageCount;
  return start + count - 1 > lastPage ? 'ERANGE' : { start, count };
}

/** Number of the page at an address, exact below 2^64; -1 inside of a page and below zero. */
function pageAt(address: bigint): number {
  // A conversion is cheaper than arithmetic on a bigint; it rounds what a number does not hold.
  const bytes = Number(address);
  if (bytes < 0) return -1;
  if (bytes <= Number.MAX_SAFE_INTEGER) return bytes % PAGE_SIZE === 0 ? bytes / PAGE_SIZE : -1;
  return (address & PAGE_MASK) === 0n ? Number(address >> PAGE_BITS) : -1;
}

/** Bytes of so many 4 KiB pages. */
function bytesOf(pages: number): bigint {
  const bytes = pages * PAGE_SIZE;
  return Number.isSafeInteger(bytes) ? BigInt(bytes) : BigInt(pages) << PAGE_BITS;
}

/** Sees to mappings that cross an end of the range: cut, or refused before anything changes. */
function ready(tree: IntervalTree, pages: Pages, rules: MappingRules, domain: number): boolean {
  const cuts = [pages.start, pages.start + pages.count].filter((page) => crosses(tree, page));
  if (cuts.length === 0) return true;
  if (rules.splitIntervals && tree.room >= cuts.length) {
    for (const page of cuts) tree.split(page);
    return true;
  }
  const fields = { domain, start: pages.start, pages: pages.count };
  rules.log({ level: 'error', code: 'iommu-partial-unmap', fields });
  return false;
}

/** A mapping begins before `page` and has it. */
function crosses(tree: IntervalTree, page: number): boolean {
  const found = tree.find(page);
  return found !== undefined && found.start < page;
}

/** Index behind the last node that follows the first without a hole. */
function endOfStretch(nodes: readonly Interval[], first: number): number {
  let next = first + 1;
  while (next < nodes.length && nodes[next]!.start === nodes[next - 1]!.start + nodes[next - 1]!.pages) next++;
  return next;
}

/** Drops the pages below `end` of a stretch: whole nodes, and the head of the one in which it ended. */
function forget(tree: IntervalTree, nodes: readonly Interval[], first: number, next: number, end: number): void {
  for (let i = first; i < next && nodes[i]!.start < end; i++) tree.trim(nodes[i]!.start, end - nodes[i]!.start);
}
