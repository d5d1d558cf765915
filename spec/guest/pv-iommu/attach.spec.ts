import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEVICE_ID, DOMAIN, got, PAGE, PvRig, told } from './rig.js';

const attach = suite('pvIOMMU: domains and devices');
const FN = { domain: DOMAIN, devfn: 0 };

attach('PVI-20 tables first, then create, then configure with the root', () => {
  const rig = new PvRig();
  const domain = got(rig.started().allocate());
  assert.equal(rig.hypervisor.codes, ['b1', 'ce']);
  const there = rig.hypervisor.domains.get(domain.id)!;
  assert.equal([there.flags, there.root], [1n, BigInt(domain.table.rootFrame * PAGE)]);
});

attach('PVI-21 five levels are told to the hypervisor', () => {
  const rig = new PvRig();
  rig.has({ max_iova_width: 57, iommu_cap: 13n });
  const domain = got(rig.started().allocate());
  assert.is(rig.hypervisor.domains.get(domain.id)!.flags, 5n);
  assert.ok(domain.map((1n << 57n) - 0x1000n, 0x5000, PAGE).ok);
  assert.is(rig.hypervisor.walk(rig.hypervisor.domains.get(domain.id)!, (1n << 57n) - 0x1000n)!.gpa, 0x5000n);
});

attach('PVI-04 PVI-21 a domain has no page size that the IOMMU lacks, whoever asks', () => {
  for (const [has, asked, size] of [
    [0x1000n, 0x40201000n, PAGE],
    [0x40201000n, 0x1000n, PAGE],
    [0x201000n, 0x40201000n, 1 << 21],
    [0x40201000n, undefined, 1 << 30],
  ] as const) {
    const rig = new PvRig();
    rig.has({ pgsize_bitmap: has });
    const domain = got(rig.started().allocate(asked));
    assert.ok(domain.map(1n << 30n, 0, size === PAGE ? 1 << 21 : 1 << 30).ok);
    assert.is(domain.find(1n << 30n)!.pageSize, size);
  }
});

attach('PVI-20 PVI-22 configure and the delete behind it are refused: number and root are lost, and said to be', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const { domainIds } = iommu.state;
  rig.hypervisor.refuse = ({ code }) => (code === 0xce ? 0x71 : code === 0xc5 ? 0x08 : undefined);
  assert.is(told(iommu.allocate()), 'EIO');
  assert.equal(rig.hypervisor.codes, ['b1', 'ce', 'c5']);
  // The hypervisor has the domain, and may walk from its root one day.
  assert.equal([rig.frames.inUse.size, iommu.state.domainIds], [1, domainIds + 1]);
  const line = rig.lines.find(({ code }) => code === 'pviommu-domain-leaked')!;
  const lost = line.fields?.domain;
  assert.ok(rig.hypervisor.domains.has(Number(lost)));
  rig.hypervisor.refuse = () => undefined;
  assert.is.not(got(iommu.allocate()).id, lost);
});

for (const [step, refused, then] of [
  ['the root', 'memory', []],
  ['create', 'b1', ['b1']],
  ['configure', 'ce', ['b1', 'ce', 'c5']],
] as const)
  attach(`PVI-20 ${step} fails: everything before it is taken back`, () => {
    const rig = new PvRig();
    const iommu = rig.started();
    const ids = iommu.state.domainIds;
    if (refused === 'memory') rig.frames.left = 0;
    rig.hypervisor.refuse = ({ code }) => (code.toString(16) === refused ? 0x71 : undefined);
    assert.is(told(iommu.allocate()), refused === 'memory' ? 'ENOMEM' : 'EIO');
    assert.equal(rig.hypervisor.codes, then);
    // The first series leaked the domain here.
    assert.equal([rig.frames.inUse.size, iommu.state.domainIds, iommu.state.pagingDomains], [0, ids, 0]);
    assert.is(rig.hypervisor.domains.size, 2);
  });

