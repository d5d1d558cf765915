import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { apertureEnd } from '../../../src/guest/pv-iommu/capabilities.js';
import { DomainIds } from '../../../src/guest/pv-iommu/domain-ids.js';
import type { PvIommu } from '../../../src/guest/pv-iommu/pv-iommu.js';
import { DONE, failure } from '../../../src/ports/outcome.js';
import { DOMAIN, got, PREFIX, PvRig, told } from './rig.js';

const start = suite('pvIOMMU: start');

for (const [why, options] of [
  ['the user wants none', { disabled: true }],
  ['another was found', { otherIommu: true }],
  ['not on Hyper-V', { onHyperV: false }],
] as const)
  start(`PVI-01 ${why}: ENODEV without a call`, () => {
    const rig = new PvRig();
    assert.is(told(rig.start(options)), 'ENODEV');
    assert.equal(rig.hypervisor.codes, []);
  });

start('PVI-01 arm64 has none', () => assert.is(told(new PvRig('arm64').start()), 'ENODEV'));

start('PVI-02 a host that does not know the call is no error, another failure is', () => {
  const old = new PvRig();
  old.hypervisor.refuse = () => 2;
  assert.is(told(old.start()), 'ENODEV');
  assert.equal(old.lines, []);
  const denied = new PvRig();
  denied.hypervisor.refuse = () => 6;
  assert.is(told(denied.start()), 'EIO');
  assert.equal(denied.codes('error'), ['pviommu-call-failed']);
  assert.equal(denied.lines[0]?.fields, {
    call: 'HVCALL_GET_IOMMU_CAPABILITIES',
    statusName: 'HV_STATUS_ACCESS_DENIED',
    status: 6,
  });
});

for (const [what, caps, lines] of [
  ['PVI-03 absent: silent', { iommu_cap: 4n }, 0],
  ['PVI-03 no first stage: an error', { iommu_cap: 1n }, 1],
  ['PVI-04 no page size', { pgsize_bitmap: 0n }, 1],
  ['PVI-04 no 4 KiB pages', { pgsize_bitmap: 0x40200000n }, 1],
  ['PVI-05 no IOVA to map', { max_iova_width: 12 }, 1],
] as const)
  start(`${what}: ENODEV`, () => {
    const rig = new PvRig();
    rig.has(caps);
    assert.is(told(rig.start()), 'ENODEV');
    assert.is(rig.lines.length, lines);
    assert.equal(rig.hypervisor.codes, ['125']);
  });

start('PVI-04 other page sizes are masked, not refused', () => {
  const rig = new PvRig();
  rig.has({ pgsize_bitmap: 0x201000n | (1n << 16n) | (1n << 39n) });
  assert.is(got(rig.start()).capabilities.pageSizes, 0x201000n);
});

for (const [width, caps, used, levels] of [
  [57, 5n, 48, 4],
  [64, 5n, 48, 4],
  [57, 13n, 57, 5],
  [64, 13n, 57, 5],
  [48, 13n, 48, 4],
  [49, 13n, 49, 5],
  [39, 5n, 39, 4],
] as const)
  start(`PVI-05 PVI-21 width ${width}, capabilities ${caps}: ${used} bits in ${levels} levels`, () => {
    const rig = new PvRig();
    rig.has({ max_iova_width: width, iommu_cap: caps });
    const iommu = got(rig.start());
    assert.is(iommu.capabilities.width, used);
    assert.is(iommu.capabilities.levels, levels);
    assert.is(apertureEnd(iommu.capabilities), (1n << BigInt(used)) - 1n);
    // The first series took the raw width: an IOVA that no table reaches was let in.
    assert.is(told(got(iommu.allocate()).map(1n << BigInt(used), 0, 4096)), 'EINVAL');
  });

start('PVI-06 ids: the lowest free one, never those of the default and null domain', () => {
  const ids = new DomainIds();
  assert.equal([ids.take(), ids.take(), ids.take()], [1, 2, 3]);
  ids.give(2);
  ids.give(2);
  assert.equal([ids.take(), ids.take(), ids.taken], [2, 4, 4]);
  const last = new DomainIds(0xfffffffe);
  assert.equal([last.take(), last.take()], [0xfffffffe, undefined]);
});

start('PVI-07 identity and blocked are made and configured at the start', () => {
  const rig = new PvRig();
  const iommu = got(rig.start());
  assert.equal(rig.hypervisor.codes, ['125', 'b1', 'ce', 'b1', 'ce']);
  assert.is(rig.hypervisor.domains.get(iommu.identity.id)?.flags, 0n);
  assert.is(rig.hypervisor.domains.get(iommu.blocked.id)?.flags, 3n);
});

