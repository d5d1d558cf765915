import * as assert from 'uvu/assert';
import {
  HVCALL_MAP_DEVICE_GPA_PAGES as MAP,
  HVCALL_UNMAP_DEVICE_GPA_PAGES as UNMAP,
} from '../../../src/abi/hypercalls/device-domains.js';
import type { IntervalTree } from '../../../src/guest/root-iommu/interval-tree.js';
import { batchLimit } from '../../../src/hypercall/batch.js';
import { errnoOf, needsMemory } from '../../../src/hypercall/status.js';
import type { Sequence, Step } from './sequence.js';
import { compareAll, mapOf, placeOf } from './three-way-compare.js';
import { framesOf, LARGE, makeRig, PAGE, type Rig } from './three-way-rig.js';

const DEPOSIT = 0x48;
const MAP_MOST = batchLimit(MAP).maxReps;
const UNMAP_MOST = batchLimit(UNMAP).maxReps;
/** Frames of a slot's mappings begin this far from those of the next. */
const SLOT_FRAMES = 0x10000;

type Op<K extends Step['op']> = Extract<Step, { op: K }>;

/** After any sequence the driver's trees, the hypervisor's maps and what DMA sees are the same. */
export function holdsAfter(plan: Sequence, note: (what: string) => void = () => undefined): void {
  const rig = makeRig(plan);
  const before = framesOf(rig);
  for (const step of plan.steps) {
    // What was to fail in the last operation and did not come to it is over.
    rig.failures.begin([]);
    if (step.op === 'map') fillSlot(rig, step.slot);
    const pages = 'count' in step ? step.count : 1;
    rig.knobs.reps = plan.maxReps * (pages > LARGE ? 50 : 1);
    rig.failures.begin('shots' in step ? step.shots : []);
    rig.log.length = 0;
    perform(rig, step, note);
    for (const { code } of rig.failures.fired) note(`${step.op}: ${code.toString(16)} failed`);
    for (const { code } of rig.log) note(`${step.op}: ${code}`);
  }
  rig.failures.begin([]);
  rig.knobs.isStarved = false;
  compareAll(rig);
  assert.is(framesOf(rig), before, 'every page frame is the guest’s, or was taken by the hypervisor');
}

function perform(rig: Rig, step: Step, note: (what: string) => void): void {
  const { driver, devices, slots } = rig;
  switch (step.op) {
    case 'map':
      note(`map: ${map(rig, step) ?? 'done'}`);
      break;
    case 'unmap':
      unmap(rig, step);
      break;
    case 'attach': {
      const places = [...slots, driver.identity, driver.blocked];
      const to = places[step.to];
      if (to !== undefined) move(rig, step.device, () => driver.attach(to, devices[step.device]!).ok);
      break;
    }
    case 'detach':
      move(rig, step.device, () => driver.detach(devices[step.device]!).ok);
      break;
    case 'alloc':
      fillSlot(rig, step.slot);
      knowsAll(rig);
      break;
    case 'free':
      free(rig, step.slot);
      break;
    case 'starve':
      rig.knobs.isStarved = step.isStarved;
  }
}

/** A domain where there is none, if it can be had. */
function fillSlot({ driver, slots }: Rig, slot: number): void {
  if (slots[slot] !== undefined) return;
  const made = driver.allocPaging();
  if (made.ok) slots[slot] = made.value;
}

/** The errno, when there is one. */
function map({ driver, slots, failures }: Rig, step: Op<'map'>): string | undefined {
  const domain = slots[step.slot];
  if (domain === undefined) return undefined;
  const pages = { iova: BigInt(step.page * PAGE), pageSize: PAGE, pageCount: step.count };
  const paddr = BigInt((step.page + SLOT_FRAMES * (step.slot + 1)) * PAGE);
  const { errno, mapped } = driver.map(domain, { ...pages, paddr, writable: step.writable });
  assert.is(Number(mapped) / PAGE, errno === undefined ? step.count : 0, 'what map says that it did');
  // A map that ran out of memory on its way to the rep that was to fail did not fail there.
  const [first, ...more] = failures.fired.filter(
    ({ code, status }) =>
      code !== UNMAP.code && failures.exits.some((exit) => exit.code === code && exit.status === status),
  );
  if (first === undefined || more.length > 0) {
    if (first === undefined && errno === undefined && domain.kind === 'paging') wholeBatches(failures, step.count);
  } else if (first.code === DEPOSIT || !needsMemory(first.status))
    assert.is(errno, errnoOf(first.status, 0) ?? 'EIO', 'why a map failed');
  return errno;
}

