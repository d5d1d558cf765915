import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { detectRootIommu, type IommuPlatform } from '../../../src/guest/root-iommu/detection.js';
import { type IommuCore, RootIommu } from '../../../src/guest/root-iommu/root-iommu.js';
import { failure } from '../../../src/ports/outcome.js';
import { CODES } from './fake-hypervisor.js';
import { bareRig, codesOf, errnoOf, gained, nvme, pagesOf, QUIET_CORE, rig } from './rig.js';

const AVAILABLE = 1 << 24;

interface Watched extends IommuPlatform {
  acs: number;
}

function platform(rest: Partial<IommuPlatform>): Watched {
  const made: Watched = {
    onHyperV: true,
    iommuOff: false,
    iommuDetected: false,
    miscFeatures: AVAILABLE,
    acs: 0,
    requestAcs: () => {
      made.acs++;
    },
    ...rest,
  };
  return made;
}

const start = suite('start');

/** Platform, flavour, direct attach asked for, found. */
const DETECTIONS = [
  [{}, 'root', false, true],
  [{ iommuOff: true }, 'root', false, false],
  [{ iommuDetected: true }, 'root', false, false],
  [{ miscFeatures: ~AVAILABLE }, 'root', false, false],
  [{ miscFeatures: 0 }, 'l1vh', true, true],
  [{}, 'l1vh', false, false],
] as const;

for (const [facts, flavour, directAttach, found] of DETECTIONS) {
  start(
    `IOMMU-01: ${flavour}, ${JSON.stringify(facts)}, direct attach ${directAttach}: ${found ? 'found' : 'nothing'}`,
    () => {
      const { machine, hv } = bareRig();
      const made = platform(facts);
      assert.is(detectRootIommu(machine, made, { flavour, directAttach }) !== undefined, found);
      assert.is(made.acs, found ? 1 : 0);
      assert.is(made.iommuDetected, found || 'iommuDetected' in facts);
      assert.equal(hv.codes, []);
    },
  );
}

start('IOMMU-02: not on Hyper-V init is ENODEV without a side effect', () => {
  const { machine, hv, log } = bareRig();
  const seen: string[] = [];
  const iommu = gained({
    ok: true,
    value: detectRootIommu(machine, platform({ onHyperV: false }), { flavour: 'root' })!,
  });
  assert.is(errnoOf(iommu.init(coreThatSees(seen))), 'ENODEV');
  assert.equal([hv.codes, seen, log], [[], [], []]);
});

function coreThatSees(seen: string[], rest: Partial<IommuCore> = {}): IommuCore {
  return {
    publish: (driver) => {
      seen.push('publish');
      return QUIET_CORE.publish(driver);
    },
    unpublish: () => seen.push('unpublish'),
    register: (driver) => {
      seen.push('register');
      return QUIET_CORE.register(driver);
    },
    ...rest,
  };
}

// The seed put its entry where user space sees it and filled the identity domain in afterwards.
start('IOMMU-03, IOMMU-05: whoever can reach the driver finds capabilities and domains ready', () => {
  const { machine, hv } = bareRig();
  const seen: string[] = [];
  const look = (step: string, driver: RootIommu) => {
    seen.push(`${step} ${driver.capabilities?.maxIovaWidth} ${driver.identity.id} ${driver.blocked.id}`);
    const device = nvme();
    assert.is(errnoOf(driver.probe(device)), undefined);
    assert.is(errnoOf(driver.probe(nvme({}, 9))), 'ENODEV', 'what the user leaves alone is left alone from the first');
    assert.is(errnoOf(driver.attach(driver.identity, device)), undefined);
    return QUIET_CORE.register(driver);
  };
  const iommu = new RootIommu(machine, { flavour: 'root', skip: '(0000:00:09.0)' });
  iommu.init({
    publish: (it) => look('publish', it),
    unpublish: () => undefined,
    register: (it) => look('register', it),
  });
  assert.equal(seen, ['publish 48 0 4294967295', 'register 48 0 4294967295']);
  assert.equal(hv.codes, [CODES.capabilities, CODES.attach, CODES.attach]);
  assert.is(iommu.registered, true);
});

start('IOMMU-04: a registration that fails takes the entry away again; an entry that fails is the end', () => {
  const { machine, log } = bareRig();
  const seen: string[] = [];
  const one = new RootIommu(machine, { flavour: 'root' });
  assert.is(errnoOf(one.init(coreThatSees(seen, { register: () => failure('EBUSY') }))), 'EBUSY');
  assert.equal(seen, ['publish', 'unpublish']);
  assert.is(one.registered, false);
  const two = new RootIommu(machine, { flavour: 'root' });
  assert.is(errnoOf(two.init(coreThatSees(seen, { publish: () => failure('ENOMEM') }))), 'ENOMEM');
  assert.equal(seen, ['publish', 'unpublish']);
  assert.equal(codesOf(log), ['iommu-not-published']);
});

