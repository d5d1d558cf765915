import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FlushGather } from '../../../src/guest/pv-iommu/flush-gather.js';
import type { PvIommu } from '../../../src/guest/pv-iommu/pv-iommu.js';
import { DEVICE_ID, DOMAIN, got, PAGE, PvRig, told } from './rig.js';

const test = suite('pvIOMMU: behind the end of domains and devices');
const FN = { domain: DOMAIN, devfn: 0 };
const BASE = 0x4000_0000n;

function start(): { rig: PvRig; iommu: PvIommu } {
  const rig = new PvRig();
  return { rig, iommu: rig.started({ defaultDomain: 'none' }) };
}

/** Gives all free frames but `left`, among them `root`, to somebody else. The function says which of them have changed since. */
function occupy(rig: PvRig, left: number, root: number): () => number[] {
  const taken: number[] = [];
  for (let one = rig.frames.take(1); one !== undefined; one = rig.frames.take(1)) taken.push(...one);
  taken.sort((a, b) => Number(b === root) - Number(a === root));
  rig.frames.give(taken.splice(-left));
  // By its bits any of the words is an entry of a table that leads to the old root, and one of a page on the last level.
  const page = new Uint8Array(new BigUint64Array(PAGE / 8).fill(BigInt(root * PAGE) | 3n).buffer);
  for (const frame of taken) rig.memory.write(frame * PAGE, page);
  const found = new Uint8Array(PAGE);
  return () =>
    taken.filter((frame) => {
      rig.memory.read(frame * PAGE, found);
      return found.some((byte, i) => byte !== page[i]);
    });
}

test('PVI-22 a domain that is freed twice: EINVAL, no call, and the next one of its number lives on', () => {
  const { rig, iommu } = start();
  const gone = got(iommu.allocate());
  assert.is(told(iommu.freeDomain(gone)), 'ok');
  const next = got(iommu.allocate());
  assert.is(next.id, gone.id);
  rig.hypervisor.calls.length = 0;
  assert.is(told(iommu.freeDomain(gone)), 'EINVAL');
  assert.is(told(gone.free()), 'EINVAL');
  assert.equal(rig.hypervisor.codes, []);
  assert.ok(rig.hypervisor.domains.has(next.id));
  assert.is.not(got(iommu.allocate()).id, next.id);
  assert.equal(iommu.state, { devices: 0, pagingDomains: 2, domainIds: 4 });
});

test('PVI-22 a domain that the hypervisor would not delete is not deleted again, and nothing is attached to it', () => {
  const { rig, iommu } = start();
  const device = got(iommu.add(FN));
  const lost = got(iommu.allocate());
  rig.hypervisor.refuse = ({ code }) => (code === 0xc5 ? 8 : undefined);
  assert.is(told(iommu.freeDomain(lost)), 'EIO');
  rig.hypervisor.refuse = () => undefined;
  rig.hypervisor.calls.length = 0;
  const held = rig.frames.inUse.size;
  assert.is(told(iommu.freeDomain(lost)), 'EINVAL');
  assert.is(told(iommu.attach(device, lost)), 'EINVAL');
  assert.is(told(lost.map(BASE, 0x5000, PAGE)), 'EINVAL');
  assert.equal(rig.hypervisor.codes, []);
  assert.is(rig.frames.inUse.size, held);
  assert.is.not(got(iommu.allocate()).id, lost.id);
});

for (const detachFirst of [false, true])
  test(`PVI-24 an attach to a freed domain: EINVAL, the device stays where it is (detachFirst ${detachFirst})`, () => {
    const rig = new PvRig();
    const iommu = rig.started({ defaultDomain: 'identity', detachFirst });
    const device = got(iommu.add(FN));
    const gone = got(iommu.allocate());
    got(iommu.freeDomain(gone));
    const next = got(iommu.allocate());
    rig.hypervisor.calls.length = 0;
    assert.is(told(iommu.attach(device, gone)), 'EINVAL');
    assert.equal(rig.hypervisor.codes, []);
    assert.is(device.attached, iommu.identity);
    assert.is(rig.hypervisor.attachedTo.get(DEVICE_ID), iommu.identity.id);
    assert.is(gone.devices.size + next.devices.size, 0);
  });

test('PVI-22 the tables of a freed domain are nobody’s: no map, unmap, find or flush reads, writes or names them', () => {
  const { rig, iommu } = start();
  const gone = got(iommu.allocate());
  assert.ok(gone.map(BASE, 0x5000, 4 * PAGE).ok);
  got(iommu.freeDomain(gone));
  const changed = occupy(rig, 8, gone.table.rootFrame);
  rig.hypervisor.calls.length = 0;
  assert.is(told(gone.map(BASE + 0x10_0000n, 0x9000, PAGE)), 'EINVAL');
  assert.is(gone.unmap(BASE, 4 * PAGE), 0);
  assert.is(gone.find(BASE), undefined);
  const later = new FlushGather();
  later.add(1, 1);
  gone.sync(later);
  gone.flushAll();
  assert.equal(changed(), []);
  assert.equal(rig.hypervisor.codes, []);
});