attach('PVI-22 free: delete, then the id, then the tables', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const domain = got(iommu.allocate());
  domain.map(0x1000n, 0x5000, PAGE);
  let givenBehind = '';
  rig.frames.onGive = () => {
    givenBehind = rig.hypervisor.codes.at(-1)!;
  };
  assert.ok(iommu.freeDomain(domain).ok);
  assert.is(givenBehind, 'c5');
  assert.is(rig.frames.inUse.size, 0);
  assert.is(got(iommu.allocate()).id, domain.id, 'the id can be used again');
});

attach('PVI-22 a delete that fails: an error line, tables and id are lost, not used again', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const domain = got(iommu.allocate());
  rig.hypervisor.refuse = ({ code }) => (code === 0xc5 ? 8 : undefined);
  assert.is(told(iommu.freeDomain(domain)), 'EIO');
  assert.is(rig.frames.inUse.size, 1);
  assert.ok(rig.codes('error').includes('pviommu-domain-leaked'));
  assert.not(got(iommu.allocate()).id === domain.id);
});

attach('PVI-25 a domain with a device in it is not deleted', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const device = got(iommu.add(FN));
  const domain = got(iommu.allocate());
  iommu.attach(device, domain);
  rig.hypervisor.calls.length = 0;
  assert.is(told(iommu.freeDomain(domain)), 'EBUSY');
  assert.equal(rig.hypervisor.codes, []);
  iommu.attach(device, iommu.blocked);
  assert.ok(iommu.freeDomain(domain).ok);
});

attach('PVI-23 probe: no PCI function, no bus, no IOMMU in front of it', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  assert.is(told(iommu.probe(undefined)), 'ENODEV');
  assert.is(told(iommu.probe({ domain: DOMAIN + 1, devfn: 0 })), 'ENODEV');
  assert.equal(rig.hypervisor.codes, []);
  rig.hypervisor.enabled = false;
  assert.is(told(iommu.probe(FN)), 'ENODEV');
  assert.equal(rig.hypervisor.codes, ['127']);
  assert.is(iommu.state.devices, 0);
  rig.hypervisor.enabled = true;
  assert.is(told(iommu.probe(FN)), 'ok');
});

attach('PVI-24 LDID-06 the id is the prefix with the function, unsigned', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  rig.ids.registerBus(9, 0xa84b42c0);
  const device = got(iommu.add({ domain: 9, devfn: 3 }));
  assert.ok(device.attached);
  assert.equal([...rig.hypervisor.attachedTo.keys()], [0xa84b42c3n]);
});

attach('PVI-24 already in the domain is a success, other refusals are not', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const device = got(iommu.add(FN));
  const own = iommu.defaultOf(device)!;
  assert.ok(iommu.attach(device, own).ok);
  assert.is(rig.codes('error').length, 0);
  rig.hypervisor.refuse = ({ code }) => (code === 0xb2 ? 0x57 : undefined);
  assert.is(told(iommu.attach(device, iommu.identity)), 'EIO');
  assert.is(device.attached, own);
  assert.is(rig.codes('error').length, 1);
  rig.hypervisor.refuse = () => undefined;
  rig.ids.unregisterBus(DOMAIN);
  rig.hypervisor.calls.length = 0;
  assert.is(told(iommu.attach(device, iommu.identity)), 'ENODEV');
  assert.equal(rig.hypervisor.codes, []);
});

attach('PVI-24 COM-03 LDID-27 the prefix is looked up before the page is taken', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const { ids, pages } = rig;
  let inside = false;
  const withInputPage = pages.withInputPage.bind(pages);
  Object.assign(pages, {
    withInputPage: (...call: Parameters<typeof withInputPage>) => {
      inside = true;
      try {
        return withInputPage(...call);
      } finally {
        inside = false;
      }
    },
  });
  const lookup = ids.lookup.bind(ids);
  Object.assign(ids, {
    lookup: (domain: number) => {
      assert.not(inside);
      return lookup(domain);
    },
  });
  assert.ok(iommu.add(FN).ok);
});

