import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/event.js';
import { compareRootDriver, type RootSessionOptions } from '../../../src/rig/compare/compare-root.js';
import { hexOfRuns } from '../../support/word-runs.js';
import { lineOf } from './recordings.js';

// Sessions that no recording of the fixtures has, written by hand from what is known of the drivers' bytes: that the comparison
// can be made of them, and that our driver in that generation sends the same.
const SELF = 'ffffffffffffffff';
const NO_VTL = '0000000000000000';
const PCI_ID = '1800000000000040';
const GUEST = '4200000000000000';
const DETACH = ['0xc4', `${SELF}${PCI_ID}`] as const;
const ATTACH_NULL = ['0xb2', `${SELF}${NO_VTL}00000000ffffffff${PCI_ID}`] as const;
const ATTACH_DEFAULT = ['0xb2', `${SELF}${NO_VTL}0000000000000000${PCI_ID}`] as const;
const MAP_HEAD = `${SELF}${NO_VTL}0000000001000000${'00000000'}${'03000000'}`;
const UNMAP_HEAD = `${SELF}${NO_VTL}0000000001000000`;

type Line = string | readonly [control: string, input: string, result?: string, first?: string, count?: number];

/** Notes as text, calls as control word, input, result and a list of pages that follow each other. */
function eventsOf(lines: readonly Line[]): Event[] {
  return lines.map((line, n): Event => {
    if (typeof line === 'string') return { n, k: 'marker', text: line };
    const [control, input, result = '0x0', first, count = 0] = line;
    const list = first === undefined ? '' : hexOfRuns([[first, count]]);
    return { n, k: 'hypercall', control, in: `${input}${list}`, result };
  });
}

function compareSession(events: readonly Event[], options: RootSessionOptions) {
  const found = compareRootDriver(events, options);
  return { ...found, differences: found.differences.map(lineOf) };
}

const BOOT = ['group 2 type identity devices 0000:00:03.0  resv ', ATTACH_DEFAULT] as const;
const BOUND = '0000:00:03.0 driver vfio-pci';
/** A container with a domain of its own, and its end. */
const OPENED: readonly Line[] = [
  ...BOOT,
  BOUND,
  DETACH,
  ATTACH_NULL,
  ['0xb1', `${SELF}${NO_VTL}000000000100000001000000`],
  DETACH,
  ['0xb2', `${SELF}${NO_VTL}0000000001000000${PCI_ID}`],
  'vfio iommu set',
];
const CLOSED: readonly Line[] = [
  'vfio closing',
  DETACH,
  ATTACH_NULL,
  ['0xc5', `${SELF}${NO_VTL}0000000001000000`],
  DETACH,
  ATTACH_DEFAULT,
];

const others = suite('root IOMMU: sessions of other drivers');

others(
  'IOMMU-32: third version, a domain; 4,096 pages unmapped at once are refused, and VFIO hears that all is well',
  () => {
    const maps = Array.from({ length: 9 }, (_, i): Line => {
      const count = i < 8 ? 507 : 40;
      const iova = 0x2_0000_0000 + i * 507 * 4096;
      const low = (iova >>> 0).toString(16).padStart(8, '0').match(/../g)!.reverse().join('');
      const control = `0x${count.toString(16)}000000b3`;
      const first = `0x${(0x2400 + i * 507).toString(16)}`;
      return [control, `${MAP_HEAD}${low}02000000`, `0x${count.toString(16)}00000000`, first, count];
    });
    const lines: Line[] = [
      ...OPENED,
      ...maps,
      'vfio map iova 0x200000000 size 0x1000000 pages 4096 rw -> 0 ',
      ['0x1000000000b4', `${UNMAP_HEAD}0000000002000000`, '0x3'],
      'vfio unmap iova 0x200000000 size 0x1000000 -> 0 , unmapped 0x1000000',
      ...CLOSED,
    ];
    const options = { generation: 'v3', habits: 'v3' } as const;
    const { differences, calls } = compareSession(eventsOf(lines), options);
    assert.equal(differences, []);
    assert.is(calls, 21);
    const ours = compareSession(eventsOf(lines), { generation: 'v3' }).differences;
    assert.equal(
      ours.map((line) => line.replace(/ f{16}.*/, '')),
      ['+ fff000000b4', '+ 1000000b4', '- #19 1000000000b4'],
    );
  },
);

others('IOMMU-26, IOMMU-35: third version, the device given to a partition: no map is called', () => {
  const lines: Line[] = [
    ...BOOT,
    BOUND,
    DETACH,
    ATTACH_NULL,
    DETACH,
    ['0x82', `${GUEST}${PCI_ID}0100000000000000${'1800000000000000'}0000000000000000`],
    'vfio iommu set',
    'vfio map iova 0x10000 size 0x1000 pages 1 rw -> 0 ',
    'vfio map iova 0x20000 size 0x10000 pages 16 ro -> 0 ',
    'vfio unmap iova 0x10000 size 0x1000 -> 0 , unmapped 0x1000',
    'vfio closing',
    ['0x83', `${GUEST}1800000000000000`],
    ATTACH_NULL,
    DETACH,
    ATTACH_DEFAULT,
  ];
  assert.equal(compareSession(eventsOf(lines), { generation: 'v3' }).differences, []);
});

others('IOMMU-31, IOMMU-34: L1VH: attach and detach alone, with a page for the partition when it asks', () => {
  const id = 'c0424ba800000000';
  const attach = `${GUEST}${id}0100000000000000${id}0000000000000000`;
  const lines: Line[] = [
    'group 0 type identity devices a84b:00:00.0  resv ',
    'a84b:00:00.0 driver vfio-pci',
    ['0x82', attach, '0xb'],
    ['0x100000048', GUEST, '0x100000000', '0x4711', 1],
    ['0x82', attach],
    'vfio iommu set',
    'vfio map iova 0x40000000 size 0x1000000 pages 4096 rw -> 0 ',
    'vfio closing',
    ['0x83', `${GUEST}${id}`],
  ];
  const { differences, calls } = compareSession(eventsOf(lines), { generation: 'v3', flavour: 'l1vh' });
  assert.equal(differences, []);
  assert.is(calls, 4);
});

others('IOMMU-45: a list over the end of its page, and the call without reps behind it', () => {
  const lines: Line[] = [
    ...OPENED,
    ['0x1fc000000b3', `${MAP_HEAD}0000004200000000`, '0x4', '0x800', 508],
    ['0xb4', `${UNMAP_HEAD}0000004200000000`, '0x3'],
    'vfio map iova 0x42000000 size 0x1fc000 pages 508 rw -> -1 ',
    ...CLOSED,
  ];
  assert.equal(compareSession(eventsOf(lines), { generation: 'v3', habits: 'unlimited' }).differences, []);
});

others.run();