for (const [nth, code, then] of [
  [1, 'b1', []],
  [2, 'ce', ['c5']],
  [3, 'b1', ['c5']],
  [4, 'ce', ['c5', 'c5']],
] as const)
  start(`PVI-07 call ${nth} (${code}) fails: what was made is deleted, the last first`, () => {
    const rig = new PvRig();
    rig.hypervisor.refuse = () => (rig.hypervisor.calls.length === nth + 1 ? 0xb : undefined);
    assert.is(told(rig.start()), 'ENOMEM');
    assert.equal(rig.hypervisor.codes.slice(nth + 1), then);
    assert.is(rig.hypervisor.domains.size, 0);
    const deleted = rig.hypervisor.calls.slice(nth + 1).map(({ input }) => input.slice(40, 48));
    assert.equal(deleted, then.length === 2 ? ['02000000', '01000000'] : then.map(() => '01000000'));
  });

start('PVI-08 sysfs comes behind the static domains, registration behind sysfs', () => {
  const rig = new PvRig();
  const seen: string[] = [];
  const core = {
    publish: () => {
      seen.push(`publish with ${rig.hypervisor.domains.size} domains`);
      return DONE;
    },
    withdraw: () => void seen.push('withdraw'),
    // A core may call back at once.
    register: (iommu: PvIommu) => {
      rig.ids.registerBus(DOMAIN, PREFIX);
      seen.push(`register ${told(iommu.add({ domain: DOMAIN, devfn: 0 }))}`);
      return DONE;
    },
  };
  assert.ok(rig.start({ core }).ok);
  assert.equal(seen, ['publish with 2 domains', 'register ok']);
});

start('PVI-08 a registration or a publication that fails leaves nothing', () => {
  for (const broken of ['register', 'publish'] as const) {
    const rig = new PvRig();
    let visible = false;
    const core = {
      publish: () => {
        if (broken === 'publish') return failure('ENOMEM');
        visible = true;
        return DONE;
      },
      withdraw: () => {
        visible = false;
      },
      register: () => failure('EBUSY'),
    };
    assert.is(told(rig.start({ core })), broken === 'publish' ? 'ENOMEM' : 'EBUSY');
    assert.not(visible);
    assert.is(rig.hypervisor.domains.size, 0);
  }
});

start('PVI-09 too late: with a bus registered the start is refused without a call', () => {
  const rig = new PvRig();
  rig.ids.registerBus(DOMAIN, PREFIX);
  assert.is(told(rig.start()), 'EBUSY');
  assert.equal(rig.hypervisor.codes, []);
  rig.ids.unregisterBus(DOMAIN);
  assert.is(told(rig.start()), 'ok');
});

start('PVI-10 cache coherency is all it is capable of, and each device is told that the MSI window is reserved', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  assert.equal(
    ['cache-coherency', 'deferred-flush', 'dirty-tracking', ''].map((name) => iommu.capable(name)),
    [true, false, false, false],
  );
  const device = got(iommu.add({ domain: DOMAIN, devfn: 0 }));
  assert.equal(iommu.reservedRegions(device), [{ start: 0xfee00000n, length: 0x100000n, kind: 'msi' }]);
});

start('PVI-40 PVI-41 output lies behind the input in the same page, at a multiple of 8', () => {
  const rig = new PvRig();
  rig.started().probe({ domain: DOMAIN, devfn: 0 });
  const rig2 = new PvRig();
  rig2.start();
  const [caps] = rig2.hypervisor.calls;
  const [property] = rig.hypervisor.calls;
  assert.is(caps!.outputGpa - caps!.inputGpa, 16);
  assert.is(property!.outputGpa - property!.inputGpa, 24);
  assert.is(caps!.inputGpa % 4096, 0);
});

start('PVI-40 what the hypervisor leaves in the output of a refused call is not looked at', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  rig.hypervisor.refuse = ({ outputGpa }) => {
    rig.memory.writeU64(outputGpa, 1n);
    return 0x57;
  };
  assert.is(told(iommu.probe({ domain: DOMAIN, devfn: 0 })), 'EIO');
  assert.is(iommu.state.devices, 0);
});

start('PVI-42 calls of a CPU that is going offline still have its page', () => {
  const rig = new PvRig();
  const iommu = rig.started({ onCpu: () => 1 });
  rig.pages.offline(1);
  const domain = got(iommu.allocate());
  assert.ok(domain.free().ok);
  assert.equal(
    rig.hypervisor.calls.map(({ cpu }) => cpu),
    [1, 1, 1],
  );
});

start.run();