attach('PVI-25 a move is one call; the first series detached and flushed before', () => {
  for (const [detachFirst, codes] of [
    [false, ['b2']],
    [true, ['c4', 'd0', 'b2']],
  ] as const) {
    const rig = new PvRig();
    const iommu = rig.started({ detachFirst });
    const device = got(iommu.add(FN));
    rig.hypervisor.calls.length = 0;
    assert.ok(iommu.attach(device, iommu.identity).ok);
    assert.equal(rig.hypervisor.codes, codes);
    assert.is(rig.hypervisor.attachedTo.get(DEVICE_ID), iommu.identity.id);
    rig.hypervisor.calls.length = 0;
    iommu.attach(device, iommu.identity);
    assert.equal(rig.hypervisor.codes, ['b2']);
  }
});

attach('PVI-25 a detach that fails ends the move, the device stays where it is', () => {
  const rig = new PvRig();
  const iommu = rig.started({ detachFirst: true });
  const device = got(iommu.add(FN));
  rig.hypervisor.refuse = ({ code }) => (code === 0xc4 ? 0x58 : undefined);
  assert.is(told(iommu.attach(device, iommu.blocked)), 'EIO');
  assert.is(device.attached, iommu.defaultOf(device));
});

attach(
  'PVI-23 a function is known by its address: the same one listed again by another object is there already',
  () => {
    const rig = new PvRig();
    const iommu = rig.started();
    const device = got(iommu.add({ ...FN }));
    rig.hypervisor.calls.length = 0;
    assert.is(told(iommu.add({ ...FN })), 'EEXIST');
    assert.equal(rig.hypervisor.codes, []);
    assert.is(iommu.deviceOf({ ...FN }), device);
    assert.is(iommu.state.pagingDomains, 1);
    assert.ok(iommu.add({ ...FN, devfn: 1 }).ok, 'its neighbour is another');
    assert.ok(iommu.release(device).ok);
    assert.is(iommu.deviceOf({ ...FN }), undefined);
    assert.ok(iommu.add({ ...FN }).ok);
  },
);

attach(
  'PVI-23 a function that is found and cannot be put into a domain is told of; one without an IOMMU is none to tell of',
  () => {
    const rig = new PvRig();
    const iommu = rig.started();
    let found: (fn: typeof FN) => void = () => undefined;
    iommu.follow({
      onAdd: (notifier) => {
        found = notifier;
      },
    });
    found({ domain: DOMAIN + 1, devfn: 0 });
    rig.hypervisor.enabled = false;
    found(FN);
    assert.not(rig.codes('error').includes('pviommu-not-added'));
    rig.hypervisor.enabled = true;
    rig.frames.left = 0;
    found({ ...FN, devfn: 3 });
    const line = rig.lines.at(-1)!;
    assert.equal(line.fields, { domain: DOMAIN, devfn: 3, errno: 'ENOMEM' });
    assert.equal([line.level, line.code], ['error', 'pviommu-not-added']);
  },
);

attach('PVI-25 PVI-27 release: blocked, then the default domain ends; nothing stays behind', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  for (let round = 0; round < 3; round++) {
    const device = got(iommu.add(FN));
    rig.hypervisor.calls.length = 0;
    assert.ok(iommu.release(device).ok);
    assert.equal(rig.hypervisor.codes, ['b2', 'c5']);
    assert.is(rig.hypervisor.attachedTo.get(DEVICE_ID), iommu.blocked.id);
  }
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
  assert.is(iommu.blocked.devices.size, 0);
  assert.is(rig.frames.inUse.size, 0);
});

attach('PVI-27 the id of the bus went before the device: ENODEV and a warning', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const device = got(iommu.add(FN));
  rig.ids.unregisterBus(DOMAIN);
  assert.is(told(iommu.release(device)), 'ENODEV');
  assert.ok(rig.codes('warn').includes('pviommu-released-without-id'));
  // The device is still in its domain, so that the hypervisor keeps it and the tables are not given away.
  assert.is(rig.frames.inUse.size, 1);
  assert.is(iommu.state.devices, 0);
});

