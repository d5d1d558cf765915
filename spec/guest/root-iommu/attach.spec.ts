import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hex64 } from '../../../src/bytes/hex.js';
import { CODES } from './fake-hypervisor.js';
import { codesOf, errnoOf, gained, nvme, pagesOf, pagingDomain, rig } from './rig.js';

const NVME = '1800000000000040';
const SELF = 'ffffffffffffffff';

const attach = suite('attach and detach');

attach('IOMMU-33: identity is domain 0, blocked is domain 0xFFFFFFFF; a device moves without a detach', () => {
  const r = rig();
  const device = nvme();
  for (const domain of [r.iommu.identity, r.iommu.blocked])
    assert.is(errnoOf(r.iommu.attach(domain, device)), undefined);
  assert.equal(
    r.hv.made.map((call) => call.input),
    [`${SELF}0000000000000000${'0000000000000000'}${NVME}`, `${SELF}0000000000000000${'00000000ffffffff'}${NVME}`],
  );
  assert.is(device.domain, r.iommu.blocked);
  assert.equal([r.iommu.identity.numAttached, r.iommu.blocked.numAttached], [0, 1]);
});

attach('IOMMU-32: two attaches in a row without a detach; the older drivers detach before each but the first', () => {
  for (const [detachPolicy, codes] of [
    ['move', [CODES.attach, CODES.attach, CODES.attach]],
    ['always', [CODES.attach, CODES.detach, CODES.attach, CODES.detach, CODES.attach]],
  ] as const) {
    const r = rig({ detachPolicy });
    const domain = pagingDomain(r);
    const device = nvme();
    for (const next of [r.iommu.identity, domain, r.iommu.identity]) r.iommu.attach(next, device);
    assert.equal(r.hv.codes, codes);
    assert.equal([r.iommu.identity.numAttached, domain.numAttached], [1, 0]);
  }
});

attach(
  'IOMMU-30, IOMMU-31: what cannot be attached is EINVAL; IOMMU-28: an L1VH partition has no device domains',
  () => {
    const r = rig();
    assert.is(errnoOf(r.iommu.attach(r.iommu.identity, nvme({ isPci: false }))), 'EINVAL');
    const domain = pagingDomain(r);
    const l1vh = rig({ flavour: 'l1vh', directAttach: true });
    assert.is(errnoOf(l1vh.iommu.attach(domain, nvme())), 'EINVAL');
    assert.is(errnoOf(l1vh.iommu.allocPaging()), 'EOPNOTSUPP');
    const device = nvme();
    assert.is(errnoOf(l1vh.iommu.attach(l1vh.iommu.identity, device)), undefined);
    assert.is(device.domain, l1vh.iommu.identity);
    assert.is(errnoOf(l1vh.iommu.attach(l1vh.iommu.blocked, device)), undefined);
    assert.is(l1vh.iommu.blocked.numAttached, 1);
    assert.equal([r.hv.codes, l1vh.hv.codes], [[], []]);
  },
);

/** Flavour, device id of the call, calls. */
const DIRECT = [
  ['root', NVME, [CODES.attach, CODES.detach, CODES.attachDevice, CODES.detachDevice, CODES.attach]],
  ['l1vh', '1800000000000000', [CODES.attachDevice, CODES.detachDevice]],
] as const;

for (const [flavour, deviceId, codes] of DIRECT) {
  attach(`IOMMU-35, IOMMU-40, IOMMU-26: direct attach on ${flavour}`, () => {
    const r = rig({ flavour, directAttach: true });
    const domain = gained(r.iommu.allocDirect(0x42n));
    const device = nvme({ atsCapable: true });
    for (const next of [r.iommu.identity, domain, r.iommu.identity])
      assert.is(errnoOf(r.iommu.attach(next, device)), undefined);
    assert.equal(r.hv.codes, codes);
    const [given, taken] = r.hv.made.filter((call) => call.code === 0x82 || call.code === 0x83);
    assert.is(given!.input, `4200000000000000${deviceId}41000000${'00000000'}1800000000000000${'0000000000000000'}`);
    assert.is(taken!.input, '42000000000000001800000000000000');
    assert.is(errnoOf(r.iommu.free(domain)), undefined);
    assert.is(r.hv.count(CODES.delete), 0);
  });
}

attach('IOMMU-34: memory asked for goes to the partition that needs it, one page, and the attach is made again', () => {
  const r = rig({ flavour: 'l1vh', directAttach: true });
  r.hv.refuse(CODES.attachDevice, 0x0b, { times: 2 });
  r.iommu.attach(gained(r.iommu.allocDirect(0x42n)), nvme());
  assert.equal(r.hv.codes, [0x82, 0x48, 0x82, 0x48, 0x82]);
  assert.is(r.hv.made[1]!.input.slice(0, 16), '4200000000000000');
  assert.is(r.hv.made[1]!.reps, 1);
  const root = rig();
  root.hv.refuse(CODES.attach, 0x0b);
  root.iommu.attach(root.iommu.blocked, nvme());
  assert.equal(root.hv.codes, [0xb2, 0x48, 0xb2]);
  assert.is(root.hv.made[1]!.input.slice(0, 16), SELF);
});

