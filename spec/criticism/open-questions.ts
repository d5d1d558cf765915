import { row, type TraceRow } from './trace-row.js';

const OPEN = 'criticism/open-questions';
const PAGING = 'guest/root-iommu/paging';
const ATTACH = 'guest/root-iommu/attach';
const DOMAINS = 'hypervisor/iommu/domain-calls';

/** Questions that the sources leave open, and what holds here. */
export const QUESTIONS: readonly TraceRow[] = [
  row(
    'Q1',
    'a PCI domain number that is taken: exactly, the next above, the lowest; both rules of Linux by choice',
    'LDID-42',
    [OPEN, 'LDID-42: a number that is taken: the next free one above, then the lowest'],
    ['guest/device-id/domain-number-pool', 'LDID-42 wrap is what one gets without a choice'],
  ),
  row('Q2', 'another prefix for a registered domain: EEXIST, and each removal unregisters', 'LDID-21 LDID-25', [
    'criticism/s0-device-id',
    'LDID-21 LDID-25: a prefix goes with its bus, behind its functions, and none is replaced',
  ]),
  row(
    'Q3',
    'direct attach: a kind of domain of its own, its partition fixed; books of maps in the legacy mode only',
    'IOMMU-26 IOMMU-49',
    ['criticism/v0-v3', 'IOMMU-26: a direct domain has a constructor of its own, its partition for good, and no maps'],
    [
      PAGING,
      'IOMMU-26: identity, blocked and direct domains take no maps; IOMMU-49, IOMMU-62: the legacy mode keeps books',
    ],
  ),
  row(
    'Q4',
    'the count of devices changes on success alone, a free with devices is refused, and all of it can be seen',
    'IOMMU-39 IOMMU-24 IOMMU-29',
    [
      'criticism/s1-root-iommu',
      'IOMMU-39 IOMMU-24 IOMMU-29: a detach that fails changes no book, and the domain is not freed',
    ],
  ),
  row(
    'Q5',
    'an unmap of part of a mapping: 0, or split by choice',
    'IOMMU-56',
    ['criticism/s1-unmaps', 'IOMMU-56: an unmap of the head of a mapping forgets no page that a device still reaches'],
    [PAGING, 'IOMMU-56: of a mapping … alone is refused with 0 and changes nothing'],
    [PAGING, 'IOMMU-56: of a mapping … alone with splitting on is cut out'],
  ),
  row(
    'Q6',
    'page sizes: 4 KiB in the root; in a guest what the hypervisor has of 4 KiB, 2 MiB, 1 GiB',
    'IOMMU-23 PVI-04',
    ['guest/root-iommu/start', 'IOMMU-08, IOMMU-14, IOMMU-16, IOMMU-17, IOMMU-23: what the core asks of every device'],
    ['guest/pv-iommu/start', 'PVI-04 other page sizes are masked, not refused'],
  ),
  row(
    'Q7',
    'nothing gathered, no flush',
    'PVI-30',
    ['guest/pv-iommu/criticised', 'PVI-30 an empty gather sent all the same is a range from the top to the bottom'],
    ['guest/pv-iommu/flush', 'PVI-30 nothing gathered, no call; one sync for many unmaps'],
  ),
  row('Q8', 'the greatest depth of a queue of events', 'VIO-40', [
    OPEN,
    'VIO-40: a queue of events has 524,288 places at most, unless told otherwise',
  ]),
  row(
    'Q9',
    'the CPU of an arm64 interrupt that nobody has placed: the first present one; turns by choice',
    'ARM-08',
    ['criticism/s2-arm64', 'ARM-08: an interrupt is for one CPU: the first that is present, until someone moves it'],
    ['criticism/s2-arm64', 'ARM-08: where CPUs take turns, each has one, and each is there'],
    ['guest/vpci-interrupts/arm64-interrupts', 'ARM-08 composed for the first CPU that is present'],
  ),
  row(
    'Q10',
    'relations and D0 entry: relations first; a host takes both orders',
    'VPCI-13',
    [OPEN, 'VPCI-13: a host takes the query for relations before D0 entry and behind it'],
    ['guest/vpci/probe', 'VPCI-02 VPCI-04: versions newest first, and the numbers of the messages'],
  ),
  row(
    'Q11',
    'the vector of a block of messages on arm64: its first INTID',
    'ARM-15',
    [OPEN, 'ARM-15: for a block of messages the host is told the INTID that the first one has'],
    [
      'guest/vpci-interrupts/arm64-interrupts',
      'ARM-02 ARM-15 a block of MSI has consecutive INTIDs, and the message names the first one, not 32',
    ],
  ),
  row(
    'Q12',
    'statuses of a create or delete that cannot be: by table',
    'IOMMU-70 IOMMU-72',
    [DOMAINS, 'IOMMU-70 a domain that exists is not created again, with the status that the rules name'],
    [DOMAINS, 'IOMMU-72 a domain with devices is not deleted, with the status that the rules name'],
  ),
  row(
    'Q13',
    'what a failed unmap leaves stays in the books',
    'IOMMU-60',
    ['criticism/s1-unmaps', 'IOMMU-59 IOMMU-60: an unmap gives the bytes that the hypervisor said it unmapped'],
    [PAGING, 'IOMMU-59, IOMMU-60: a failure gives the bytes that were done; the rest stays in the books'],
  ),
  row(
    'Q14',
    'a detach in front of an attach: none between device domains, one where either side is a partition',
    'IOMMU-32 IOMMU-35',
    [
      'criticism/s1-root-iommu',
      'IOMMU-32 IOMMU-41: two attaches in a row without a detach: one call each, counted in one place',
    ],
    [ATTACH, 'IOMMU-35, IOMMU-40, IOMMU-26: direct attach on …'],
  ),
  row(
    'Q15',
    'an id whose upper half is all ones',
    'LDID-03',
    [OPEN, 'LDID-03: a logical id whose upper half is all ones is flagged, and read as no ACPI id'],
    ['capture/device-ids', '…: flagged where it stands, and nothing else is'],
    ['capture/device-ids', '…: not read as an ACPI id, and encoded as it was'],
  ),
  row(
    'Q16',
    'not here: bridge aliases, map-interrupt of a nested root, LPIs',
    'LDID-08 VPCI-62 ARM-01',
    [OPEN, 'LDID-08: a device behind a bridge that puts its own address into requests has no PCI id here'],
    ['guest/vpci-interrupts/x86-interrupts', 'VPCI-62 VPCI-64 a mask makes no call, and nothing maps interrupts'],
    ['guest/vpci-interrupts/spi-pool', 'ARM-01 INTIDs 64 to 1019'],
  ),
];