attach('PVI-25 rescind: the host has dropped the attachment, the domain ends all the same', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const device = got(iommu.add(FN));
  rig.hypervisor.attachedTo.delete(DEVICE_ID);
  rig.hypervisor.refuse = ({ code }) => (code === 0xb2 ? 0x57 : undefined);
  assert.is(told(iommu.release(device)), 'EIO');
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
  assert.is(rig.frames.inUse.size, 0);
});

attach('an attach that fails at add leaves no domain', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  rig.hypervisor.refuse = ({ code }) => (code === 0xb2 ? 0x57 : undefined);
  assert.is(told(iommu.add(FN)), 'EIO');
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
  assert.is(rig.frames.inUse.size, 0);
});

attach('PVI-50 PVI-51 what DMA sees: identity all, blocked nothing, paging its tables', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const device = got(iommu.add(FN));
  const domain = got(iommu.allocate());
  assert.is(rig.hypervisor.dma(DEVICE_ID, 0x1000n), undefined);
  iommu.attach(device, domain);
  assert.ok(domain.map(0x1000n, 0x5000, PAGE, false).ok);
  assert.is(rig.hypervisor.dma(DEVICE_ID, 0x1234n)!.gpa, 0x5234n);
  assert.is(rig.hypervisor.dma(DEVICE_ID, 0x1234n)!.write, false);
  assert.is(domain.find(0x1234n)!.gpa, 0x5234);
  iommu.attach(device, iommu.identity);
  assert.is(rig.hypervisor.dma(DEVICE_ID, 0x1234n)!.gpa, 0x1234n);
  iommu.attach(device, iommu.blocked);
  assert.is(rig.hypervisor.dma(DEVICE_ID, 0x1234n), undefined);
});

attach('maps outside of what can be mapped are refused, and a map that fails leaves nothing', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  got(iommu.add(FN));
  const domain = got(iommu.allocate());
  const end = 1n << 48n;
  for (const [iova, gpa, length] of [
    [0x800n, 0, PAGE],
    [0n, 0x800, PAGE],
    [0n, 0, 0x800],
    [0n, 0, 0],
    [0n, -PAGE, PAGE],
    [end, 0, PAGE],
    [end - 0x1000n, 0, 2 * PAGE],
    [-0x1000n, 0, PAGE],
    [0n, 2 ** 52, PAGE],
    [0n, 0, Number.NaN],
  ] as const)
    assert.is(told(domain.map(iova, gpa, length)), 'EINVAL');
  assert.ok(domain.map(end - 0x1000n, 0, PAGE).ok);
  assert.ok(domain.map(0x3000n, 0, PAGE).ok);
  rig.hypervisor.calls.length = 0;
  assert.is(told(domain.map(0x1000n, 0x8000, 4 * PAGE)), 'EEXIST');
  assert.is(domain.find(0x1000n), undefined);
  assert.ok(domain.find(0x3000n));
  // A device may have used the pages that were there for a moment.
  assert.equal(rig.hypervisor.codes, ['d1']);
  rig.frames.left = 1;
  assert.is(told(domain.map(1n << 40n, 0x8000, PAGE)), 'ENOMEM');
  assert.is(domain.unmap(0x800n, PAGE), 0);
});

attach('PVI-09 E2E-01 the identity and blocked defaults need no domain of their own', () => {
  for (const kind of ['identity', 'blocked'] as const) {
    const rig = new PvRig();
    const iommu = rig.started({ defaultDomain: kind });
    const device = got(iommu.add(FN));
    assert.equal(rig.hypervisor.codes, ['127', 'b2']);
    assert.is(device.attached, iommu[kind]);
    assert.ok(iommu.release(device).ok);
    assert.is(iommu.state.domainIds, 2);
  }
});

attach.run();