attach('IOMMU-37: a device that is in the domain already is as good as attached', () => {
  const r = rig();
  r.hv.refuse(CODES.attach, 0x66);
  const device = nvme();
  assert.is(errnoOf(r.iommu.attach(r.iommu.identity, device)), undefined);
  assert.is(device.domain, r.iommu.identity);
});

attach('IOMMU-36: an attach that fails leaves the device where it was', () => {
  const r = rig();
  const domain = pagingDomain(r);
  const device = nvme();
  r.iommu.attach(r.iommu.identity, device);
  r.hv.refuse(CODES.attach, 0x06);
  assert.is(errnoOf(r.iommu.attach(domain, device)), 'EIO');
  assert.is(device.domain, r.iommu.identity);
  assert.equal([r.iommu.identity.numAttached, domain.numAttached], [1, 0]);
});

for (const again of ['succeeds', 'fails'] as const) {
  attach(`IOMMU-36: behind a detach the old domain is tried once more, and that ${again}`, () => {
    const r = rig({ detachPolicy: 'always' });
    const domain = pagingDomain(r);
    const device = nvme();
    r.iommu.attach(r.iommu.identity, device);
    r.hv.made.length = 0;
    r.hv.refuse(CODES.attach, 0x05, { times: 1 });
    if (again === 'fails') r.hv.refuse(CODES.attach, 0x06, { times: 1 });
    assert.is(errnoOf(r.iommu.attach(domain, device)), 'EINVAL');
    assert.equal(r.hv.codes, [CODES.detach, CODES.attach, CODES.attach]);
    assert.is(device.domain, again === 'succeeds' ? r.iommu.identity : undefined);
    assert.is(r.iommu.identity.numAttached, again === 'succeeds' ? 1 : 0);
    assert.is(codesOf(r.log).includes('iommu-device-without-domain'), again === 'fails');
  });
}

// The seed counted down whatever the hypervisor said, and freed a domain that still had the device.
attach(
  'IOMMU-39, IOMMU-41, IOMMU-24, IOMMU-29: a detach that fails changes no count, and the domain is not freed',
  () => {
    const r = rig();
    const domain = pagingDomain(r);
    const device = nvme();
    r.iommu.attach(domain, device);
    r.iommu.map(domain, pagesOf(0n, 0n, 1));
    r.hv.refuse(CODES.detach, 0x06);
    assert.is(errnoOf(r.iommu.detach(device)), 'EIO');
    assert.is(domain.numAttached, 1);
    assert.is(device.domain, domain);
    assert.is(errnoOf(r.iommu.free(domain)), 'EBUSY');
    assert.is(r.hv.count(CODES.delete), 0);
    assert.equal(r.iommu.dumpState(), [
      { kind: 'identity', id: 0, state: 'live', numAttached: 0, devices: [], intervals: 0 },
      { kind: 'blocked', id: 0xffffffff, state: 'live', numAttached: 0, devices: [], intervals: 0 },
      { kind: 'paging', id: 1, state: 'busy', numAttached: 1, devices: ['0000:00:03.0'], intervals: 1 },
    ]);
    assert.is(errnoOf(r.iommu.detach(device)), undefined);
    assert.is(errnoOf(r.iommu.free(domain)), undefined);
  },
);

attach('IOMMU-38: a detach that nobody counted is warned about and made; what is not PCI is left alone', () => {
  const r = rig();
  const device = nvme();
  device.domain = r.iommu.blocked;
  assert.is(errnoOf(r.iommu.detach(device)), undefined);
  assert.equal(codesOf(r.log), ['iommu-detach-not-attached']);
  assert.equal(r.hv.codes, [CODES.detach]);
  assert.is(r.iommu.blocked.numAttached, 0);
  const other = nvme({ isPci: false });
  other.domain = r.iommu.blocked;
  assert.is(errnoOf(r.iommu.detach(other)), undefined);
  assert.equal(r.hv.codes, [CODES.detach]);
});

attach('IOMMU-15: release lets go of the device whatever the hypervisor says', () => {
  for (const [release, status, codes, counted] of [
    ['detach', 0, [CODES.detach], 0],
    ['detach', 6, [CODES.detach], 1],
    ['block', 0, [CODES.attach], 0],
    ['block', 6, [CODES.attach], 1],
  ] as const) {
    const r = rig({ release });
    const domain = pagingDomain(r);
    const device = nvme();
    r.iommu.attach(domain, device);
    r.iommu.probeFinalize(device, 'dma');
    assert.is(device.dmaOps, true);
    r.hv.made.length = 0;
    if (status !== 0) r.hv.refuse(codes[0], status);
    r.iommu.release(device);
    assert.equal([device.domain, device.dmaOps], [undefined, false]);
    assert.equal(r.hv.codes, codes);
    assert.is(domain.numAttached, counted);
    r.iommu.release(device);
    assert.equal(r.hv.codes, codes);
  }
});

