import type { ScenarioName } from '../../src/rig/serve/scenario-names.js';
import type { LabResult } from './lab-result.js';

/** One boot: what the guest is told to do, what the host offers, what must have happened. */
export interface LabRun {
  readonly name: string;
  /** What the guest does (`rig=` on its command line). */
  readonly guest: 'boot' | 'eject' | 'multi' | 'unload' | 'tlb' | 'root';
  readonly cpus: number;
  readonly scenario: ScenarioName;
  /** Calls that fail by design, as name and status. */
  readonly failing?: readonly string[];
  /** More arguments of `hvabi serve`. */
  readonly args?: readonly string[];
  readonly expect: (seen: LabResult) => readonly Claim[];
}

/** A statement and whether it held. */
export type Claim = readonly [what: string, held: boolean];

const DISK = /^pci [0-9a-f]{4}:00:00\.0 0x1414:0xb111 class 0x010802 .*driver nvme msi \[(\d+ )+\]$/;
const TWO_FUNCTIONS = /^pci [0-9a-f]{4}:00:00\.1 0x1414:0xb111 .*driver nvme/;

/** A disk was found, read, written and read again, its interrupt moved, and nothing was left behind. */
function disk({ rig, console: text, dmesg }: LabResult, vmbus: string, vpci: string): Claim[] {
  return [
    [`hv_vmbus agrees on ${vmbus}`, dmesg.includes(`Vmbus version:${vmbus}`)],
    [`pci-hyperv agrees on ${vpci}`, dmesg.includes(`PCI VMBus probing: Using version ${vpci}`)],
    ['the nvme driver binds with message interrupts', rig.some((line) => DISK.test(line))],
    ['the disk is read, written and read again', (text.match(/^(16|8)\+0 records out$/gm) ?? []).length >= 3],
    ['what was written reads the same', /^[0-9a-f]{32} {2}\/tmp\/x$/m.test(text)],
    ['no request times out', !/I\/O .*(timeout|QID)|completion polled/i.test(dmesg)],
    ['no warning of the kernel', !/WARNING: |BUG: |Oops: |Call Trace:/.test(dmesg)],
  ];
}

/** The disk has interrupted several processors. */
function onProcessors({ rig }: LabResult): Claim {
  const last = new Map(rig.flatMap((line) => queueLine(line)));
  const busy = new Set([...last.values()].flatMap((counts) => counts.flatMap((n, cpu) => (n > 0 ? [cpu] : []))));
  return ['the disk interrupts two processors or more', busy.size >= 2];
}

function queueLine(line: string): [string, number[]][] {
  const found = /^irq \d+:((?:\s+\d+)+)\s.*(nvme\d+q\d+)$/.exec(line);
  return found ? [[found[2]!, found[1]!.trim().split(/\s+/).map(Number)]] : [];
}

const seen = ({ names }: LabResult, name: string, least = 1): Claim => [
  `${name} at least ${least} times`,
  (names.get(name) ?? 0) >= least,
];
const mmioCalls = ({ names }: LabResult): number =>
  (names.get('HVCALL_MMIO_READ') ?? 0) + (names.get('HVCALL_MMIO_WRITE') ?? 0);
const never = ({ names }: LabResult, name: string): Claim => [`no ${name}`, !names.has(name)];

const boot = (result: LabResult, cpus: number): Claim[] => [
  ...disk(result, '5.3', '0x10004'),
  onProcessors(result),
  seen(result, 'PCI_BUS_RELATIONS2'),
  seen(result, 'PCI_CREATE_INTERRUPT_MESSAGE3', 3),
  seen(result, 'HVCALL_RETARGET_INTERRUPT', cpus + 1),
];

const ejections = (result: LabResult): Claim[] => [
  seen(result, 'PCI_EJECT'),
  seen(result, 'PCI_EJECTION_COMPLETE'),
  seen(result, 'PCI_BUS_RELATIONS2', 3),
  seen(result, 'CHANNELMSG_RESCIND_CHANNELOFFER'),
  seen(result, 'CHANNELMSG_RELID_RELEASED'),
  ['two functions at first', result.sections[0]?.some((line) => TWO_FUNCTIONS.test(line)) ?? false],
  ['one after the ejection', lacks(result.sections[1], TWO_FUNCTIONS) && has(result.sections[1], DISK)],
  ['the first bus is gone after the rescind', lacks(result.sections[3], /8fd2b1c6-37a9/)],
  ['it is back at the end', has(result.sections[4], /8fd2b1c6-37a9/) && has(result.sections[4], TWO_FUNCTIONS)],
];

const has = (lines: readonly string[] | undefined, pattern: RegExp): boolean =>
  lines?.some((line) => pattern.test(line)) ?? false;
const lacks = (lines: readonly string[] | undefined, pattern: RegExp): boolean =>
  lines !== undefined && !has(lines, pattern);

