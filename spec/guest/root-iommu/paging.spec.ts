import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODES } from './fake-hypervisor.js';
import { booksAgree, codesOf, gained, pagesOf, pagingDomain, type Rig, rig } from './rig.js';

const IOVA = 0x1_0000_0000n;
const PADDR = 0x8000_0000n;

const mapping = suite('map');

/** Pages, map calls. */
const COUNTS = [
  [1, 1],
  [506, 1],
  [507, 1],
  [508, 2],
  [1014, 2],
  [4095, 9],
  [4096, 9],
  [262144, 518],
] as const;
const UNMAP_CALLS: Readonly<Record<number, number>> = { 4096: 2, 262144: 65 };

for (const [pages, calls] of COUNTS) {
  mapping(
    `IOMMU-44, IOMMU-45: ${pages} pages take ${calls} map calls, the fewest unmap calls, and no page twice`,
    () => {
      const r = rig();
      const domain = pagingDomain(r);
      r.hv.keepsPages = pages < 5000;
      assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, pages)), { mapped: BigInt(pages) << 12n });
      assert.is(r.hv.count(CODES.map), calls);
      assert.is(
        r.hv.made.reduce((sum, call) => sum + call.reps, 0),
        pages,
      );
      assert.ok(r.hv.made.every((call) => call.reps <= 507));
      if (r.hv.keepsPages) assert.ok(booksAgree(r.hv, domain));
      r.hv.made.length = 0;
      assert.is(r.iommu.unmap(domain, IOVA, 4096, pages), BigInt(pages) << 12n);
      assert.is(r.hv.count(CODES.unmap), UNMAP_CALLS[pages] ?? 1);
      assert.is(domain.tree.size, 0);
      if (r.hv.keepsPages) assert.ok(booksAgree(r.hv, domain));
    },
  );
}

mapping('IOMMU-42, IOMMU-46: flags, addresses and frames go on from batch to batch', () => {
  const r = rig();
  const domain = pagingDomain(r);
  r.iommu.map(domain, pagesOf(IOVA, PADDR, 508, false));
  const head = 'ffffffffffffffff000000000000000000000000010000000000000001000000';
  assert.is(r.hv.made[0]!.input.slice(0, 96), `${head}0000000001000000${'0000080000000000'}`);
  assert.is(r.hv.made[1]!.input, `${head}00b01f0001000000fb01080000000000`);
  assert.equal(
    r.hv.made.map((call) => call.control),
    ['0x000001fb000000b3', '0x00000001000000b3'],
  );
});

/** Requests that are refused before anything is sent. */
const REFUSED = [
  ['no pages', pagesOf(IOVA, PADDR, 0), 'EINVAL'],
  ['an I/O address between pages', pagesOf(IOVA + 1n, PADDR, 1), 'EINVAL'],
  ['a physical address between pages', pagesOf(IOVA, PADDR + 512n, 1), 'EINVAL'],
  ['pages of 512 bytes', pagesOf(IOVA, PADDR, 8, true, 512), 'EINVAL'],
  ['a negative I/O address', pagesOf(-4096n, PADDR, 1), 'EINVAL'],
  // Numbers that a double rounds down to the page's first byte.
  ['an I/O address one byte behind 2^60', pagesOf((1n << 60n) + 1n, PADDR, 1), 'EINVAL'],
  ['a physical address one byte behind 2^60', pagesOf(IOVA, (1n << 60n) + 1n, 1), 'EINVAL'],
  ['physical addresses past 64 bits', pagesOf(IOVA, (1n << 64n) - 4096n, 2), 'EINVAL'],
  ['half a page count', pagesOf(IOVA, PADDR, 1.5), 'EINVAL'],
  ['an end past the aperture', pagesOf((1n << 48n) - 4096n, PADDR, 2), 'ERANGE'],
  ['an overlap with its head', pagesOf(0x2000_0000n - 4096n, PADDR, 2), 'EEXIST'],
  ['an overlap inside', pagesOf(0x2000_1000n, PADDR, 1), 'EEXIST'],
] as const;

