import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FunctionConfig } from '../../../src/guest/pci/function-config.js';
import { atsOf } from '../../../src/guest/pv-iommu/ats.js';
import { DOMAIN, got, PvRig } from './rig.js';

const ats = suite('pvIOMMU: ATS capability');

/** Configuration space with dwords and words where they were put; zeros elsewhere. */
function space(dwords: Record<number, number>): {
  config: FunctionConfig;
  words: Map<number, number>;
  reads: number[];
} {
  const words = new Map<number, number>();
  const reads: number[] = [];
  const access = {
    read: (_devfn: number, where: number, size: 1 | 2 | 4) => {
      reads.push(where);
      return size === 4 ? (dwords[where] ?? 0) : (words.get(where) ?? 0);
    },
    write: (_devfn: number, where: number, _size: 1 | 2 | 4, value: number) => void words.set(where, value),
  };
  return { config: new FunctionConfig(access, 0), words, reads };
}

ats('PVI-26 the capability is found along the list, its enable bit is turned', () => {
  const { config, words } = space({ 256: 0x14810001, 328: 0x1b01000f });
  const found = atsOf(config)!;
  assert.not(found.isOn);
  found.set(true);
  assert.equal([...words], [[0x14e, 0x8000]]);
  assert.ok(found.isOn);
  found.set(false);
  assert.not(found.isOn);
});

for (const [what, dwords] of [
  ['no extended space', { 256: 0xffffffff }],
  ['nothing in it', {}],
  ['no ATS', { 256: 0x00010001 }],
  ['a list in a circle', { 256: 0x20010001, 512: 0x10010002 }],
  ['a list that leads out of it', { 256: 0x04010001, 64: 0x0001000f }],
] as const)
  ats(`PVI-26 ${what}: no switch`, () => assert.is(atsOf(space(dwords).config), undefined));

ats('PVI-26 configuration is read only when the IOMMU has ATS, and the device gets it with its domain', () => {
  for (const [cap, on] of [
    [0x25n, true],
    [5n, false],
  ] as const) {
    const rig = new PvRig();
    rig.has({ iommu_cap: cap });
    const iommu = rig.started();
    const { config, words, reads } = space({ 256: 0x0001000f });
    let add: Parameters<Parameters<typeof iommu.follow>[0]['onAdd']>[0] | undefined;
    iommu.follow({
      onAdd: (notifier) => {
        add = notifier;
      },
    });
    const fn = { domain: DOMAIN, devfn: 0, config };
    add?.(fn);
    assert.is(words.get(0x106), on ? 0x8000 : undefined);
    assert.is(reads.length > 0, on);
    got(iommu.changeDefault(iommu.deviceOf(fn)!, 'blocked'));
    assert.is(words.get(0x106), on ? 0 : undefined);
  }
});

ats.run();
