import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DomainIds } from '../../../src/guest/root-iommu/domain-ids.js';
import { CODES } from './fake-hypervisor.js';
import { errnoOf, gained, nvme, pagesOf, pagingDomain, rig } from './rig.js';

const SELF = 'ffffffffffffffff';

const domains = suite('domains');

domains('IOMMU-20: identity and blocked are always there and cannot be freed', () => {
  const r = rig();
  r.iommu.attach(r.iommu.identity, nvme());
  r.hv.made.length = 0;
  assert.is(errnoOf(r.iommu.free(r.iommu.identity)), undefined);
  assert.is(errnoOf(r.iommu.free(r.iommu.blocked)), undefined);
  assert.equal(r.hv.codes, []);
});

domains(
  'IOMMU-21: create asks for forward progress in 28 bytes; memory is given; a failure gives the number back',
  () => {
    const r = rig({ domainIds: new DomainIds('lowest') });
    r.hv.refuse(CODES.create, 0x0b);
    assert.is(gained(r.iommu.allocPaging()).id, 1);
    assert.equal(r.hv.codes, [CODES.create, CODES.deposit, CODES.create]);
    assert.is(r.hv.made[2]!.input, `${SELF}0000000000000000000000000100000001000000`);
    r.hv.refuse(CODES.create, 0x06);
    assert.is(errnoOf(r.iommu.allocPaging()), 'EIO');
    assert.is(gained(r.iommu.allocPaging()).id, 2);
  },
);

domains('IOMMU-22: numbers are those of live domains; none is 0 or all ones; exhaustion is a failure', () => {
  for (const order of ['next', 'lowest'] as const) {
    const ids = new DomainIds(order, 3);
    assert.equal([ids.take(), ids.take(), ids.take(), ids.take()], [1, 2, 3, undefined]);
    ids.give(2);
    assert.equal([ids.take(), ids.take()], [2, undefined]);
    ids.give(3);
    ids.give(1);
    assert.is(ids.take(), order === 'next' ? 3 : 1);
    assert.is(ids.size, 2);
  }
  const r = rig({ domainIds: new DomainIds('next', 1) });
  const domain = gained(r.iommu.allocPaging());
  assert.is(errnoOf(r.iommu.allocPaging()), 'ENOSPC');
  r.iommu.free(domain);
  assert.is(gained(r.iommu.allocPaging()).id, 1);
});

domains(
  'IOMMU-25: free drops every mapping without unmapping and deletes once; a number that may live on is kept',
  () => {
    const r = rig({ domainIds: new DomainIds('lowest') });
    const domain = pagingDomain(r);
    for (let i = 0n; i < 40n; i++) r.iommu.map(domain, pagesOf(i << 13n, i << 12n, 1));
    r.hv.made.length = 0;
    r.hv.refuse(CODES.delete, 0x08);
    assert.is(errnoOf(r.iommu.free(domain)), 'EIO');
    assert.equal(r.hv.codes, [CODES.delete]);
    assert.is(r.hv.made[0]!.input, `${SELF}00000000000000000000000001000000`);
    assert.is(domain.tree.size, 0);
    assert.is(r.iommu.dumpState().at(-1)!.state, 'lost');
    assert.is(gained(r.iommu.allocPaging()).id, 2);
    assert.is(errnoOf(r.iommu.free(domain)), 'EINVAL');
    r.hv.made.length = 0;
    // One address that is mapped still and one that never was: nothing is asked of a domain that may be gone.
    for (const iova of [0n, 0x7000_0000n])
      assert.equal(r.iommu.map(domain, pagesOf(iova, 0n, 1)), { errno: 'EINVAL', mapped: 0n });
    assert.is(r.iommu.unmap(domain, 0n, 4096, 1), 0n);
    assert.is(errnoOf(r.iommu.attach(domain, nvme())), 'EINVAL');
    assert.equal([r.hv.codes, domain.tree.size], [[], 0]);
  },
);

domains('IOMMU-22, IOMMU-26: a direct domain that spent a number gives it back', () => {
  const r = rig({ directTakesId: true, domainIds: new DomainIds('next', 1) });
  for (let round = 0; round < 3; round++) {
    const direct = gained(r.iommu.allocDirect(0x42n));
    assert.is(direct.id, 1);
    assert.is(errnoOf(r.iommu.allocDirect(0x43n)), 'ENOSPC');
    assert.is(errnoOf(r.iommu.free(direct)), undefined);
  }
  assert.equal(r.hv.codes, []);
});

domains('IOMMU-24: the line of a busy domain says which, and who is in it', () => {
  const r = rig();
  const domain = pagingDomain(r);
  for (const device of [nvme(), nvme({}, 5)]) r.iommu.attach(domain, device);
  assert.is(errnoOf(r.iommu.free(domain)), 'EBUSY');
  assert.equal(r.log, [
    {
      level: 'error',
      code: 'iommu-domain-busy',
      fields: { domain: domain.id, devices: ['0000:00:03.0', '0000:00:05.0'] },
    },
  ]);
});

domains('DEP-02, COM-05: a partition that is no root is asked for root memory: ENOMEM, no deposit, and a line', () => {
  for (const [status, statusName] of [
    [0x73, 'HV_STATUS_INSUFFICIENT_ROOT_MEMORY'],
    [0x83, 'HV_STATUS_INSUFFICIENT_CONTIGUOUS_ROOT_MEMORY'],
  ] as const) {
    const r = rig({ flavour: 'l1vh', directAttach: true });
    const direct = gained(r.iommu.allocDirect(0x42n));
    r.hv.refuse(CODES.attachDevice, status);
    assert.is(errnoOf(r.iommu.attach(direct, nvme({ logicalId: 0x18n }))), 'ENOMEM');
    assert.equal(r.hv.codes, [CODES.attachDevice]);
    assert.equal(r.log, [
      {
        level: 'error',
        code: 'iommu-call-failed',
        fields: {
          partition: 0x42n,
          device: '0000:00:03.0',
          call: 'HVCALL_ATTACH_DEVICE',
          statusName,
          status: `0x${status.toString(16)}`,
        },
      },
    ]);
  }
});

domains('IOMMU-27: what a domain is was said when it was made, whoever frees it', () => {
  const r = rig({ directTakesId: true });
  const first = gained(r.iommu.allocDirect(0x42n));
  const second = gained(r.iommu.allocPaging());
  assert.equal([first.id, first.targetPartition, second.id], [1, 0x42n, 2]);
  assert.is(r.hv.count(CODES.create), 1);
});

domains.run();
