import * as assert from 'node:assert/strict';
import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { HVCALL_MAP_DEVICE_GPA_PAGES } from '../../src/abi/hypercalls/device-domains.js';
import { stageTwoDomain } from '../../src/guest/root-iommu/stage-two-domain.js';
import { callReps } from '../../src/hypercall/rep-loop.js';
import { codecOf } from '../../src/layout/codec.js';
import { U64Seq } from '../../src/layout/seq.js';
import { atLeast, type BenchCase, type Figure, type Pace } from '../case.js';
import { median } from '../race.js';
import { type BenchDriver, IOVA, makeDriver, mappedPages, PAGE, TARGET } from '../root-driver.js';
import { FULL_PAGE } from '../samples.js';

/** 1 GiB. */
const PAGES = 262_144;
/** Pages of one request of whoever uses the driver. */
const REQUESTS = [1, 8, 64, 512] as const;
const FIRST_FRAME = Number(TARGET) / PAGE;
const FIRST_PAGE = Number(IOVA) / PAGE;
const WARM_UP = 2;
const HEADER = 40;

/** 0 to `count` - 1 in an order that is the same in each run. */
function shuffled(count: number): Uint32Array {
  let state = 12345;
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (i + 1);
    const one = order[i]!;
    order[i] = order[other]!;
    order[other] = one;
  }
  return order;
}

/** Throws unless block i of `each` pages leads to block frames[i], for every page. */
function check({ partition }: BenchDriver, each: number, frames: Uint32Array): void {
  let page = FIRST_PAGE;
  for (const run of partition.iommu!.domains.list().flatMap((one) => [...one.runs()])) {
    assert.equal(run.page, page);
    for (let i = 0; i < run.count; i++, page++) {
      const at = page - FIRST_PAGE;
      const wanted = FIRST_FRAME + frames[Math.floor(at / each)]! * each + (at % each);
      if (run.frame + i !== wanted) throw new Error(`page ${page} leads to frame ${run.frame + i}, not to ${wanted}`);
    }
  }
  assert.equal(page, FIRST_PAGE + PAGES);
}

interface Round {
  readonly mapNs: number;
  readonly unmapNs: number;
}

/** Requests for places in one random order that lead to frames in another, and unmapped in a third. */
function requests(each: number): { round(checked: boolean): Round } {
  const made = makeDriver();
  const { driver, domain, partition } = made;
  const count = PAGES / each;
  const frames = shuffled(count);
  const order = shuffled(count).reverse();
  const bytes = BigInt(each * PAGE);
  const maps = Array.from(order, (i) => ({
    iova: IOVA + BigInt(i) * bytes,
    paddr: TARGET + BigInt(frames[i]!) * bytes,
    pageSize: PAGE,
    pageCount: each,
    writable: true,
  }));
  const unmaps = Array.from(frames, (i) => IOVA + BigInt(i) * bytes);
  const round = (checked: boolean): Round => {
    let from = process.hrtime.bigint();
    for (const request of maps) driver.map(domain, request);
    const mapNs = Number(process.hrtime.bigint() - from);
    assert.equal(domain.tree.size, count);
    assert.equal(mappedPages(partition), PAGES);
    if (checked) check(made, each, frames);
    from = process.hrtime.bigint();
    for (const iova of unmaps) driver.unmap(domain, iova, PAGE, each);
    const unmapNs = Number(process.hrtime.bigint() - from);
    assert.equal(domain.tree.size, 0);
    assert.equal(mappedPages(partition), 0);
    return { mapNs, unmapNs };
  };
  return { round };
}

/** Full lists of frames in random order: codec, dispatcher, second-level map. The driver's own lists are always consecutive. */
function lists(): { round(checked: boolean): Round } {
  const made = makeDriver();
  const { driver, domain, partition } = made;
  const { gate } = driver.machine.cpus[0]!;
  const { encodeInto } = codecOf(hv_input_map_device_gpa_pages);
  const frames = shuffled(PAGES);
  const calls = Array.from({ length: Math.ceil(PAGES / FULL_PAGE) }, (_, call) => {
    const at = call * FULL_PAGE;
    const list = U64Seq.of(Math.min(FULL_PAGE, PAGES - at));
    for (let i = 0; i < list.length; i++) list.set(i, BigInt(FIRST_FRAME + frames[at + i]!));
    const value = {
      device_domain: stageTwoDomain(domain.id),
      target_vtl: { target_vtl: 0, use_target_vtl: false },
      map_flags: 3,
      target_device_va_base: IOVA + BigInt(at * PAGE),
      gpa_page_list: list,
    };
    return { value, count: list.length };
  });
  const round = (checked: boolean): Round => {
    let from = process.hrtime.bigint();
    let done = 0;
    for (const { value, count } of calls)
      done += driver.machine.pages.withInputPage(0, HEADER + 8 * count, 0, (area) => {
        encodeInto(value, area.input, 0);
        return callReps(gate, HVCALL_MAP_DEVICE_GPA_PAGES.code, count, area.inputGpa, 0).done;
      });
    const mapNs = Number(process.hrtime.bigint() - from);
    assert.equal(done, PAGES);
    if (checked) check(made, 1, frames);
    from = process.hrtime.bigint();
    assert.equal(domain.calls.unmapRun(FIRST_PAGE, PAGES).done, PAGES);
    const unmapNs = Number(process.hrtime.bigint() - from);
    assert.equal(mappedPages(partition), 0);
    return { mapNs, unmapNs };
  };
  return { round };
}

function rates(
  round: (checked: boolean) => Round,
  most: number,
  pace: Pace,
): { readonly map: number[]; readonly unmap: number[] } {
  const rounds = pace === 'full' ? most : 1;
  const found = Array.from({ length: rounds + WARM_UP }, (_, i) => round(i === 0)).slice(WARM_UP);
  return {
    map: found.map(({ mapNs }) => (PAGES * 1e3) / mapNs),
    unmap: found.map(({ unmapNs }) => (PAGES * 1e3) / unmapNs),
  };
}

function figure(what: string, values: readonly number[]): Figure {
  const note = `${values.length} rounds, ${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
  return { what, value: median(values), unit: 'M pages/s', note };
}

const bench: BenchCase = {
  question: 'How fast is 1 GiB mapped and unmapped where neighbouring pages do not lead to neighbouring frames?',
  run(pace) {
    const figures: Figure[] = [];
    const random = rates(lists().round, 20, pace);
    figures.push(figure(`map, ${FULL_PAGE} frames a call in random order, without the driver`, random.map));
    figures.push(figure('unmap of that, 65 calls', random.unmap));
    let large = { map: [0], unmap: [0] };
    for (const each of REQUESTS) {
      const found = rates(requests(each).round, each < 64 ? 3 : 15, pace);
      const pages = each === 1 ? 'a page' : `${each} pages`;
      const note = (PAGES / each).toLocaleString('en-US');
      figures.push(figure(`map, ${note} requests for ${pages}`, found.map));
      figures.push(figure(`unmap, ${note} requests for ${pages}`, found.unmap));
      large = found;
    }
    const most = REQUESTS.at(-1)!;
    return {
      figures,
      bars: [
        atLeast('map of 1 GiB, every frame elsewhere', median(random.map), 50, 'M pages/s'),
        atLeast(`map of 1 GiB by requests for ${most} pages`, median(large.map), 50, 'M pages/s'),
        atLeast(`unmap of 1 GiB by requests for ${most} pages`, median(large.unmap), 50, 'M pages/s'),
      ],
    };
  },
};

export default bench;