for (const [what, request, errno] of REFUSED) {
  mapping(`IOMMU-43, IOMMU-50: ${what} is ${errno}, and nothing is sent`, () => {
    const r = rig();
    const domain = pagingDomain(r);
    r.iommu.map(domain, pagesOf(0x2000_0000n, 0n, 4));
    r.hv.made.length = 0;
    assert.equal(r.iommu.map(domain, request), { errno, mapped: 0n });
    assert.equal(r.hv.codes, []);
    assert.is(domain.tree.size, 1);
  });
}

mapping('IOMMU-43: no memory for a node is ENOMEM, and nothing is sent', () => {
  const r = rig({ maxIntervals: 1 });
  const domain = pagingDomain(r);
  r.iommu.map(domain, pagesOf(IOVA, PADDR, 1));
  assert.equal(r.iommu.map(domain, pagesOf(IOVA + 0x10000n, PADDR, 1)), { errno: 'ENOMEM', mapped: 0n });
  assert.equal(r.hv.codes, [CODES.map]);
});

mapping('IOMMU-47, DEP-05: memory asked for in the middle of a batch is given, and the map goes on from there', () => {
  const r = rig({ ownPartition: 1n });
  const domain = pagingDomain(r);
  r.hv.pool = 496;
  assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 1014)), { mapped: 1014n << 12n });
  assert.equal(r.hv.codes, [CODES.map, CODES.deposit, CODES.map, CODES.deposit, CODES.map, CODES.deposit, CODES.map]);
  assert.is(r.hv.made[1]!.control, '0x0000010000000048');
  assert.is(r.hv.made[1]!.input.slice(0, 16), '0100000000000000');
  assert.is(r.hv.made[2]!.start, 0);
  assert.is(r.hv.made[2]!.input.slice(64, 96), '00001f0001000000f001080000000000');
  assert.ok(booksAgree(r.hv, domain));
});

mapping('IOMMU-47: memory asked for behind the last page is given, and no empty call follows', () => {
  const r = rig();
  const domain = pagingDomain(r);
  r.hv.refuse(CODES.map, 0x0b, { reps: 20 });
  assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 20)), { mapped: 20n << 12n });
  assert.equal(r.hv.codes, [CODES.map, CODES.deposit]);
  assert.ok(booksAgree(r.hv, domain));
});

mapping('DEP-06: a host that only ever asks is given up with ENOMEM, and nothing stays', () => {
  const r = rig();
  const domain = pagingDomain(r);
  r.hv.refuse(CODES.map, 0x0b, { reps: 3, times: 1 });
  r.hv.refuse(CODES.map, 0x0b, { reps: 0, times: 1000 });
  assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 100)), { errno: 'ENOMEM', mapped: 0n });
  assert.ok(r.hv.count(CODES.deposit) <= 17);
  assert.is(domain.tree.size, 0);
  assert.ok(booksAgree(r.hv, domain));
});

mapping('IOMMU-47: a deposit that fails gives its own errno (the seed gave the one of the map)', () => {
  const r = rig();
  const domain = pagingDomain(r);
  r.hv.pool = 10;
  r.hv.refuse(CODES.deposit, 0x06, { times: 1 });
  assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 100)), { errno: 'EIO', mapped: 0n });
  assert.ok(booksAgree(r.hv, domain));
});

