import { suite } from 'uvu';
import { compareThreeWays } from './three-way.js';

const ways = suite('rig: the driver tree, the hypervisor map and DMA');

ways('IOMMU-67, IOMMU-75: they agree after any sequence, with early completion, refusals and little memory', () => {
  compareThreeWays(400);
});

ways.run();
