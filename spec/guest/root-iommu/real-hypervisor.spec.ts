import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DRIVER_GENERATIONS, type DriverGeneration } from '../../../src/guest/root-iommu/driver-generation.js';
import { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import { RootIommu } from '../../../src/guest/root-iommu/root-iommu.js';
import { type IommuOptions, RECORDED_RULES, USUAL_RULES } from '../../../src/hypervisor/iommu/iommu-options.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';
import { VfioContainer } from '../../../src/rig/compare/vfio-container.js';
import { makeRootMachine } from '../../support/root-machine.js';
import { errnoOf, gained, pagesOf, QUIET_CORE } from './rig.js';

const GUEST = 0x42n;
const IOVA = 0x4001_0000n;
const FIRST_FRAME = 0x1e00;
const frames = Array.from({ length: 4096 }, (_, i) => FIRST_FRAME + i);
const memory = SharedGuestMemory.create(0x2000 * 4096);

/** A driver on our hypervisor, and what is logged. */
function make(generation: DriverGeneration, flavour: 'root' | 'l1vh', iommu: IommuOptions) {
  const lines: string[] = [];
  const log = (line: { code: string; level: string }) => {
    if (line.level === 'error') lines.push(line.code);
  };
  const codes: number[] = [];
  const through = (gate: CpuGate): CpuGate => {
    const hypercall = gate.hypercall.bind(gate);
    gate.hypercall = (lo, hi, input, output) => {
      codes.push(lo & 0xffff);
      hypercall(lo, hi, input, output);
    };
    return gate;
  };
  const { partition, machine } = makeRootMachine({
    memory,
    isRoot: flavour === 'root',
    continuation: 'partial',
    iommu: { devices: () => true, guestPartitions: [GUEST], isL1vh: flavour === 'l1vh', ...iommu },
    log,
    through,
  });
  const options = { flavour, directAttach: flavour === 'l1vh', ...DRIVER_GENERATIONS[generation] };
  const driver = new RootIommu(machine, options);
  assert.is(errnoOf(driver.init(QUIET_CORE)), undefined);
  const device = new IommuDevice({ segment: 0, bus: 0, device: 3, function: 0 });
  const id = flavour === 'root' ? device.deviceId : device.logicalId;
  const reaches = (iova: bigint): boolean => partition.iommu!.dma.access(id, iova, 8, 'write').ok;
  return { driver, device, partition, reaches, lines, codes };
}

/** Hosts that a session comes through all the same. */
const HOSTS = [
  ['usual', { rules: USUAL_RULES }],
  ['recorded', { rules: RECORDED_RULES }],
  ['in parts', { rules: RECORDED_RULES, maxRepsPerCall: 100 }],
  ['without memory', { rules: RECORDED_RULES, poolPages: 0, pagesPerTable: 70, maxRepsPerCall: 100 }],
] as const;

const real = suite('root IOMMU: on our hypervisor');

for (const generation of ['newest', 'v3'] as const)
  for (const [host, options] of HOSTS)
    real(
      `IOMMU-33, IOMMU-47, IOMMU-75: ${generation}, ${host} host: devices see what their domain has, and nothing else`,
      () => {
        const { driver, device, partition, reaches, lines, codes } = make(generation, 'root', options);
        assert.is(errnoOf(driver.attach(driver.identity, device)), undefined);
        assert.ok(reaches(0x5000n), 'identity');
        const user = VfioContainer.open(driver, [device], () => driver.allocPaging())!;
        assert.not(reaches(IOVA));
        assert.ok(user.map(IOVA, frames, true));
        assert.ok(user.map(0x7f_0000_0000n, frames.slice(0, 1015), false));
        assert.ok(reaches(IOVA) && reaches(IOVA + 4095n * 4096n));
        assert.not(reaches(IOVA + 4096n * 4096n));
        assert.not(reaches(0x7f_0000_0000n), 'read only');
        assert.is(user.unmap(IOVA), 4096);
        assert.not(reaches(IOVA));
        user.close();
        assert.ok(reaches(0x5000n));
        assert.equal(lines, []);
        // One page for the domain; four times 256 for 14 tables of 70.
        assert.is(codes.filter((code) => code === 0x48).length, host === 'without memory' ? 5 : 0);
        assert.is(partition.iommu!.domains.list().filter(({ id }) => id !== 0 && id !== 0xffffffff).length, 0);
      },
    );

for (const flavour of ['root', 'l1vh'] as const)
  real(
    `IOMMU-26, IOMMU-31, IOMMU-35: third version, ${flavour}: the device is a partition’s while it is in its domain`,
    () => {
      const { driver, device, partition, lines } = make('v3', flavour, { pagesPerAttachment: 1 });
      assert.is(errnoOf(driver.attach(driver.identity, device)), undefined);
      const given = () => {
        const id = flavour === 'root' ? device.deviceId : device.logicalId;
        const place = partition.iommu!.domains.places.of(id);
        return place.kind === 'direct' ? place.attachment : undefined;
      };
      const user = VfioContainer.open(driver, [device], () => driver.allocDirect(GUEST))!;
      assert.equal(given(), { partitionId: GUEST, logicalId: 0x18n });
      assert.ok(user.map(IOVA, frames, true));
      user.close();
      assert.is(given(), undefined);
      assert.equal(lines, []);
      const other = gained(driver.allocDirect(0x43n));
      assert.is.not(errnoOf(driver.attach(other, device)), undefined, 'no partition of ours');
      assert.is(given(), undefined);
    },
  );

real('IOMMU-48: a page that is refused: nothing of its map is left', () => {
  for (const at of [0, 1, 506, 507, 1000]) {
    const page = Number(IOVA >> 12n) + at;
    const { driver, device, reaches } = make('newest', 'root', {
      failAt: (point) => (point.code === 0xb3 && point.page === page ? 0x05 : undefined),
    });
    const domain = gained(driver.allocPaging());
    driver.attach(domain, device);
    assert.equal(driver.map(domain, pagesOf(IOVA, 0x1e0_0000n, 1014)), { errno: 'EINVAL', mapped: 0n });
    for (let i = 0n; i < 1014n; i++) assert.not(reaches(IOVA + i * 4096n));
    assert.is(domain.tree.size, 0);
  }
});

real.run();
