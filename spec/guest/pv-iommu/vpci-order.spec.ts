import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PvIommu } from '../../../src/guest/pv-iommu/pv-iommu.js';
import { type PvIommuOptions, startPvIommu } from '../../../src/guest/pv-iommu/start.js';
import { VpciRig } from '../vpci/vpci-rig.js';
import { DEVICE_ID, got, PvRig, told } from './rig.js';

const order = suite('pvIOMMU: beside virtual PCI');

interface Both {
  readonly vpci: VpciRig;
  readonly hv: PvRig;
  readonly iommu: PvIommu;
}

/** The virtual PCI driver with its host, and an IOMMU that hears of its buses and functions. */
function both(options: PvIommuOptions = {}): Both {
  const vpci = new VpciRig();
  const hv = new PvRig();
  const iommu = got(startPvIommu(hv, vpci.ids, options));
  const { core } = vpci;
  iommu.follow(core);
  hv.hypervisor.calls.length = 0;
  return { vpci, hv, iommu };
}

for (const [kind, calls] of [
  ['paging', ['127', 'b1', 'ce', 'b2']],
  ['identity', ['127', 'b2']],
  ['blocked', ['127', 'b2']],
  ['none', ['127']],
] as const)
  order(`PVI-09 E2E-01 LDID-12 ${kind}: the function is attached inside the scan, before its driver`, () => {
    const { vpci, hv, iommu } = both({ defaultDomain: kind });
    let seen: string[] = [];
    const { functionDriver } = vpci;
    const probe = functionDriver.probe.bind(functionDriver);
    functionDriver.probe = (fn) => {
      seen = hv.hypervisor.codes;
      return probe(fn);
    };
    assert.ok(vpci.probe().ok);
    assert.equal(seen, calls);
    assert.equal([...hv.hypervisor.attachedTo.keys()], kind === 'none' ? [] : [DEVICE_ID]);
    assert.is(iommu.state.devices, 1);
  });

order('PVI-09 an IOMMU that comes behind the bus is refused', () => {
  const vpci = new VpciRig();
  const hv = new PvRig();
  assert.ok(vpci.probe().ok);
  assert.is(told(startPvIommu(hv, vpci.ids)), 'EBUSY');
});

order('PVI-23 a function without an IOMMU in front of it gets its driver all the same', () => {
  const { vpci, hv, iommu } = both();
  hv.hypervisor.enabled = false;
  assert.ok(vpci.probe().ok);
  assert.is(vpci.core.bound, 1);
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
});

order('PVI-25 PVI-27 LDID-25 removal: blocked while the id is still known, then nothing is left', () => {
  const { vpci, hv, iommu } = both();
  assert.ok(vpci.probe().ok);
  hv.hypervisor.calls.length = 0;
  vpci.run(vpci.driver.remove(vpci.channel));
  assert.equal(hv.hypervisor.codes, ['b2', 'c5']);
  assert.equal(hv.lines, []);
  assert.is(vpci.ids.size, 0);
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
  assert.is(hv.frames.inUse.size, 0);
});

order.run();
