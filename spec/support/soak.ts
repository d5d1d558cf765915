// A trace of 512 MiB through the decoder: every record comes out, and memory stays where it was.
//
// Then hypercall pages claimed by several Workers, every byte of every area checked.
//
// Then packets through rings between two Workers, content, order and signals checked.
//
// Then the races of the virtual PCI driver in many interleavings each, with nothing left behind after any.
//
// Then sequences of maps and unmaps: driver, hypervisor and DMA agree after each.
//
//   npm run soak                 512 MiB, 1,000,000 claims, 10,000,000 packets, 1,000 interleavings of each race, 100,000 sequences
//   npm run soak -- --mib 64 --claims 100000 --packets 1000000 --races 100
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { compareThreeWays } from '../rig/iommu/three-way.js';
import { soakPages } from './soak-pages.js';
import { runRaces } from './soak-races.js';
import { soakRing } from './soak-ring.js';
import { soak } from './soak-trace.js';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '512' },
    claims: { type: 'string', default: '1000000' },
    packets: { type: 'string', default: '10000000' },
    races: { type: 'string', default: '1000' },
    maps: { type: 'string', default: '100000' },
  },
});
const started = performance.now();
const found = soak(Number(values.mib) * 2 ** 20, (text) => console.log(text));
const seconds = (performance.now() - started) / 1000;
assert.equal(found.records, found.lines, 'records');
assert.ok(found.peakHeapMiB < 256, `the heap grew to ${found.peakHeapMiB} MiB`);
console.log(
  `${found.records} records, ${found.mib} MiB, ${found.linked} with links, heap at most ${found.peakHeapMiB} MiB, ${seconds.toFixed(1)} s`,
);

const pagesStarted = performance.now();
const { claimed, refused } = await soakPages(Number(values.claims));
const pagesSeconds = (performance.now() - pagesStarted) / 1000;
console.log(`${claimed} hypercall pages claimed, ${refused} refused, ${pagesSeconds.toFixed(1)} s`);

await soakRing(Number(values.packets), 1, (text) => console.log(text));
console.log(`${runRaces(Number(values.races), (text) => console.log(text)).interleavings} interleavings of races`);

compareThreeWays(Number(values.maps));
console.log(`${values.maps} sequences of maps and unmaps: driver, hypervisor and DMA agree`);
