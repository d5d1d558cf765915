import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DRIVER_GENERATIONS } from '../../../src/guest/root-iommu/driver-generation.js';
import type { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import type { IommuDomain } from '../../../src/guest/root-iommu/iommu-domain.js';
import { RootIommu } from '../../../src/guest/root-iommu/root-iommu.js';
import { CODES } from './fake-hypervisor.js';
import { bareRig, errnoOf, gained, nvme, pagesOf, QUIET_CORE, type Rig, rig } from './rig.js';

// Bytes written by hand from what the recorded drivers sent; the device is 00:03.0.
const SELF = 'ffffffffffffffff';
const NO_VTL = '0000000000000000';
const PCI_ID = '1800000000000040';
const LOGICAL_ID = '1800000000000000';
const GUEST = '4200000000000000';

const CAPABILITIES = `125 ${SELF}0000000000000000`;
const ATTACH_DEFAULT = `b2 ${SELF}${NO_VTL}0000000000000000${PCI_ID}`;
const ATTACH_NULL = `b2 ${SELF}${NO_VTL}00000000ffffffff${PCI_ID}`;
const CREATE_1 = `b1 ${SELF}${NO_VTL}000000000100000001000000`;
const ATTACH_1 = `b2 ${SELF}${NO_VTL}0000000001000000${PCI_ID}`;
const DELETE_1 = `c5 ${SELF}${NO_VTL}0000000001000000`;
const DETACH = `c4 ${SELF}${PCI_ID}`;
const ATTACH_GUEST = `82 ${GUEST}${PCI_ID}0100000000000000${LOGICAL_ID}0000000000000000`;
const DETACH_GUEST = `83 ${GUEST}${LOGICAL_ID}`;
const MAP_RW = `1000000b3 ${SELF}${NO_VTL}0000000001000000${'00000000'}${'03000000'}0000010000000000${'7e19000000000000'}`;
const MAP_RO = `1000000b3 ${SELF}${NO_VTL}0000000001000000${'00000000'}${'01000000'}0000020000000000${'8219000000000000'}`;
const UNMAP_RW = `1000000b4 ${SELF}${NO_VTL}0000000001000000${'0000010000000000'}`;
const UNMAP_RO = `1000000b4 ${SELF}${NO_VTL}0000000001000000${'0000020000000000'}`;

function callsOf({ hv }: Pick<Rig, 'hv'>): string[] {
  return hv.made.map(({ control, input }) => `${BigInt(control).toString(16)} ${input}`);
}

/** A driver that found a device at boot, its calls so far kept. */
function booted(generation: keyof typeof DRIVER_GENERATIONS): Rig & { device: IommuDevice } {
  const bare = bareRig();
  const iommu = new RootIommu(bare.machine, { flavour: 'root', ...DRIVER_GENERATIONS[generation] });
  assert.ok(iommu.init(QUIET_CORE).ok);
  const device = nvme();
  assert.is(errnoOf(iommu.probe(device)), undefined);
  assert.is(errnoOf(iommu.attach(iommu.identity, device)), undefined);
  return { ...bare, iommu, device };
}

/** What a VFIO user makes the core do from opening the group to closing it, with one mapping left to the end. */
function session({ iommu, device }: Rig & { device: IommuDevice }, make: () => IommuDomain): void {
  iommu.attach(iommu.blocked, device);
  const domain = make();
  iommu.attach(domain, device);
  iommu.map(domain, pagesOf(0x10000n, 0x197e000n, 1));
  iommu.map(domain, pagesOf(0x20000n, 0x1982000n, 1, false));
  iommu.unmap(domain, 0x10000n, 4096, 1);
  iommu.attach(iommu.blocked, device);
  iommu.unmap(domain, 0x20000n, 4096, 1);
  assert.is(errnoOf(iommu.free(domain)), undefined);
  iommu.attach(iommu.identity, device);
}

const generations = suite('root IOMMU: driver generations');

generations(
  'IOMMU-32, IOMMU-33, IOMMU-03: newest: capabilities, default; null, create, domain, maps, unmaps, null, the rest, delete, default',
  () => {
    const r = booted('newest');
    session(r, () => gained(r.iommu.allocPaging()));
    assert.equal(callsOf(r), [
      CAPABILITIES,
      ATTACH_DEFAULT,
      ATTACH_NULL,
      CREATE_1,
      ATTACH_1,
      MAP_RW,
      MAP_RO,
      UNMAP_RW,
      ATTACH_NULL,
      UNMAP_RO,
      DELETE_1,
      ATTACH_DEFAULT,
    ]);
    const [query] = r.hv.made;
    assert.is(query!.outputGpa - query!.inputGpa, 0x1000, 'the output has a page of its own');
  },
);

generations('IOMMU-32: third version: a detach in front of each attach but the first, and no capability query', () => {
  const r = booted('v3');
  assert.is(r.iommu.geometry.end, 0xffff_ffff_ffff_ffffn);
  session(r, () => gained(r.iommu.allocPaging()));
  assert.equal(callsOf(r), [
    ATTACH_DEFAULT,
    DETACH,
    ATTACH_NULL,
    CREATE_1,
    DETACH,
    ATTACH_1,
    MAP_RW,
    MAP_RO,
    UNMAP_RW,
    DETACH,
    ATTACH_NULL,
    UNMAP_RO,
    DELETE_1,
    DETACH,
    ATTACH_DEFAULT,
  ]);
});

generations(
  'IOMMU-26, IOMMU-35, IOMMU-40, IOMMU-49: third version, given to a partition: maps make no call; none but 0x83 precedes the attach behind it',
  () => {
    const r = booted('v3');
    session(r, () => gained(r.iommu.allocDirect(0x42n)));
    assert.equal(callsOf(r), [
      ATTACH_DEFAULT,
      DETACH,
      ATTACH_NULL,
      DETACH,
      ATTACH_GUEST,
      DETACH_GUEST,
      ATTACH_NULL,
      DETACH,
      ATTACH_DEFAULT,
    ]);
  },
);

generations(
  'IOMMU-22, IOMMU-27: numbers are not used again, and domains of partitions spend one in the third version',
  () => {
    for (const [generation, numbers] of [
      ['newest', [1, 2, 3]],
      ['v3', [1, 4, 5]],
    ] as const) {
      const r = booted(generation);
      const made: number[] = [];
      const use = (domain: IommuDomain) => {
        if (domain.kind === 'paging') made.push(domain.id);
        r.iommu.free(domain);
      };
      use(gained(r.iommu.allocPaging()));
      use(gained(r.iommu.allocDirect(0x42n)));
      use(gained(r.iommu.allocDirect(0x42n)));
      use(gained(r.iommu.allocPaging()));
      use(gained(r.iommu.allocPaging()));
      assert.equal(made, numbers);
    }
  },
);

generations(
  'IOMMU-31, IOMMU-35, LDID-03: L1VH: default and null make no call; device and logical id are equal, and no sign is extended',
  () => {
    const bare = bareRig();
    const iommu = new RootIommu(bare.machine, { flavour: 'l1vh', directAttach: true, ...DRIVER_GENERATIONS.v3 });
    assert.ok(iommu.init(QUIET_CORE).ok);
    const device = nvme({ logicalId: 0xa84b42c0n });
    const r = { ...bare, iommu, device };
    iommu.attach(iommu.identity, device);
    session(r, () => gained(iommu.allocDirect(0x42n)));
    const id = 'c0424ba800000000';
    assert.equal(callsOf(r), [`82 ${GUEST}${id}0100000000000000${id}0000000000000000`, `83 ${GUEST}${id}`]);
    assert.is(device.domain, iommu.identity);
    const domain = gained(iommu.allocDirect(0x42n));
    assert.equal(iommu.map(domain, pagesOf(0x10000n, 0x197e000n, 4096)), { mapped: 4096n << 12n });
    assert.equal(callsOf(r).length, 2);
  },
);

generations('a partition’s device has its logical id in interrupt calls, one in a domain its PCI id', () => {
  const r = booted('v3');
  assert.is(r.device.interruptDeviceId, 0x4000000000000018n);
  r.iommu.attach(gained(r.iommu.allocDirect(0x42n)), r.device);
  assert.is(r.device.interruptDeviceId, 0x18n);
  r.iommu.attach(r.iommu.identity, r.device);
  assert.is(r.device.interruptDeviceId, 0x4000000000000018n);
});

generations('DEP-02: 256 pages to partition 1 for a map, one to the partition that a device is given to', () => {
  const r = rig({ ...DRIVER_GENERATIONS.newest, ownPartition: 1n });
  const domain = gained(r.iommu.allocPaging());
  r.hv.made.length = 0;
  r.hv.refuse(CODES.map, 0x0b);
  r.iommu.map(domain, pagesOf(0x10000n, 0x197e000n, 1));
  const [, forMap] = r.hv.made;
  assert.is(forMap!.control, '0x0000010000000048');
  assert.is(forMap!.input.slice(0, 16), '0100000000000000');
  assert.is(forMap!.input.length, 2 * (8 + 256 * 8));

  const l1vh = rig({ ...DRIVER_GENERATIONS.v3, flavour: 'l1vh', directAttach: true, ownPartition: 1n });
  l1vh.hv.refuse(CODES.attachDevice, 0x0b);
  l1vh.iommu.attach(gained(l1vh.iommu.allocDirect(0x42n)), nvme());
  const [first, forAttach, again] = l1vh.hv.made;
  assert.is(forAttach!.control, '0x0000000100000048');
  assert.is(forAttach!.input.slice(0, 16), GUEST);
  assert.is(forAttach!.input.length, 2 * (8 + 8));
  assert.is(again!.input, first!.input);
});

generations('a conventional bridge and the device behind it: the same attach twice, back to back', () => {
  for (const generation of ['newest', 'v3'] as const) {
    const r = rig({ ...DRIVER_GENERATIONS[generation] });
    const bridge = nvme({ isolationGroup: '3' }, 4);
    const requester = { segment: 0, bus: 0, device: 4, function: 0 };
    const behind = nvme({ requester, isolationGroup: '3' }, 6);
    assert.is(r.iommu.groupOf(bridge), r.iommu.groupOf(behind));
    for (const device of [bridge, behind]) assert.is(errnoOf(r.iommu.attach(r.iommu.identity, device)), undefined);
    const call = `b2 ${SELF}${NO_VTL}0000000000000000${'2000000000000040'}`;
    assert.equal(callsOf(r), [call, call]);
    assert.is(r.hv.made[1]!.result, '0x0000000000000066', 'already there: as good as attached here (IOMMU-37)');
    assert.is(r.iommu.identity.numAttached, 2);
  }
});

generations('the host bridge is attached as well, by an id without a number', () => {
  const r = booted('newest');
  r.hv.made.length = 0;
  r.iommu.attach(r.iommu.identity, nvme({}, 0));
  assert.equal(callsOf(r), [`b2 ${SELF}${NO_VTL}0000000000000000${'0000000000000040'}`]);
});

generations.run();