for (const [pageSize, pageCount] of [
  [4096, 1024],
  [0x200000, 2],
] as const) {
  mapping(`IOMMU-48: a map of pages of ${pageSize} that fails takes back the 4 KiB pages that were done`, () => {
    const r = rig();
    const domain = pagingDomain(r);
    let calls = 0;
    const hypercall = r.hv.hypercall.bind(r.hv);
    r.hv.hypercall = (lo, hi, input, output) => {
      if ((lo & 0xffff) === CODES.map && ++calls === 2) r.hv.refuse(CODES.map, 0x06, { reps: 100 });
      hypercall(lo, hi, input, output);
    };
    assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, pageCount, true, pageSize)), { errno: 'EIO', mapped: 0n });
    assert.equal(r.hv.codes, [CODES.map, CODES.map, CODES.unmap]);
    assert.is(r.hv.made[2]!.reps, 607);
    assert.is(r.hv.made[2]!.input.slice(48), '0000000001000000');
    assert.is(domain.tree.size, 0);
    assert.is(r.hv.pagesOf(1).size, 0);
  });
}

mapping(
  'IOMMU-48, IOMMU-67: a roll-back that fails is logged, keeps the errno, and its rest stays in the books',
  () => {
    const r = rig();
    const domain = pagingDomain(r);
    r.hv.refuse(CODES.map, 0x05, { reps: 60 });
    r.hv.refuse(CODES.unmap, 0x06, { reps: 20 });
    assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 100)), { errno: 'EINVAL', mapped: 0n });
    const failed = { domain: domain.id, iova: IOVA, stuck: false };
    const [refused, denied] = [
      { call: 'HVCALL_MAP_DEVICE_GPA_PAGES', statusName: 'HV_STATUS_INVALID_PARAMETER', status: '0x5' },
      { call: 'HVCALL_UNMAP_DEVICE_GPA_PAGES', statusName: 'HV_STATUS_ACCESS_DENIED', status: '0x6' },
    ];
    assert.equal(
      r.log.map(({ code, level, fields }) => [code, level, fields]),
      [
        ['iommu-call-failed', 'error', { ...failed, done: 60, pages: 100, ...refused }],
        ['iommu-call-failed', 'error', { ...failed, done: 20, pages: 60, ...denied }],
        ['iommu-rollback-incomplete', 'error', { domain: domain.id, pages: 40 }],
      ],
    );
    assert.equal(domain.tree.all(), [{ start: 0x100014, pages: 40, frame: 0x80014, flags: 3 }]);
    assert.ok(booksAgree(r.hv, domain));
  },
);

mapping('COM-08: a hypervisor that says success and does nothing is EIO, for map and unmap', () => {
  const r = rig();
  const domain = pagingDomain(r);
  r.hv.maxReps = 0;
  assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 9)), { errno: 'EIO', mapped: 0n });
  assert.is(domain.tree.size, 0);
  r.hv.maxReps = 4;
  r.iommu.map(domain, pagesOf(IOVA, PADDR, 9));
  r.hv.maxReps = 0;
  assert.is(r.iommu.unmap(domain, IOVA, 4096, 9), 0n);
  assert.ok(booksAgree(r.hv, domain));
});

mapping('a machine without a hypercall page answers all ones: nothing is mapped, and nothing is taken back', () => {
  const r = rig();
  const domain = pagingDomain(r);
  const codes: number[] = [];
  r.hv.hypercall = (lo) => {
    codes.push(lo & 0xffff);
    r.hv.resultLo = 0xffffffff;
    r.hv.resultHi = 0xffffffff;
  };
  assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 9)), { errno: 'EOPNOTSUPP', mapped: 0n });
  assert.equal(codes, [CODES.map]);
});

