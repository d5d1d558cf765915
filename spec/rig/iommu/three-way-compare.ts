import * as assert from 'uvu/assert';
import { hv_device_domain_type } from '../../../src/abi/hv/device-domain.js';
import type { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import type { PagingDomain } from '../../../src/guest/root-iommu/iommu-domain.js';
import type { MappedRun, SecondLevelMap } from '../../../src/hypervisor/iommu/second-level-map.js';
import { GUEST, PAGE, type Rig } from './three-way-rig.js';

/** Pages behind the last one that anything maps. */
const BEHIND = 8;

/** The books and the hypervisor have a device in the same place. */
export function placeOf({ iommu, driver, devices }: Rig, n: number): void {
  const device = devices[n]!;
  const place = iommu.domains.places.of(device.deviceId);
  const { holder } = device;
  if (holder?.kind === 'direct')
    assert.is(place.kind === 'direct' ? place.attachment.partitionId : undefined, GUEST, 'where the device is');
  else {
    const id = place.kind === 'domain' ? place.domain.name.id : -1;
    assert.is(id, (holder ?? driver.identity).id, 'where the device is');
  }
}

/** Every domain: the tree, the map, and what a device reaches that is put into it; then the domains end, and nothing is left. */
export function compareAll(rig: Rig): void {
  const { iommu, driver, devices, slots } = rig;
  for (const n of devices.keys()) placeOf(rig, n);
  const device = devices[0]!;
  for (const domain of slots) {
    if (domain === undefined) continue;
    assert.ok(driver.attach(domain, device).ok, 'a device comes into any domain');
    if (domain.kind === 'paging') compareDomain(rig, domain, device);
    else {
      const read = iommu.dma.access(device.deviceId, 0x5000n, 1, 'write');
      assert.ok(read.ok && read.partitionId === GUEST && read.segments[0]!.gpa === 0x5000, 'the guest’s own memory');
    }
  }
  for (const one of devices) assert.ok(driver.attach(driver.identity, one).ok);
  for (const domain of slots) if (domain !== undefined) assert.ok(driver.free(domain).ok, 'a domain without devices');
}

function compareDomain({ iommu, driver }: Rig, domain: PagingDomain, { deviceId }: IommuDevice): void {
  const theirs = mapOf(iommu, domain)?.runs() ?? [];
  const ours = merged(
    domain.tree
      .all()
      .map(({ start, pages, frame, flags }) => ({ page: start, count: pages, frame, permissions: flags })),
  );
  assert.equal(ours, merged(theirs), 'tree and map');
  const reaches = (page: number, isThere: boolean): void => {
    const iova = BigInt(page * PAGE);
    assert.is(driver.iovaToPhys(domain, iova) !== undefined, isThere, `page ${page}: iova_to_phys`);
    assert.is(iommu.dma.access(deviceId, iova, 1, 'read').ok, isThere, `page ${page}: DMA`);
  };
  let end = 0;
  for (const { page, count, frame, permissions } of ours) {
    const iova = BigInt(page * PAGE);
    const read = iommu.dma.access(deviceId, iova, count * PAGE, 'read');
    const segments = read.ok ? read.segments : [];
    assert.equal(segments, [{ iova, gpa: frame * PAGE, length: count * PAGE }], `page ${page}: what DMA reads`);
    assert.is(iommu.dma.access(deviceId, iova, 1, 'write').ok, permissions > 1, `page ${page}: DMA that writes`);
    assert.is(driver.iovaToPhys(domain, iova), BigInt(frame * PAGE), `page ${page}: iova_to_phys`);
    reaches(page + count - 1, true);
    // That nothing more is mapped is known; that a device sees it so is asked at the ends.
    if (end < page) for (const at of [end, (end + page) >> 1, page - 1]) reaches(at, false);
    end = page + count;
  }
  for (const at of [end, end + BEHIND]) reaches(at, false);
}

/** What the hypervisor maps in a domain; undefined when it has no such domain. */
export function mapOf({ domains }: Rig['iommu'], { id }: { readonly id: number }): SecondLevelMap | undefined {
  const { HV_DEVICE_DOMAIN_TYPE_S2: type } = hv_device_domain_type;
  return domains.find({ partitionId: domains.partitionId, ownerVtl: 0, type, id })?.map;
}

/** Runs as long as they can be. */
function merged(runs: Iterable<MappedRun>): MappedRun[] {
  const found: { page: number; frame: number; count: number; permissions: number }[] = [];
  for (const { page, frame, count, permissions } of runs) {
    const last = found.at(-1);
    const goesOn =
      last !== undefined &&
      last.page + last.count === page &&
      last.frame + last.count === frame &&
      last.permissions === permissions;
    if (goesOn) last.count += count;
    else found.push({ page, frame, count, permissions });
  }
  return found;
}
