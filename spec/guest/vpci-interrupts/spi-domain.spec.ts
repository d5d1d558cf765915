import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SpiDomain, SpiDomainHolder, type SpiDomainParts } from '../../../src/guest/vpci-interrupts/spi-domain.js';
import { DONE, failure, success } from '../../../src/ports/outcome.js';
import { FakeGic } from './fake-gic.js';

const spi = suite('spi-domain');

spi('ARM-04 under ACPI an SPI is its INTID and its trigger, which is set as well', () => {
  const gic = new FakeGic();
  assert.equal(new SpiDomain(gic).allocate(2), { ok: true, value: 64 });
  assert.equal(gic.specs, [
    { firmware: 'acpi', cells: [64, 1] },
    { firmware: 'acpi', cells: [65, 1] },
  ]);
  assert.equal(gic.diary, ['trigger 64 1', 'trigger 65 1']);
});

spi('ARM-04 in a device tree it is a cell for SPI, the number from 32 up, the trigger', () => {
  const gic = new FakeGic();
  gic.firmware = 'device-tree';
  assert.ok(new SpiDomain(gic).allocate(1).ok);
  assert.equal(gic.specs, [{ firmware: 'device-tree', cells: [0, 32, 1] }]);
});

spi('ARM-04 without either there are none', () => {
  const gic = new FakeGic();
  gic.firmware = 'none';
  const domain = new SpiDomain(gic);
  assert.equal(domain.allocate(1), { ok: false, errno: 'EINVAL' });
  assert.is(domain.pool.taken, 0);
});

// Steps of an allocation of 3: allocate and trigger of 64, of 65, of 66.
for (let failAt = 0; failAt < 6; failAt++)
  spi(`ARM-05 step ${failAt} of 6 fails: nothing stays in use`, () => {
    const gic = new FakeGic();
    gic.failAt = failAt;
    const domain = new SpiDomain(gic);
    assert.equal(domain.allocate(3), { ok: false, errno: failAt % 2 === 0 ? 'EBUSY' : 'EIO' });
    assert.is(gic.inUse.size, 0);
    assert.is(domain.pool.taken, 0);
    gic.failAt = -1;
    assert.equal(domain.allocate(3), { ok: true, value: 64 });
    assert.equal([...gic.inUse], [64, 65, 66]);
  });

spi('ARM-03 what is given back is whole', () => {
  const gic = new FakeGic();
  const domain = new SpiDomain(gic);
  domain.allocate(3);
  assert.is(domain.pool.taken, 4);
  domain.release(64, 3);
  assert.is(domain.pool.taken, 0);
  assert.is(gic.inUse.size, 0);
});

spi('ARM-12 a guest has one domain: made once, found later, and never taken away', () => {
  const holder = new SpiDomainHolder();
  const gic = new FakeGic();
  const first = holder.open(gic);
  const second = holder.open(new FakeGic());
  assert.ok(first.ok && second.ok);
  assert.is(first.ok && first.value, second.ok && second.value);
  const names = Object.getOwnPropertyNames(SpiDomainHolder.prototype);
  assert.equal(names, ['constructor', 'open']);
});

/** Parts that keep count; `fail` names the one that cannot be had. */
function parts(fail: 'node' | 'link' | undefined): SpiDomainParts & { nodes: number } {
  const made = {
    nodes: 0,
    takeNode() {
      if (fail === 'node') return failure('ENOMEM');
      made.nodes++;
      return success({});
    },
    giveNode() {
      made.nodes--;
    },
    link: () => (fail === 'link' ? failure('ENODEV') : DONE),
  };
  return made;
}

spi('ARM-14 a domain that cannot be made leaves nothing and says why', () => {
  const node = parts('node');
  assert.equal(new SpiDomainHolder(node).open(new FakeGic()), { ok: false, errno: 'ENOMEM' });
  assert.is(node.nodes, 0);
  const link = parts('link');
  assert.equal(new SpiDomainHolder(link).open(new FakeGic()), { ok: false, errno: 'ENODEV' });
  assert.is(link.nodes, 0);
  const fine = parts(undefined);
  assert.ok(new SpiDomainHolder(fine).open(new FakeGic()).ok);
  assert.is(fine.nodes, 1);
});

spi.run();