for (const lost of [false, true])
  test(`PVI-36 tables that waited for a flush when their domain ${lost ? 'was lost are kept' : 'ended go back'}`, () => {
    const { rig, iommu } = start();
    const held = rig.frames.inUse.size;
    const domain = got(iommu.allocate(0x1000n));
    assert.ok(domain.map(BASE, 0x10_0000, 512 * PAGE).ok);
    const [one, two] = [new FlushGather(), new FlushGather()];
    domain.unmap(BASE, 256 * PAGE, one);
    domain.unmap(BASE + 0x10_0000n, 256 * PAGE, two);
    assert.ok(domain.map(BASE + (1n << 30n), 0x10_0000, 512 * PAGE).ok);
    domain.unmap(BASE + (1n << 30n), 512 * PAGE, one);
    assert.is(one.tables.length + two.tables.length > 0, true);
    if (lost) rig.hypervisor.refuse = ({ code }) => (code === 0xc5 ? 8 : undefined);
    assert.is(told(iommu.freeDomain(domain)), lost ? 'EIO' : 'ok');
    const waiting = one.tables.length + two.tables.length;
    rig.hypervisor.calls.length = 0;
    domain.sync(one);
    domain.flushAll(two);
    assert.equal(rig.hypervisor.codes, []);
    assert.is(domain.leakedTables, lost ? waiting : 0);
    if (!lost) assert.is(rig.frames.inUse.size, held);
    assert.is(rig.codes('error').includes('pviommu-not-flushed'), lost);
  });

for (const dmaMode of ['strict', 'lazy'] as const)
  test(`PVI-27 ${dmaMode}: a driver that maps and unmaps behind the release: ENODEV, EINVAL, and no page of others changes`, () => {
    const rig = new PvRig();
    const iommu = rig.started({ dmaMode });
    const device = got(iommu.add(FN));
    const mapping = iommu.mappingOf(device)!;
    const iova = got(mapping.map(0x5000, PAGE));
    const addresses = got(mapping.mapPages([7, 8], true));
    mapping.unmap(got(mapping.map(0x9000, PAGE)));
    const root = mapping.domain.table.rootFrame;
    assert.is(told(iommu.release(device)), 'ok');
    const changed = occupy(rig, 8, root);
    rig.hypervisor.calls.length = 0;
    assert.is(told(mapping.map(0x9000, PAGE)), 'ENODEV');
    assert.is(told(mapping.mapPages([9], true)), 'ENODEV');
    assert.is(told(mapping.unmap(iova)), 'EINVAL');
    mapping.unmapPages(addresses);
    mapping.flush();
    rig.queue.drain();
    assert.equal(changed(), []);
    assert.equal(rig.hypervisor.codes, []);
  });

test('another default domain ends what the driver mapped with before', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const device = got(iommu.add(FN));
  const before = iommu.mappingOf(device)!;
  got(iommu.changeDefault(device, 'paging'));
  assert.is(told(before.map(0x5000, PAGE)), 'ENODEV');
  assert.ok(iommu.mappingOf(device)!.map(0x5000, PAGE).ok);
});

test('the default domain of a device that is elsewhere is freed: its driver maps nothing, the release makes no second delete', () => {
  const rig = new PvRig();
  const iommu = rig.started({ dmaMode: 'lazy' });
  const device = got(iommu.add(FN));
  const mapping = iommu.mappingOf(device)!;
  mapping.unmap(got(mapping.map(0x5000, PAGE)));
  got(iommu.attach(device, iommu.identity));
  got(iommu.freeDomain(mapping.domain));
  rig.hypervisor.calls.length = 0;
  assert.is(told(mapping.map(0x5000, PAGE)), 'EINVAL');
  rig.queue.drain();
  got(iommu.release(device));
  assert.equal(rig.hypervisor.codes, ['b2']);
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
  assert.is(rig.frames.inUse.size, 0);
});

test('PVI-23 a function that is there already: EEXIST, no call, and the first device can be released', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const device = got(iommu.add(FN));
  rig.hypervisor.calls.length = 0;
  assert.is(told(iommu.add(FN)), 'EEXIST');
  assert.is(told(iommu.probe(FN)), 'EEXIST');
  assert.equal(rig.hypervisor.codes, []);
  assert.is(iommu.deviceOf(FN), device);
  assert.ok(iommu.release(device).ok);
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
  assert.ok(iommu.add(FN).ok);
});

test('PVI-27 a released device: ENODEV for whatever moves it, no call, no domain left behind', () => {
  const rig = new PvRig();
  const iommu = rig.started();
  const gone = got(iommu.add(FN));
  got(iommu.release(gone));
  const before = rig.hypervisor.calls.length;
  const moves = () => [
    told(iommu.attach(gone, iommu.identity)),
    told(iommu.changeDefault(gone, 'paging')),
    told(iommu.release(gone)),
  ];
  assert.equal(moves(), ['ENODEV', 'ENODEV', 'ENODEV']);
  assert.is(rig.hypervisor.calls.length, before);
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
  // The same function again is another device.
  const device = got(iommu.add(FN));
  assert.equal(moves(), ['ENODEV', 'ENODEV', 'ENODEV']);
  assert.is(iommu.deviceOf(FN), device);
  assert.is(device.attached, iommu.defaultOf(device));
  assert.equal(rig.lines, []);
});

test.run();