mapping(
  'IOMMU-26: identity, blocked and direct domains take no maps; IOMMU-49, IOMMU-62: the legacy mode keeps books',
  () => {
    const r = rig();
    const direct = gained(r.iommu.allocDirect(0x42n));
    for (const domain of [r.iommu.identity, r.iommu.blocked, direct]) {
      assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 1)), { errno: 'EOPNOTSUPP', mapped: 0n });
      assert.is(r.iommu.unmap(domain, IOVA, 4096, 1), 0n);
    }
    const legacy = rig({ legacyDirectMap: true });
    const old = gained(legacy.iommu.allocDirect(0x42n));
    assert.equal(legacy.iommu.map(old, pagesOf(IOVA, PADDR, 600)), { mapped: 600n << 12n });
    assert.is(legacy.iommu.iovaToPhys(old, IOVA + 0x1234n), PADDR + 0x1234n);
    assert.is(legacy.iommu.unmap(old, IOVA, 4096, 600), 600n << 12n);
    assert.is(legacy.iommu.iovaToPhys(old, IOVA), undefined);
    legacy.iommu.map(old, pagesOf(IOVA, PADDR, 2));
    assert.is(legacy.iommu.unmap(old, IOVA, 4096, 8), 8n << 12n, 'as many as were asked for, not as there were');
    assert.is(old.tree!.size, 0);
    assert.equal(legacy.hv.codes, []);
    legacy.iommu.free(old);
    assert.equal(legacy.iommu.map(old, pagesOf(IOVA, PADDR, 1)), { errno: 'EINVAL', mapped: 0n });
    assert.is(legacy.iommu.unmap(old, IOVA, 4096, 1), 0n);
  },
);

mapping.run();

const unmapping = suite('unmap');

function mapped(options: Parameters<typeof rig>[0] = {}): Rig & { domain: ReturnType<typeof pagingDomain> } {
  const r = rig(options);
  const domain = pagingDomain(r);
  for (const [page, count] of [
    [0, 10],
    [10, 5],
    [20, 10],
  ] as const)
    assert.is(r.iommu.map(domain, pagesOf(BigInt(page) << 12n, BigInt(100 + page) << 12n, count)).errno, undefined);
  r.hv.made.length = 0;
  return { ...r, domain };
}

unmapping(
  'IOMMU-55, IOMMU-57, IOMMU-58: one run for each stretch without a hole, and the bytes that were there',
  () => {
    const r = mapped();
    assert.is(r.iommu.unmap(r.domain, 0n, 4096, 64), 25n << 12n);
    assert.equal(
      r.hv.made.map((call) => call.reps),
      [15, 10],
    );
    assert.equal(codesOf(r.log), ['iommu-unmapped-less']);
    assert.is(r.hv.pagesOf(1).size, 0);
    assert.is(r.iommu.unmap(r.domain, 0n, 4096, 64), 0n);
    assert.is(r.hv.made.length, 2);
  },
);

// The seed stopped at a node that began before the range and dropped one that reached out of it whole.
for (const [what, page, count] of [
  ['its tail', 5, 10],
  ['its head', 0, 25],
  ['its middle', 2, 3],
] as const) {
  unmapping(`IOMMU-56: of a mapping ${what} alone is refused with 0 and changes nothing`, () => {
    const r = mapped();
    const before = r.domain.tree.all();
    assert.is(r.iommu.unmap(r.domain, BigInt(page) << 12n, 4096, count), 0n);
    assert.equal(r.domain.tree.all(), before);
    assert.equal(r.hv.codes, []);
    assert.equal(codesOf(r.log), ['iommu-partial-unmap']);
    assert.is(r.iommu.iovaToPhys(r.domain, 29n << 12n), 129n << 12n);
  });

  unmapping(`IOMMU-56: of a mapping ${what} alone with splitting on is cut out`, () => {
    const r = mapped({ splitIntervals: true });
    const bytes = r.iommu.unmap(r.domain, BigInt(page) << 12n, 4096, count);
    assert.is(bytes, BigInt(count - (what === 'its head' ? 5 : 0)) << 12n);
    assert.ok(booksAgree(r.hv, r.domain));
    assert.is(r.iommu.iovaToPhys(r.domain, 29n << 12n), 129n << 12n);
    assert.is(r.iommu.iovaToPhys(r.domain, BigInt(page + 1) << 12n), undefined);
  });
}

