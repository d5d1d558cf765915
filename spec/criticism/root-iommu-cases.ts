import { row, type TraceRow } from './trace-row.js';

const LISTS = 'criticism/s1-lists';
const MAPS = 'criticism/s1-maps';
const BOOKS = 'criticism/s1-root-iommu';
const UNMAPS = 'criticism/s1-unmaps';
const PAGING = 'guest/root-iommu/paging';

/** Cases of the root IOMMU that criticism asked for. */
export const CASES: readonly TraceRow[] = [
  row('a', 'a detach call fails: the count stays, a free is refused', 'IOMMU-39 IOMMU-24', [
    BOOKS,
    'IOMMU-39 IOMMU-24 IOMMU-29: a detach that fails changes no book, and the domain is not freed',
  ]),
  row(
    'b',
    'first, second, last entry of a skip list, and a malformed one',
    'IOMMU-12',
    [LISTS, 'IOMMU-12: every entry of a skip list is read, up to the first malformed one'],
    ['guest/root-iommu/skip-list', 'IOMMU-12, IOMMU-10: the … entry is skipped'],
    ['guest/root-iommu/skip-list', 'IOMMU-11, IOMMU-12, IOMMU-13: …'],
  ),
  row(
    'c',
    '508 pages and more',
    'IOMMU-45',
    [MAPS, 'IOMMU-45: a page list ends inside of its page, and a count has room in 12 bits'],
    [PAGING, 'IOMMU-44, IOMMU-45: … pages take … map calls, the fewest unmap calls, and no page twice'],
  ),
  row(
    'd',
    'memory is asked for in the middle of a batch, then not any more, then without end',
    'IOMMU-47 DEP-05 DEP-06',
    [MAPS, 'IOMMU-47 DEP-05 DEP-06: memory that is given is used, what a deposit says is told, and giving has an end'],
    [PAGING, 'IOMMU-47, DEP-05: memory asked for in the middle of a batch is given, and the map goes on from there'],
    [PAGING, 'DEP-06: a host that only ever asks is given up with ENOMEM, and nothing stays'],
  ),
  row(
    'e',
    'the errno of a deposit that fails',
    'IOMMU-47',
    [MAPS, 'IOMMU-47 DEP-05 DEP-06: memory that is given is used, what a deposit says is told, and giving has an end'],
    [PAGING, 'IOMMU-47: a deposit that fails gives its own errno (the seed gave the one of the map)'],
  ),
  row(
    'f',
    'a roll-back of 2 MiB pages',
    'IOMMU-48',
    [
      MAPS,
      'IOMMU-48: a map of 2 MiB pages that fails takes back the 4 KiB pages that were mapped, no more and no fewer',
    ],
    [PAGING, 'IOMMU-48: a map of pages of … that fails takes back the 4 KiB pages that were done'],
  ),
  row(
    'g',
    'an unmap of part of a mapping, from either end, refused and split',
    'IOMMU-56',
    [UNMAPS, 'IOMMU-56: an unmap of the head of a mapping forgets no page that a device still reaches'],
    [PAGING, 'IOMMU-56: of a mapping … alone is refused with 0 and changes nothing'],
    [PAGING, 'IOMMU-56: of a mapping … alone with splitting on is cut out'],
  ),
  row(
    'h',
    'no progress',
    'COM-08',
    [MAPS, 'COM-08: a hypervisor that says success and does nothing ends the map'],
    [PAGING, 'COM-08: a hypervisor that says success and does nothing is EIO, for map and unmap'],
  ),
  row(
    'i',
    'a free with mappings in the tree',
    'IOMMU-25',
    [UNMAPS, 'IOMMU-25: the free of a domain with mappings leaves no node of its tree, in one call'],
    [
      'guest/root-iommu/domains',
      'IOMMU-25: free drops every mapping without unmapping and deletes once; a number that may live on is kept',
    ],
  ),
  row('j', 'hooks that run in the registration see the identity domain', 'IOMMU-03', [
    BOOKS,
    'IOMMU-03: whoever finds the driver finds it ready: in the hook of its entry and in that of its registration',
  ]),
  row(
    'k',
    'a registration that fails leaves no entry',
    'IOMMU-04',
    [BOOKS, 'IOMMU-04: a registration that fails takes the entry away'],
    [
      'guest/root-iommu/start',
      'IOMMU-04: a registration that fails takes the entry away again; an entry that fails is the end',
    ],
  ),
  row(
    'l',
    'two attaches in a row without a detach',
    'IOMMU-32',
    [BOOKS, 'IOMMU-32 IOMMU-41: two attaches in a row without a detach: one call each, counted in one place'],
    [
      'guest/root-iommu/attach',
      'IOMMU-32: two attaches in a row without a detach; the older drivers detach before each but the first',
    ],
  ),
  row(
    'm',
    'domain ids wrap',
    'IOMMU-22',
    [
      LISTS,
      'IOMMU-22: numbers of domains: two that live never share one, none is 0 or all ones, and they do not run out',
    ],
    [
      'guest/root-iommu/domains',
      'IOMMU-22: numbers are those of live domains; none is 0 or all ones; exhaustion is a failure',
    ],
  ),
];
