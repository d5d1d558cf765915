import { row, type TraceRow } from './trace-row.js';

const S0 = 'criticism/s0-device-id';
const LISTS = 'criticism/s1-lists';
const MAPS = 'criticism/s1-maps';
const BOOKS = 'criticism/s1-root-iommu';
const UNMAPS = 'criticism/s1-unmaps';
const LATER = 'criticism/v0-v3';
const S2 = 'criticism/s2-arm64';
const S3 = 'criticism/s3-iommufd';
const S4 = 'criticism/s4-vpci';
const S4_INTERRUPTS = 'criticism/s4-interrupts';
const TABLE = 'guest/device-id/logical-device-id-table';
const PAGING = 'guest/root-iommu/paging';

/**
 * What reviewers of the Linux series said, subject by subject. S0: logical device ids (April 2026); S1: root IOMMU (January 2026),
 * S1 code: what its code showed later; V0, V3: later versions of it; S2: arm64 virtual PCI (November 2021); S3: iommufd events
 * (December 2024); S4: the text about virtual PCI (February 2024). The first proof of each row has both sides: it holds of ours
 * and fails on what was criticised.
 */
export const CRITICISM: readonly TraceRow[] = [
  row(
    'S0',
    'a symbol of a driver that may be loaded later is used by one that is built in',
    'LDID-10',
    [S0, 'LDID-10: what is built in takes nothing, not even a type, of what may be loaded later'],
    [TABLE, 'LDID-10 LDID-11 LDID-13 a consumer finds the id of any function by domain number'],
  ),
  row(
    'S0',
    'private structures of virtual PCI and VMBus in the IOMMU',
    'LDID-10 LDID-13',
    [S0, 'LDID-10 LDID-13: only integers cross from virtual PCI to the IOMMU, the domain number as the key'],
    [S0, 'LDID-10: what is built in takes nothing, not even a type, of what may be loaded later'],
  ),
  row(
    'S0',
    'the id is pushed too late for the scan of the root bus',
    'LDID-12',
    [S0, 'LDID-12: the prefix is there before the root bus is scanned: each function has its id when it is added'],
    [
      'guest/pv-iommu/vpci-order',
      'PVI-09 E2E-01 LDID-12 …: the function is attached inside the scan, before its driver',
    ],
  ),
  row(
    'S0',
    'no stub where the feature is not configured',
    'LDID-14',
    [S0, 'LDID-14: where the feature is not there, registering does nothing and virtual PCI is the same'],
    ['guest/vpci/probe', 'LDID-10 LDID-14 LDID-15: without a table the bus is the same'],
  ),
  row(
    'S0',
    'no removal, as an entry is replaced (said, and taken back later)',
    'LDID-21 LDID-25',
    [S0, 'LDID-21 LDID-25: a prefix goes with its bus, behind its functions, and none is replaced'],
    [
      'guest/pv-iommu/vpci-order',
      'PVI-25 PVI-27 LDID-25 removal: blocked while the id is still known, then nothing is left',
    ],
  ),
  row(
    'S0',
    'the function number is not known before the scan; slots of the host are not numbers of the scan',
    'LDID-11 VPCI-05',
    [S0, 'LDID-11: the function’s number is put in by whoever knows it: each function of a bus has an id of its own'],
    [S0, 'VPCI-05: slots of the host and numbers of a scan are two things, one for one'],
  ),
  row(
    'S0',
    'a domain number is no unique key: its next owner may be a device of another class',
    'LDID-21 LDID-26 LDID-46',
    [
      S0,
      'LDID-21 LDID-26 LDID-46: a domain number that comes back with another device never leads to the id of the wrong one',
    ],
    ['vsp/vpci/ejection', 'LDID-26 two open buses never have a function of one id and slot'],
  ),
  row(
    'S0',
    'output pages per CPU in child partitions',
    'PVI-40',
    [S0, 'PVI-40 PVI-41: a guest needs no second page per CPU: input and output share one'],
    [
      'guest/pv-iommu/criticised',
      'PVI-40 a second page per CPU for output is not needed: one page does for input and output',
    ],
  ),

  row(
    'S1',
    'the counter goes down though the detach failed, and nothing is left to debug',
    'IOMMU-39 IOMMU-24 IOMMU-29',
    [BOOKS, 'IOMMU-39 IOMMU-24 IOMMU-29: a detach that fails changes no book, and the domain is not freed'],
  ),
  row('S1', 'the wrappers of map and unmap are not alike', 'IOMMU-51', [
    BOOKS,
    'IOMMU-51: what maps and what unmaps have the same names and give the same kind of answer',
  ]),
  row(
    'S1',
    'the status is not told in one of the halves',
    'COM-05 IOMMU-51',
    [BOOKS, 'COM-05 IOMMU-51: a refused call is told with its name and status, in both halves'],
    [BOOKS, 'COM-05: attach and detach tell what was refused, both'],
  ),
  row('S1', 'a static object that a function fills in', 'IOMMU-05', [
    BOOKS,
    'IOMMU-05: what there is one of is complete by its definition, without a function that fills it in',
  ]),
  row('S1', 'user space sees the entry before its object is ready', 'IOMMU-03', [
    BOOKS,
    'IOMMU-03: whoever finds the driver finds it ready: in the hook of its entry and in that of its registration',
  ]),

  row('S1 code', 'the test of the scan is inverted', 'IOMMU-12', [
    LISTS,
    'IOMMU-12: every entry of a skip list is read, up to the first malformed one',
  ]),
  row(
    'S1 code',
    'a page list runs over its page',
    'IOMMU-45',
    [MAPS, 'IOMMU-45: a page list ends inside of its page, and a count has room in 12 bits'],
    [
      'rig/compare/series-habits',
      'IOMMU-45: … pages on one page run over its end, and taking nothing back is a call without reps',
    ],
  ),
  row('S1 code', 'a rep count loses bits', 'IOMMU-44', [MAPS, 'IOMMU-44: a count of pages loses no bits']),
  row('S1 code', 'a deposit and then the way out', 'IOMMU-47', [
    MAPS,
    'IOMMU-47 DEP-05 DEP-06: memory that is given is used, what a deposit says is told, and giving has an end',
  ]),
  row(
    'S1 code',
    'a roll-back in pages of the wrong size',
    'IOMMU-48',
    [
      MAPS,
      'IOMMU-48: a map of 2 MiB pages that fails takes back the 4 KiB pages that were mapped, no more and no fewer',
    ],
    [
      'rig/compare/series-habits',
      'IOMMU-48: page … of … is refused: the newest driver unmaps all of them, ours those that were mapped',
    ],
  ),
  row(
    'S1 code',
    'the completion count is ignored',
    'IOMMU-59',
    [UNMAPS, 'IOMMU-59 IOMMU-60: an unmap gives the bytes that the hypervisor said it unmapped'],
    [
      'rig/compare/series-habits',
      'IOMMU-45, IOMMU-59: the third version unmaps 4,096 pages in one call, is refused, and says that it did',
    ],
  ),
  row('S1 code', 'an unmap of the head of a mapping drops all of it', 'IOMMU-56', [
    UNMAPS,
    'IOMMU-56: an unmap of the head of a mapping forgets no page that a device still reaches',
  ]),
  row('S1 code', 'domain ids are counted without a lock, and wrap', 'IOMMU-22', [
    LISTS,
    'IOMMU-22: numbers of domains: two that live never share one, none is 0 or all ones, and they do not run out',
  ]),
  row('S1 code', 'nodes of a tree leak', 'IOMMU-25', [
    UNMAPS,
    'IOMMU-25: the free of a domain with mappings leaves no node of its tree, in one call',
  ]),

  row('V0', 'the counter’s name does not say what it counts', 'IOMMU-39', [
    LATER,
    'IOMMU-39 IOMMU-41: numAttached is the number of attached devices, and says so by its name',
  ]),
  row('V0', 'ids belong to an allocator', 'IOMMU-22', [
    LATER,
    'IOMMU-22: numbers of domains come from an allocator: a number that was freed can be had again',
  ]),
  row('V0', 'what the option is called, and the thread that decides', 'IOMMU-27', [
    LATER,
    'IOMMU-27: what kind a domain is was said by who made it, and stays so whatever thread works on it',
  ]),
  row('V0', 'that none was attached guarantees nothing', 'IOMMU-39', [
    LATER,
    'IOMMU-24 IOMMU-39: that nobody was attached is no guarantee: who comes behind the free is turned away',
  ]),
  row(
    'V0',
    'DMA and interrupt remapping are two things',
    'IOMMU-27',
    [LATER, 'IOMMU-27: DMA and interrupts are remapped by parts that do not know each other'],
    [LATER, 'IOMMU-27 IOMMU-35: a device that was given to a partition is called otherwise in interrupt calls'],
  ),
  row(
    'V3',
    'direct attach by the alloc for paging, with a partition that can change',
    'IOMMU-26',
    [LATER, 'IOMMU-26: a direct domain has a constructor of its own, its partition for good, and no maps'],
    [
      PAGING,
      'IOMMU-26: identity, blocked and direct domains take no maps; IOMMU-49, IOMMU-62: the legacy mode keeps books',
    ],
  ),

  row('S2', 'a second walk of the hierarchy for the vector', 'ARM-06', [
    S2,
    'ARM-06: the vector is what the interrupt has in the GIC, without another walk through the domains',
  ]),
  row(
    'S2',
    'affinity to all CPUs that are online',
    'ARM-08',
    [S2, 'ARM-08: an interrupt is for one CPU: the first that is present, until someone moves it'],
    [S2, 'ARM-08: where CPUs take turns, each has one, and each is there'],
  ),
  row('S2', 'the delivery mode as an out-parameter', 'ARM-11', [
    S2,
    'ARM-11: the delivery mode is a constant, and nothing that a start gives back',
  ]),
  row(
    'S2',
    'the domain is removed',
    'ARM-12',
    [S2, 'ARM-12: the domain stays when the last bus goes, and with it the SPIs that something may still raise'],
    ['guest/vpci-interrupts/spi-domain', 'ARM-12 a guest has one domain: made once, found later, and never taken away'],
  ),
  row('S2', 'wrappers around affinity and end of interrupt', 'ARM-10', [
    S2,
    'ARM-10 ARM-09 ARM-15: affinity and end of interrupt are those of the parent, with nothing around them',
  ]),
  row('S2', 'a module and abstractions of its own', 'ARM-13', [
    S2,
    'ARM-13: what differs by architecture is two small objects of virtual PCI, and no module of its own',
  ]),

  row(
    'S3',
    'which id is in which report, with a virtual IOMMU and without',
    'VIO-01 VIO-20 VIO-22',
    [
      S3,
      'VIO-01 VIO-20 VIO-22: a page fault names the DEVICE, with or without a virtual IOMMU; an event the virtual StreamID',
    ],
    ['guest/iommufd/event-routing', 'VIO-20 S3 the rule of the series of 2024'],
  ),
  row(
    'S3',
    'a helper whose result is an id and an error in one',
    'VIO-07',
    [S3, 'VIO-07: a lookup of the virtual id says whether there is one, apart from what it is'],
    ['guest/iommufd/objects', 'VIO-07 S3 a lookup that returns the id itself cannot tell id 0 from no id; ours does'],
  ),

  row('S4', 'collisions of domain numbers are resolved the same way each time', 'LDID-41 LDID-42 LDID-43', [
    S4,
    'LDID-41 LDID-42 LDID-43: colliding requests get other numbers, and the same ones each time',
  ]),
  row('S4', 'an ejection can come at any time', 'VPCI-18', [
    S4,
    'VPCI-18 VPCI-71: an ejection that comes before the bus is up is answered, and the function is gone',
  ]),
  row(
    'S4',
    'the host waits 60 s',
    'VPCI-73',
    [S4, 'VPCI-73: the host waits 60 s for an ejection, and takes the device away then'],
    [S4, 'VPCI-73 VPCI-74: a guest that is too slow loses its device, and ends its removal without a message'],
  ),
  row('S4', 'composing polls, as it runs under a lock', 'VPCI-55', [
    S4_INTERRUPTS,
    'VPCI-55: composing waits without sleeping, takes the ring itself, and leaves nothing behind when it gives up',
  ]),
  row('S4', 'a constant CPU puts all interrupts on one', 'VPCI-54', [
    S4_INTERRUPTS,
    'VPCI-54: blocks of several messages are spread over the CPUs, whatever device they are of',
  ]),
  row(
    'S4',
    'the host does not hear of a vector that moves (a known gap)',
    'VPCI-63',
    [S4_INTERRUPTS, 'VPCI-63: a move is told with the next unmask, and until then what is on its way is handled'],
    [
      'guest/pci/nvme-driver',
      'VPCI-63 a user moves the interrupt of the admin queue: nothing now, a retarget when it comes in',
    ],
  ),
  row('S4', 'NUMA node 0 is ambiguous', 'VPCI-114', [
    S4,
    'VPCI-114: a node counts with its flag only, and 0 is not read as one thing or the other',
  ]),
  row('S4', 'configuration space of a confidential guest', 'VPCI-43', [
    S4,
    'VPCI-43: a confidential guest reaches configuration space by calls alone, the slot as well as the data',
  ]),
];