unmapping('IOMMU-56: a cut that has no room for both ends is refused with 0 and cuts nothing', () => {
  for (const [maxIntervals, bytes, size] of [
    [1, 0n, 1],
    [2, 0n, 1],
    [3, 3n << 12n, 2],
  ] as const) {
    const r = rig({ splitIntervals: true, maxIntervals });
    const domain = pagingDomain(r);
    r.iommu.map(domain, pagesOf(0n, 0x64000n, 10));
    r.hv.made.length = 0;
    assert.is(r.iommu.unmap(domain, 2n << 12n, 4096, 3), bytes);
    assert.is(domain.tree.size, size);
    assert.is(r.hv.made.length, bytes === 0n ? 0 : 1);
    assert.equal(codesOf(r.log), bytes === 0n ? ['iommu-partial-unmap'] : []);
    assert.ok(booksAgree(r.hv, domain));
  }
});

unmapping('IOMMU-59, IOMMU-60: a failure gives the bytes that were done; the rest stays in the books', () => {
  const r = mapped();
  r.hv.refuse(CODES.unmap, 0x06, { reps: 12 });
  assert.is(r.iommu.unmap(r.domain, 0n, 4096, 64), 12n << 12n);
  assert.equal(
    r.domain.tree.all().map(({ start, pages, frame }) => [start, pages, frame]),
    [
      [12, 3, 112],
      [20, 10, 120],
    ],
  );
  assert.ok(booksAgree(r.hv, r.domain));
  assert.is(r.iommu.unmap(r.domain, 0n, 4096, 64), 13n << 12n);
  assert.is(r.hv.pagesOf(1).size, 0);
});

unmapping('IOMMU-61: a request for memory is a failure, and no memory is given', () => {
  for (const status of [0x0b, 0x73, 0x75, 0x83]) {
    const r = mapped();
    r.hv.refuse(CODES.unmap, status);
    assert.is(r.iommu.unmap(r.domain, 0n, 4096, 10), 0n);
    assert.equal(r.hv.codes, [CODES.unmap], `0x${status.toString(16)}`);
    assert.ok(booksAgree(r.hv, r.domain));
  }
});

unmapping('IOMMU-51, COM-05: both halves report in the same words', () => {
  const r = mapped();
  r.hv.refuse(CODES.unmap, 0x06);
  r.hv.refuse(CODES.map, 0x06);
  r.iommu.unmap(r.domain, 0n, 4096, 10);
  r.iommu.map(r.domain, pagesOf(IOVA, PADDR, 2));
  const lines = r.log
    .filter((line) => line.code === 'iommu-call-failed')
    .map((line) => line.fields as Readonly<Record<'call' | 'statusName' | 'status', unknown>>);
  assert.equal(
    lines.map((fields) => [fields.call, fields.statusName, fields.status]),
    [
      ['HVCALL_UNMAP_DEVICE_GPA_PAGES', 'HV_STATUS_ACCESS_DENIED', '0x6'],
      ['HVCALL_MAP_DEVICE_GPA_PAGES', 'HV_STATUS_ACCESS_DENIED', '0x6'],
    ],
  );
  assert.equal(Object.keys(lines[0]!).sort(), Object.keys(lines[1]!).sort());
});

unmapping('IOMMU-65: what an address leads to; 0 is an address like any other', () => {
  const r = rig();
  const domain = pagingDomain(r);
  r.iommu.map(domain, pagesOf(0x5000n, 0n, 2));
  assert.is(r.iommu.iovaToPhys(domain, 0x5000n), 0n);
  assert.is(r.iommu.iovaToPhys(domain, 0x6fffn), 0x1fffn);
  assert.is(r.iommu.iovaToPhys(domain, 0x4fffn), undefined);
  assert.is(r.iommu.iovaToPhys(domain, 0x7000n), undefined);
  assert.is(r.iommu.iovaToPhys(r.iommu.identity, 0x123_4567n), 0x123_4567n);
  assert.is(r.iommu.iovaToPhys(r.iommu.blocked, 0x5000n), undefined);
});

unmapping.run();
