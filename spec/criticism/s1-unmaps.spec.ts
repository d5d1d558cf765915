import { suite } from 'uvu';
import type { IommuDomain } from '../../src/guest/root-iommu/iommu-domain.js';
import type { RunResult } from '../../src/guest/root-iommu/paging-calls.js';
import { RootIommu } from '../../src/guest/root-iommu/root-iommu.js';
import type { Outcome } from '../../src/ports/outcome.js';
import { CODES } from '../guest/root-iommu/fake-hypervisor.js';
import { booksAgree, pagesOf, pagingDomain } from '../guest/root-iommu/rig.js';
import { calling, type Driver, driven, type MakeCalls, OtherCalls, OUR_CALLS } from './root-driver.js';
import { twoSided } from './two-sided.js';

const s1 = suite('criticism of the root IOMMU: unmaps and frees');
const both = twoSided(s1);
const IOVA = 0x1_0000_0000n;
const PADDR = 0x8000_0000n;

/** Takes an unmap for done whatever was answered. */
class IgnoresCompletion extends OtherCalls {
  override unmapRun(iovaPage: number, pages: number): RunResult {
    super.unmapRun(iovaPage, pages);
    return { done: pages };
  }
}

both<MakeCalls>('IOMMU-59 IOMMU-60: an unmap gives the bytes that the hypervisor said it unmapped', {
  check: (make) => {
    const { iommu, domain, hv } = calling(make);
    iommu.map(domain, pagesOf(IOVA, PADDR, 20));
    hv.refuse(CODES.unmap, 0x06, { reps: 12 });
    const bytes = iommu.unmap(domain, IOVA, 4096, 20);
    return {
      'the bytes that went': bytes === 12n << 12n,
      'the rest stays in the books': booksAgree(hv, domain) && iommu.iovaToPhys(domain, IOVA + 0xc000n) !== undefined,
    };
  },
  ours: () => OUR_CALLS,
  criticised: {
    'the completion count ignored': [
      () => (port, id) => new IgnoresCompletion(port, id),
      'the bytes that went',
      'the rest stays in the books',
    ],
  },
});

/** Drops every node that has a page in the range, and stops at one that begins before it. */
class DropsWhole extends RootIommu {
  override unmap(domain: IommuDomain, iova: bigint, pageSize: number, pageCount: number): bigint {
    if (domain.kind !== 'paging') return super.unmap(domain, iova, pageSize, pageCount);
    const start = Number(iova >> 12n);
    let total = 0;
    for (const node of domain.tree.within(start, pageCount)) {
      if (node.start < start) break;
      domain.tree.remove(node.start);
      total += node.pages;
    }
    domain.calls.unmapRun(start, Math.min(total, pageCount));
    return BigInt(total) << 12n;
  }
}

const halving =
  (Kind: Driver, splitIntervals: boolean) =>
  (from: number, count: number): { bytes: bigint; agree: boolean; tail: boolean } => {
    const r = driven(Kind, { splitIntervals });
    const domain = pagingDomain(r);
    r.iommu.map(domain, pagesOf(0n, PADDR, 10));
    const bytes = r.iommu.unmap(domain, BigInt(from) << 12n, 4096, count);
    const there = r.hv.pagesOf(domain.id).has(9);
    return {
      bytes,
      agree: booksAgree(r.hv, domain),
      tail: there === (r.iommu.iovaToPhys(domain, 0x9000n) !== undefined),
    };
  };

both<Driver>('IOMMU-56: an unmap of the head of a mapping forgets no page that a device still reaches', {
  check: (Kind) => {
    const runs = [false, true].map((split) => halving(Kind, split)(0, 5));
    return {
      'the tail is found as long as it is mapped': runs.every(({ tail }) => tail),
      'no more bytes than were asked for': runs.every(({ bytes }) => bytes <= 5n << 12n),
      'the books are the hypervisor’s': runs.every(({ agree }) => agree),
    };
  },
  ours: () => RootIommu,
  criticised: {
    'the whole node dropped': [
      () => DropsWhole,
      'the tail is found as long as it is mapped',
      'no more bytes than were asked for',
      'the books are the hypervisor’s',
    ],
  },
});

/** Takes its first node out and forgets about the others. */
class FreesFirstNode extends RootIommu {
  override free(domain: IommuDomain): Outcome {
    if (domain.kind === 'paging') {
      const { tree } = domain;
      Object.defineProperty(tree, 'clear', { value: () => tree.remove(tree.all()[0]?.start ?? 0) });
    }
    return super.free(domain);
  }
}

/** Unmaps node by node first. */
class UnmapsFirst extends RootIommu {
  override free(domain: IommuDomain): Outcome {
    if (domain.kind === 'paging')
      for (const { start, pages } of domain.tree.all()) this.unmap(domain, BigInt(start) << 12n, 4096, pages);
    return super.free(domain);
  }
}

both<Driver>('IOMMU-25: the free of a domain with mappings leaves no node of its tree, in one call', {
  check: (Kind) => {
    const r = driven(Kind);
    const domain = pagingDomain(r);
    for (let i = 0n; i < 8n; i++) r.iommu.map(domain, pagesOf(i << 13n, i << 12n, 1));
    r.hv.made.length = 0;
    const freed = r.iommu.free(domain);
    return {
      'it is freed': freed.ok && !r.hv.domains.has(domain.id),
      'no node is left': domain.tree.size === 0,
      'in one call': r.hv.codes.join() === String(CODES.delete),
    };
  },
  ours: () => RootIommu,
  criticised: {
    'nodes leaked': [() => FreesFirstNode, 'no node is left'],
    'an unmap for each node': [() => UnmapsFirst, 'in one call'],
  },
});

s1.run();
