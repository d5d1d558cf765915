import { suite } from 'uvu';
import type { RunResult } from '../../src/guest/root-iommu/paging-calls.js';
import { depositPages } from '../../src/hypercall/deposit.js';
import { needsMemory } from '../../src/hypercall/status.js';
import { CODES } from '../guest/root-iommu/fake-hypervisor.js';
import { booksAgree, pagesOf, pagingDomain } from '../guest/root-iommu/rig.js';
import { calling, driven, type MakeCalls, OtherCalls, OUR_CALLS, withHabits } from './root-driver.js';
import { twoSided } from './two-sided.js';

const s1 = suite('criticism of the root IOMMU: maps');
const both = twoSided(s1);
const IOVA = 0x1_0000_0000n;
const PADDR = 0x8000_0000n;

type Habits = 'ours' | 'unlimited';
/** Pages, map calls. */
const COUNTS = [
  [1, 1],
  [506, 1],
  [507, 1],
  [508, 2],
  [1014, 2],
  [4095, 9],
  [4096, 9],
] as const;

both<Habits>('IOMMU-45: a page list ends inside of its page, and a count has room in 12 bits', {
  check: (habits) => {
    const runs = COUNTS.map(([pages, calls]) => {
      const r = habits === 'ours' ? driven() : driven(withHabits(habits));
      const domain = pagingDomain(r);
      const { errno } = r.iommu.map(domain, pagesOf(IOVA, PADDR, pages));
      return { pages, calls, errno, made: r.hv.made, mapped: r.hv.pagesOf(domain.id).size };
    });
    return {
      'each list ends in its page': runs.every(({ made }) => made.every(({ reps }) => 40 + 8 * reps <= 4096)),
      'no call is without pages': runs.every(({ made }) => made.every(({ reps }) => reps > 0)),
      'as many calls as it takes': runs.every(({ made, calls }) => made.length === calls),
      'all pages are mapped': runs.every(({ mapped, pages, errno }) => mapped === pages && errno === undefined),
    };
  },
  ours: () => 'ours',
  criticised: {
    'all pages in one list': [
      () => 'unlimited',
      'each list ends in its page',
      'no call is without pages',
      'as many calls as it takes',
      'all pages are mapped',
    ],
  },
});

/** Counts pages in `bits` bits. */
function cutsCount(bits: number): MakeCalls {
  return (port, id) =>
    new (class extends OtherCalls {
      override mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
        const run = super.mapRun(iovaPage, frame, pages % 2 ** bits, writable);
        return run.errno === undefined ? { done: pages } : run;
      }

      override unmapRun(iovaPage: number, pages: number): RunResult {
        const run = super.unmapRun(iovaPage, pages % 2 ** bits);
        return run.errno === undefined ? { done: pages } : run;
      }
    })(port, id);
}

both<MakeCalls>('IOMMU-44: a count of pages loses no bits', {
  check: (make) => {
    const PAGES = 0x10005;
    const { iommu, domain, hv } = calling(make);
    const { mapped } = iommu.map(domain, pagesOf(IOVA, PADDR, PAGES));
    const there = hv.pagesOf(domain.id).size;
    const { iommu: other, domain: full, hv: having } = calling(make);
    for (let page = 0; page < PAGES; page++) having.pagesOf(full.id).set(0x100000 + page, { frame: page, flags: 3 });
    full.tree.insert({ start: 0x100000, pages: PAGES, frame: 0, flags: 3 });
    const unmapped = other.unmap(full, IOVA, 4096, PAGES);
    return {
      'what is said to be mapped is': BigInt(there) << 12n === mapped,
      'what is said to be unmapped is': BigInt(PAGES - having.pagesOf(full.id).size) << 12n === unmapped,
    };
  },
  ours: () => OUR_CALLS,
  criticised: {
    'in 16 bits': [() => cutsCount(16), 'what is said to be mapped is', 'what is said to be unmapped is'],
    'in 12 bits': [() => cutsCount(12), 'what is said to be mapped is', 'what is said to be unmapped is'],
  },
});

/** Gives the memory that was asked for and then takes the status for a failure. */
class DepositsAndStops extends OtherCalls {
  override mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    let done = 0;
    while (done < pages) {
      const count = Math.min(pages - done, 507);
      const call = this.mapBatchHypercall(iovaPage + done, frame + done, count, writable);
      done += call.done;
      const status = call.resultLo & 0xffff;
      if (needsMemory(status)) depositPages(this.to, this.to.ownPartition, 256);
      if (status !== 0) return { done, errno: 'ENOMEM', status };
    }
    return { done };
  }
}

/** Gives the errno of the map where the deposit was what failed. */
class LosesErrno extends OtherCalls {
  override mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    const run = super.mapRun(iovaPage, frame, pages, writable);
    return run.errno === undefined ? run : { ...run, errno: 'ENOMEM' };
  }
}

/** Gives for as long as it is asked. */
class GivesForEver extends OtherCalls {
  override mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    for (let done = 0; ; ) {
      const call = this.mapBatchHypercall(iovaPage + done, frame + done, Math.min(pages - done, 507), writable);
      done += call.done;
      if (done >= pages) return { done };
      const status = call.resultLo & 0xffff;
      if (status === 0) continue;
      const given = needsMemory(status) ? depositPages(this.to, this.to.ownPartition, 1) : undefined;
      if (given?.ok !== true) return { done, errno: given?.errno ?? 'EIO', status };
    }
  }
}