/** Calls are as long as they can be, and go on where the last one stopped. */
function wholeBatches({ exits }: Rig['failures'], pages: number): void {
  let left = pages;
  let base = pages;
  for (const { code, start, count, done } of exits) {
    if (code !== MAP.code) continue;
    if (start === 0) {
      base = left;
      assert.is(count, Math.min(left, MAP_MOST), 'pages of a map call');
    }
    left = base - done;
  }
  assert.is(left, 0, 'all were mapped');
}

function unmap(rig: Rig, { slot, page, count }: Op<'unmap'>): void {
  const { iommu, driver, slots, failures } = rig;
  const domain = slots[slot];
  if (domain === undefined) return;
  const tree = domain.kind === 'paging' ? domain.tree : undefined;
  const held = mapOf(iommu, domain)?.mapped ?? 0;
  const nodes = tree?.all() ?? [];
  const stretches = tree === undefined ? [] : stretchesIn(tree, page, count);
  const bytes = driver.unmap(domain, BigInt(page * PAGE), PAGE, count);
  assert.is(Number(bytes) / PAGE, held - (mapOf(iommu, domain)?.mapped ?? 0), 'what unmap says that it did');
  assert.not(
    failures.exits.some(({ code }) => code === DEPOSIT),
    'an unmap gives no memory',
  );
  const calls = failures.exits.filter(({ code, start }) => code === UNMAP.code && start === 0);
  if (calls.length === 0) assert.equal(tree?.all() ?? [], nodes, 'nothing is forgotten that was not unmapped');
  else if (failures.fired.length === 0)
    assert.equal(
      calls.map((one) => one.count),
      stretches.flatMap((pages) => partsOf(pages, UNMAP_MOST)),
      'pages of the unmap calls',
    );
}

/** Pages of each stretch without a hole in a range. */
function stretchesIn(tree: IntervalTree, first: number, count: number): number[] {
  const stretches: number[] = [];
  let end = -1;
  for (const { start, pages } of tree.within(first, count)) {
    const from = Math.max(start, first);
    const to = Math.min(start + pages, first + count);
    if (from === end) stretches[stretches.length - 1]! += to - from;
    else stretches.push(to - from);
    end = to;
  }
  return stretches;
}

function partsOf(pages: number, most: number): number[] {
  return Array.from({ length: Math.ceil(pages / most) }, (_, i) => Math.min(most, pages - i * most));
}

/** An attach or detach: what fails once leaves the device where it was, and the books say where the hypervisor has it. */
function move(rig: Rig, n: number, how: () => boolean): void {
  const device = rig.devices[n]!;
  const was = device.domain;
  const isDone = how();
  const failed = rig.failures.fired.length + (rig.knobs.isStarved ? 1 : 0);
  if (!isDone && failed <= 1) assert.ok(device.domain === was, 'one failure leaves it where it was');
  placeOf(rig, n);
}

function free(rig: Rig, slot: number): void {
  const { driver, slots } = rig;
  const domain = slots[slot];
  if (domain === undefined) return;
  const isBusy = domain.devices.size > 0;
  const freed = driver.free(domain);
  if (isBusy) assert.is(freed.ok ? 'freed' : freed.errno, 'EBUSY');
  else slots[slot] = undefined;
  knowsAll(rig);
}

/** The hypervisor has the domains that the driver knows of, those among them that it would not delete. */
function knowsAll({ iommu, driver }: Rig): void {
  const ours = driver.dumpState().filter(({ kind }) => kind === 'paging');
  const theirs = iommu.domains.list().filter(({ id }) => id !== driver.identity.id && id !== driver.blocked.id);
  assert.equal(ours.map(({ id }) => id).sort(), theirs.map(({ id }) => id).sort(), 'domains');
}