/** The privileges of a root partition, on the emulator's own devices. */
const rootPartition = {
  guest: 'root',
  cpus: 2,
  scenario: 'root',
  // Memory is asked for once for each processor.
  failing: ['HVCALL_ADD_LOGICAL_PROCESSOR', 'HVCALL_CREATE_VP'].map((name) => `${name} HV_STATUS_INSUFFICIENT_MEMORY`),
  expect: (result) => [
    ['Linux knows that it is root', result.dmesg.includes('running as root partition')],
    ...['GET_PARTITION_ID', 'ADD_LOGICAL_PROCESSOR', 'DEPOSIT_MEMORY', 'CREATE_VP'].map((name) =>
      seen(result, `HVCALL_${name}`),
    ),
    seen(result, 'HVCALL_MAP_DEVICE_INTERRUPT', 10),
    seen(result, 'HVCALL_UNMAP_DEVICE_INTERRUPT', 10),
    ['a disk of the machine is read', /^64\+0 records out$/m.test(result.console)],
    ['no warning of the kernel', !/WARNING: |BUG: |Oops: |Call Trace:/.test(result.dmesg)],
  ],
} satisfies Omit<LabRun, 'name'>;

export const LAB_RUNS: readonly LabRun[] = [
  { name: 'boot', guest: 'boot', cpus: 2, scenario: 'boot', expect: (result) => boot(result, 2) },
  { name: 'boot with 4 VPs', guest: 'boot', cpus: 4, scenario: 'boot', expect: (result) => boot(result, 4) },
  {
    name: 'an IOMMU that nobody asks for',
    guest: 'boot',
    cpus: 2,
    scenario: 'boot',
    args: ['--iommu'],
    expect: (result) => boot(result, 2),
  },
  {
    name: 'sparse VP indices',
    guest: 'tlb',
    cpus: 4,
    scenario: 'sparse',
    expect: (result) => [
      ...boot(result, 4),
      seen(result, 'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX'),
      seen(result, 'HVCALL_SEND_IPI_EX'),
      ['a retarget names VP 130', result.retargetedVps.has(130)],
    ],
  },
  {
    name: 'old protocols',
    guest: 'boot',
    cpus: 2,
    scenario: 'old',
    expect: (result) => [
      ...disk(result, '4.0', '0x10001'),
      onProcessors(result),
      seen(result, 'PCI_BUS_RELATIONS'),
      seen(result, 'PCI_RESOURCES_ASSIGNED'),
      seen(result, 'PCI_CREATE_INTERRUPT_MESSAGE', 3),
      never(result, 'PCI_BUS_RELATIONS2'),
    ],
  },
  {
    name: 'vPCI 1.2',
    guest: 'boot',
    cpus: 2,
    scenario: 'v12',
    expect: (result) => [
      ...disk(result, '5.3', '0x10002'),
      seen(result, 'PCI_BUS_RELATIONS'),
      seen(result, 'PCI_RESOURCES_ASSIGNED2'),
      seen(result, 'PCI_CREATE_INTERRUPT_MESSAGE2', 3),
    ],
  },
  {
    name: 'vPCI 1.3 and VMBus 5.0 by options',
    guest: 'boot',
    cpus: 2,
    scenario: 'boot',
    args: ['--vmbus-max', '5.0', '--vpci-max', '1.3'],
    expect: (result) => [...disk(result, '5.0', '0x10003'), seen(result, 'PCI_CREATE_INTERRUPT_MESSAGE2', 3)],
  },
  {
    name: 'two buses, ejections, returns',
    guest: 'multi',
    cpus: 2,
    scenario: 'multi',
    expect: (result) => [...disk(result, '5.3', '0x10004'), ...ejections(result)],
  },
  {
    name: 'one bus, ejections, returns',
    guest: 'eject',
    cpus: 2,
    scenario: 'eject',
    expect: (result) => [...disk(result, '5.3', '0x10004'), ...ejections(result)],
  },
  {
    name: 'drivers unloaded',
    guest: 'unload',
    cpus: 2,
    scenario: 'unload',
    expect: (result) => [
      ...disk(result, '5.3', '0x10004'),
      seen(result, 'PCI_BUS_D0EXIT', 2),
      seen(result, 'CHANNELMSG_GPADL_TEARDOWN', 2),
      seen(result, 'CHANNELMSG_UNLOAD'),
      seen(result, 'CHANNELMSG_UNLOAD_RESPONSE'),
    ],
  },
  {
    name: 'configuration space by hypercall',
    guest: 'boot',
    cpus: 2,
    scenario: 'mmiocall',
    expect: (result) => [
      ...boot(result, 2),
      seen(result, 'HVCALL_MMIO_READ', 50),
      seen(result, 'HVCALL_MMIO_WRITE', 50),
      ['every access to the configuration window is a call', result.configAccesses === mmioCalls(result)],
    ],
  },
  {
    name: 'remote TLB flush and cluster IPI',
    guest: 'tlb',
    cpus: 2,
    scenario: 'tlb',
    expect: (result) => [
      ...boot(result, 2),
      seen(result, 'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE'),
      seen(result, 'HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST'),
      seen(result, 'HVCALL_SEND_IPI', 100),
    ],
  },
  { ...rootPartition, name: 'Linux as root partition' },
  {
    ...rootPartition,
    name: 'a root partition that could make device domains',
    args: ['--iommu'],
    expect: (result) => [
      ...rootPartition.expect(result),
      ['Linux is told of device domains', result.dmesg.includes('misc 0x1000500')],
    ],
  },
];