both<MakeCalls>(
  'IOMMU-47 DEP-05 DEP-06: memory that is given is used, what a deposit says is told, and giving has an end',
  {
    check: (make) => {
      const given = calling(make);
      given.hv.pool = 496;
      const { mapped } = given.iommu.map(given.domain, pagesOf(IOVA, PADDR, 1014));
      const failing = calling(make);
      failing.hv.pool = 10;
      failing.hv.refuse(CODES.deposit, 0x06);
      const { errno } = failing.iommu.map(failing.domain, pagesOf(IOVA, PADDR, 100));
      const endless = calling(make);
      endless.hv.refuse(CODES.map, 0x0b, { reps: 0, times: 100 });
      endless.iommu.map(endless.domain, pagesOf(IOVA, PADDR, 100));
      return {
        'the map goes on behind a deposit': mapped === 1014n << 12n,
        'the books are the hypervisor’s': [given, failing, endless].every(({ hv, domain }) => booksAgree(hv, domain)),
        'a deposit that fails gives its errno': errno === 'EIO',
        'a host that only asks is given up': endless.hv.count(CODES.deposit) <= 16,
      };
    },
    ours: () => OUR_CALLS,
    criticised: {
      'a deposit and then the way of a failure': [
        () => (port, id) => new DepositsAndStops(port, id),
        'the map goes on behind a deposit',
        'a deposit that fails gives its errno',
      ],
      'the errno of the map in place of the deposit’s': [
        () => (port, id) => new LosesErrno(port, id),
        'a deposit that fails gives its errno',
      ],
      'deposits without end': [() => (port, id) => new GivesForEver(port, id), 'a host that only asks is given up'],
    },
  },
);

/** Takes back as many large pages as it mapped pages of 4 KiB. */
class RollsBackLarge extends OtherCalls {
  override mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    const run = super.mapRun(iovaPage, frame, pages, writable);
    if (run.errno !== undefined) this.unmapRun(iovaPage, run.done * 512);
    return run.errno === undefined ? run : { ...run, done: 0 };
  }
}

/** Takes back as many pages of 4 KiB as it mapped large ones. */
class RollsBackSmall extends OtherCalls {
  override mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    const run = super.mapRun(iovaPage, frame, pages, writable);
    if (run.errno !== undefined) this.unmapRun(iovaPage, Math.floor(run.done / 512));
    return run.errno === undefined ? run : { ...run, done: 0 };
  }
}

both<MakeCalls>(
  'IOMMU-48: a map of 2 MiB pages that fails takes back the 4 KiB pages that were mapped, no more and no fewer',
  {
    check: (make) => {
      const { iommu, domain, hv } = calling(make);
      hv.refusedPages.add(0x100000 + 607);
      const { errno } = iommu.map(domain, pagesOf(IOVA, PADDR, 2, true, 0x200000));
      const unmaps = hv.made.filter(({ code }) => code === CODES.unmap);
      return {
        'the errno is that of the map': errno === 'EINVAL',
        'as many pages as were mapped': unmaps.reduce((sum, { reps }) => sum + reps, 0) === 607,
        'the hypervisor refuses none of it': unmaps.every(({ result }) => BigInt(result) % 0x10000n === 0n),
        'nothing is left behind': hv.pagesOf(domain.id).size === 0 && domain.tree.size === 0,
      };
    },
    ours: () => OUR_CALLS,
    criticised: {
      'so many large pages': [
        () => (port, id) => new RollsBackLarge(port, id),
        'as many pages as were mapped',
        'the hypervisor refuses none of it',
      ],
      'a page for each large one': [
        () => (port, id) => new RollsBackSmall(port, id),
        'as many pages as were mapped',
        'nothing is left behind',
      ],
    },
  },
);

/** Asks again as long as the hypervisor says success. */
class Spins extends OtherCalls {
  override mapRun(iovaPage: number, frame: number, pages: number, writable: boolean): RunResult {
    let done = 0;
    for (let turn = 0; done < pages && turn < 50; turn++)
      done += this.mapBatchHypercall(iovaPage + done, frame + done, pages - done, writable).done;
    return { done };
  }
}

both<MakeCalls>('COM-08: a hypervisor that says success and does nothing ends the map', {
  check: (make) => {
    const { iommu, domain, hv } = calling(make);
    hv.maxReps = 0;
    const { errno, mapped } = iommu.map(domain, pagesOf(IOVA, PADDR, 9));
    return {
      'it is EIO': errno === 'EIO' && mapped === 0n,
      'after one call': hv.made.length === 1,
      'the books are the hypervisor’s': booksAgree(hv, domain),
    };
  },
  ours: () => OUR_CALLS,
  criticised: {
    'asked again and again': [
      () => (port, id) => new Spins(port, id),
      'it is EIO',
      'after one call',
      'the books are the hypervisor’s',
    ],
  },
});

s1.run();
