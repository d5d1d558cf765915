import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareThreeWays } from './three-way.js';

const ways = suite('rig: the driver tree, the hypervisor map and DMA');

ways('IOMMU-67, IOMMU-75: they agree after any sequence, with early completion, refusals and little memory', () => {
  compareThreeWays(400);
});

const REACHED = [
  'map: done',
  'map: EEXIST',
  'map: ENOMEM',
  'map: b3 failed',
  'map: 48 failed',
  'map: b4 failed',
  'map: iommu-rollback-incomplete',
  'unmap: b4 failed',
  'unmap: iommu-partial-unmap',
  'attach: b2 failed',
  'attach: 82 failed',
  'attach: c4 failed',
  'attach: iommu-device-without-domain',
  'detach: c4 failed',
  'alloc: b1 failed',
  'free: c5 failed',
  'free: iommu-domain-busy',
];

ways('IOMMU-36, IOMMU-39, IOMMU-48, DEP-04: the sequences come to roll-backs, deposits and attaches that fail', () => {
  const reached = compareThreeWays(400, 3);
  assert.equal(
    REACHED.filter((what) => !reached.has(what)),
    [],
  );
});

ways.run();