start('IOMMU-06: the output of a refused query is not looked at, and init is ENODEV', () => {
  const { machine, hv } = bareRig();
  hv.refuse(CODES.capabilities, 0x06);
  const seen: string[] = [];
  const iommu = new RootIommu(machine, { flavour: 'root' });
  assert.is(errnoOf(iommu.init(coreThatSees(seen))), 'ENODEV');
  assert.equal([iommu.capabilities, seen], [undefined, []]);
});

for (const [width, end] of [
  [48, 0xffff_ffff_ffffn],
  [57, 0x1ff_ffff_ffff_ffffn],
  [64, 0xffff_ffff_ffff_ffffn],
] as const) {
  start(`IOMMU-07: addresses of ${width} bits end at 2^${width} - 1, and the last page can be mapped`, () => {
    const { machine, hv } = bareRig();
    hv.iovaWidth = width;
    const iommu = new RootIommu(machine, { flavour: 'root' });
    iommu.init(QUIET_CORE);
    assert.equal(iommu.geometry, { start: 0n, end, forced: true });
    const domain = gained(iommu.allocPaging());
    assert.is(iommu.map(domain, pagesOf(end - 4095n, 0x5000n, 1)).errno, undefined);
    assert.is(iommu.iovaToPhys(domain, end), 0x5fffn);
    assert.is(iommu.map(domain, pagesOf(end - 4095n, 0n, 2)).errno, 'ERANGE');
    assert.is(iommu.unmap(domain, end - 4095n, 4096, 1), 4096n);
  });
}

for (const width of [65, 70, 255])
  start(
    `IOMMU-07, IOMMU-67: a host that says ${width} bits: a request carries 64, nothing is mapped behind them`,
    () => {
      const { machine, hv } = bareRig();
      hv.iovaWidth = width;
      const iommu = new RootIommu(machine, { flavour: 'root' });
      assert.is(errnoOf(iommu.init(QUIET_CORE)), undefined);
      assert.is(iommu.geometry.end, (1n << 64n) - 1n);
      const domain = gained(iommu.allocPaging());
      hv.made.length = 0;
      // On the wire its lower 64 bits would be page 0 of the device.
      for (const iova of [1n << 64n, (1n << 64n) + 0x1000n])
        assert.equal(iommu.map(domain, pagesOf(iova, 0x5000n, 1)), { errno: 'ERANGE', mapped: 0n });
      assert.equal([hv.codes, domain.tree.size], [[], 0]);
      assert.is(iommu.map(domain, pagesOf((1n << 64n) - 4096n, 0x5000n, 1)).errno, undefined);
      assert.is(iommu.iovaToPhys(domain, (1n << 64n) - 1n), 0x5fffn);
    },
  );

for (const width of [0, 11, 12])
  start(`IOMMU-07, IOMMU-02: addresses of ${width} bits are a page or less: ENODEV, and nobody sees the driver`, () => {
    const { machine, hv, log } = bareRig();
    hv.iovaWidth = width;
    const seen: string[] = [];
    const iommu = new RootIommu(machine, { flavour: 'root' });
    assert.is(errnoOf(iommu.init(coreThatSees(seen))), 'ENODEV');
    assert.equal([iommu.capabilities, iommu.registered, seen], [undefined, false, []]);
    assert.equal(codesOf(log), ['iommu-no-iova-space']);
  });

start('IOMMU-08, IOMMU-14, IOMMU-16, IOMMU-17, IOMMU-23: what the core asks of every device', () => {
  const { iommu } = rig();
  const device = nvme({ isolationGroup: 'a' });
  assert.equal(iommu.reservedRegions(device), [{ start: 0xfee0_0000n, length: 0x10_0000n, kind: 'msi' }]);
  assert.is(iommu.defaultDomainType(device), 'identity');
  assert.is(iommu.capable('cache-coherency'), true);
  assert.is(iommu.capable('deferred-flush'), false);
  assert.is(iommu.pageSizes, 0x1000n);
  assert.is(iommu.groupOf(device), iommu.groupOf(nvme({ isolationGroup: 'a' }, 4)));
  assert.is.not(iommu.groupOf(device), iommu.groupOf(nvme({}, 5)));
  assert.is.not(iommu.groupOf(nvme({}, 5)), iommu.groupOf(nvme({}, 6)));
  assert.is(iommu.groupOf(nvme({}, 5)), iommu.groupOf(nvme({}, 5)));
  assert.is.not(iommu.groupOf(nvme({ isPci: false })), iommu.groupOf(nvme({ isPci: false })));
  iommu.probeFinalize(device, 'dma');
  assert.is(device.dmaOps, true);
  iommu.probeFinalize(device, 'identity');
  assert.is(device.dmaOps, false);
});

start.run();