/** Flavour, where the device goes next, calls behind the refused one. */
const AFTER_A_REFUSED_RELEASE = [
  ['root', 'identity', [CODES.detachDevice, CODES.attach]],
  ['root', 'another partition', [CODES.detachDevice, CODES.attachDevice]],
  ['root', 'the same partition', [CODES.detachDevice, CODES.attachDevice]],
  ['l1vh', 'identity', [CODES.detachDevice]],
  ['l1vh', 'another partition', [CODES.detachDevice, CODES.attachDevice]],
] as const;

for (const [flavour, to, codes] of AFTER_A_REFUSED_RELEASE)
  for (const release of ['detach', 'block'] as const)
    attach(
      `IOMMU-32, IOMMU-39, IOMMU-15: ${flavour}, release by ${release} refused: a partition's device goes to ${to} through one more detach`,
      () => {
        const r = rig({ flavour, directAttach: true, release });
        const first = gained(r.iommu.allocDirect(0x42n));
        const other = gained(r.iommu.allocDirect(0x43n));
        const next = { identity: r.iommu.identity, 'another partition': other, 'the same partition': first }[to];
        const device = nvme();
        assert.is(errnoOf(r.iommu.attach(first, device)), undefined);
        r.hv.refuse(CODES.detachDevice, 0x71, { times: 2 });
        r.iommu.release(device);
        assert.equal([device.domain, first.numAttached, r.hv.given.size], [undefined, 1, 1]);
        // Refused once more: the books stay as they are.
        assert.is(errnoOf(r.iommu.attach(next, device)), 'EIO');
        assert.equal([device.domain, first.numAttached], [undefined, 1]);
        assert.is(errnoOf(r.iommu.free(first)), 'EBUSY');
        r.hv.made.length = 0;
        assert.is(errnoOf(r.iommu.attach(next, device)), undefined);
        assert.equal(r.hv.codes, codes);
        assert.equal([device.domain, next.numAttached], [next, 1]);
        assert.is(first.numAttached, next === first ? 1 : 0);
        assert.equal(
          [...r.hv.given.keys()].map((pair) => pair.split(' ')[0]),
          next.kind === 'direct' ? [hex64(next.targetPartition)] : [],
        );
        assert.is(errnoOf(r.iommu.free(first)), next === first ? 'EBUSY' : undefined);
      },
    );

attach(
  'IOMMU-36, IOMMU-39: a device that was released is not given back to its partition when its next attach fails',
  () => {
    const r = rig();
    const first = gained(r.iommu.allocDirect(0x42n));
    const device = nvme();
    r.iommu.attach(first, device);
    r.hv.refuse(CODES.detachDevice, 0x71);
    r.iommu.release(device);
    r.hv.made.length = 0;
    r.hv.refuse(CODES.attach, 0x06);
    assert.is(errnoOf(r.iommu.attach(r.iommu.identity, device)), 'EIO');
    assert.equal(r.hv.codes, [CODES.detachDevice, CODES.attach]);
    assert.equal([device.domain, first.numAttached, r.hv.given.size], [undefined, 0, 0]);
    assert.ok(codesOf(r.log).includes('iommu-device-without-domain'));
  },
);

attach('IOMMU-39: a release that was refused can be made up for by a detach', () => {
  const r = rig();
  const first = gained(r.iommu.allocDirect(0x42n));
  const device = nvme();
  r.iommu.attach(first, device);
  r.hv.refuse(CODES.detachDevice, 0x71);
  r.iommu.release(device);
  assert.is(errnoOf(r.iommu.detach(device)), undefined);
  assert.equal([first.numAttached, r.hv.given.size], [0, 0]);
  assert.is(errnoOf(r.iommu.free(first)), undefined);
});

attach(
  'LDID-08: a device behind a bridge is refused; asked to, the driver takes the address that its requests carry',
  () => {
    const requester = { segment: 0, bus: 0, device: 4, function: 0 };
    const strict = rig();
    const domain = pagingDomain(strict);
    const bridge = nvme({}, 4);
    assert.is(errnoOf(strict.iommu.attach(domain, bridge)), undefined);
    const made = strict.hv.made.length;
    const behind = nvme({ requester }, 6);
    for (const to of [strict.iommu.identity, domain]) assert.is(errnoOf(strict.iommu.attach(to, behind)), 'EOPNOTSUPP');
    assert.is(errnoOf(strict.iommu.detach(behind)), undefined);
    strict.iommu.release(behind);
    assert.is(strict.hv.made.length, made, 'nothing is called that would take the bridge out of its domain');
    assert.equal([domain.numAttached, strict.iommu.identity.numAttached], [1, 0]);
    const r = rig({ aliases: 'attach' });
    r.iommu.attach(r.iommu.identity, nvme({ requester }));
    assert.is(r.hv.made[0]!.input.slice(48), '2000000000000040');
  },
);

attach.run();
