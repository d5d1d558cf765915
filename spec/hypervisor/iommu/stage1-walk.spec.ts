import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DmaFault } from '../../../src/hypervisor/iommu/dma.js';
import { ALL_PAGE_SIZES, walkStage1 } from '../../../src/hypervisor/iommu/stage1-walk.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import { IommuRig, LOGICAL } from './iommu-rig.js';

const test = suite('first-stage walk (PVI-52)');

const ROOT = 0x4000;

/** Tables that lead page 0 down to `leafLevel`, where `entry` is. */
function tablesOf(levels: 4 | 5, leafLevel: number, entry: bigint): SharedGuestMemory {
  const memory = SharedGuestMemory.create(1 << 20, { kernel: false });
  let table = ROOT;
  for (let level: number = levels; level > leafLevel; level--, table += 0x1000)
    memory.writeU64(table, BigInt(table + 0x1000) | 3n);
  memory.writeU64(table, entry);
  return memory;
}

test('PVI-52 a large page of a size that the capabilities do not have is a bad table', () => {
  for (const [level, bytes, entry] of [
    [1, 0x1000n, 0x4000_0003n],
    [2, 0x20_0000n, 0x4000_0083n],
    [3, 0x4000_0000n, 0x4000_0083n],
  ] as const)
    for (const levels of [4, 5] as const) {
      const memory = tablesOf(levels, level, entry);
      const found = { frame: 0x40000, permissions: 3, span: 512 ** (level - 1) };
      assert.equal(walkStage1(memory, ROOT, levels, 0), found);
      assert.equal(walkStage1(memory, ROOT, levels, 0, bytes), found);
      assert.is(walkStage1(memory, ROOT, levels, 0, ALL_PAGE_SIZES & ~bytes), 'bad table');
    }
});

test('PVI-52 a domain of a guest with 4K pages only has no others', () => {
  for (const [pageSizes, reason] of [
    [0x1000n, 'bad table'],
    [0x20_1000n, undefined],
    [undefined, undefined],
  ] as const) {
    const rig = new IommuRig({ capabilities: pageSizes === undefined ? {} : { pageSizes } }, { isRoot: false });
    rig.memory.writeU64(0x40000, 0x41003n);
    rig.memory.writeU64(0x41000, 0x42003n);
    rig.memory.writeU64(0x42000, 0x83n);
    rig.create({ id: 1, type: 1 });
    rig.configure({ id: 1 }, 1n, 0x40000n);
    rig.attach({ id: 1, type: 1 }, LOGICAL);
    const result = rig.iommu.dma.access(LOGICAL, 0x1_0000n, 4, 'write');
    assert.is(result.ok ? undefined : result.fault.reason, reason);
  }
});

test('PVI-52 tables that lead back to themselves, and out of memory, end where the levels do', () => {
  const memory = SharedGuestMemory.create(1 << 20, { kernel: false });
  for (let slot = 0; slot < 512; slot++) memory.writeU64(ROOT + 8 * slot, BigInt(ROOT) | 3n);
  for (const levels of [4, 5] as const)
    for (const page of [0, 511, 2 ** 36 - 1])
      assert.equal(walkStage1(memory, ROOT, levels, page), { frame: ROOT >> 12, permissions: 3, span: 1 });
  for (const root of [1 << 20, 2 ** 52 - 4096, 2 ** 52 + 8, (1 << 20) - 4096 + 8])
    assert.is(walkStage1(memory, root, 4, 2 ** 36 - 1), 'bad table');
  // The tables of a guest that points them at themselves are those of its root, four times over.
  const faults: DmaFault[] = [];
  const rig = new IommuRig({ onFault: (fault) => void faults.push(fault) }, { isRoot: false, memory });
  rig.create({ id: 1, type: 1 });
  rig.configure({ id: 1 }, 1n, BigInt(ROOT));
  rig.attach({ id: 1, type: 1 }, LOGICAL);
  assert.equal(rig.iommu.dma.access(LOGICAL, 0n, 0x3000, 'read').ok, true);
  memory.clear(ROOT, 0x1000);
  assert.is(rig.iommu.dma.access(LOGICAL, 0x3000n, 1, 'read').ok, false);
  assert.equal(faults, [{ deviceId: LOGICAL, iova: 0x3000n, access: 'read', reason: 'not mapped' }]);
});

test.run();
