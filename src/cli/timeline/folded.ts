import type { DecodedRecord } from '../../capture/record.js';
import { plural } from '../tree/numbers.js';
import { eventStream } from './iommufd-details.js';
import { joined, type Reach, reachOf, reachText } from './reach.js';

/** What happens by the hundred and is shown as a count: one, several. */
const NOUNS: Readonly<Record<string, readonly [string, string]>> = {
  register: ['device register access', 'device register accesses'],
  interrupt: ['device interrupt', 'device interrupts'],
  command: ['disk command', 'disk commands'],
  access: ['translated access', 'translated accesses'],
  flush: ['TLB flush', 'TLB flushes'],
  ipi: ['IPI call', 'IPI calls'],
  /** Comes with every message and packet, and is not even counted. */
  routine: ['', ''],
};

const BY_KIND: Readonly<Record<string, keyof typeof NOUNS>> = {
  mmio_rd: 'register',
  mmio_wr: 'register',
  device_msi: 'interrupt',
  nvme: 'command',
  msi: 'routine',
  intid: 'routine',
  synic_event: 'routine',
  synic_pending: 'routine',
  rdmsr: 'routine',
  ring_control: 'routine',
  gpadl: 'routine',
};
const BY_CALL: Readonly<Record<string, keyof typeof NOUNS>> = {
  HVCALL_SIGNAL_EVENT: 'routine',
  HVCALL_MMIO_READ: 'register',
  HVCALL_MMIO_WRITE: 'register',
  HVCALL_SEND_IPI: 'ipi',
  HVCALL_SEND_IPI_EX: 'ipi',
  HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE: 'flush',
  HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST: 'flush',
  HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX: 'flush',
  HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX: 'flush',
  // Every register access of an arm64 guest is a call, and has a record of its own as an access.
  HVCALL_GET_VP_REGISTERS: 'routine',
  HVCALL_SET_VP_REGISTERS: 'routine',
};
/** Writes that are part of handling a message. */
const ROUTINE_REGISTERS: ReadonlySet<string> = new Set(['HV_X64_MSR_EOM', 'HV_REGISTER_EOM']);

/** How a record is counted; undefined for one that deserves a line. A call that fails always does. */
export function foldedAs(record: DecodedRecord): string | undefined {
  if (record.unknown) return undefined;
  if (record.call !== undefined)
    return record.call.status === 0 || record.call.status === undefined ? BY_CALL[record.name ?? ''] : undefined;
  // A page of memory that a device uses; without one it is the story of a device that stalls.
  if (record.kind === 'dma' && record.source.gpa !== undefined) return 'access';
  if (record.kind === 'wrmsr' && ROUTINE_REGISTERS.has(record.name ?? '')) return 'routine';
  return BY_KIND[record.kind];
}

/** Lines of one call in a row that are shown; the rest is a count. */
const SHOWN_IN_A_ROW = 3;

/** Calls that succeed one after the other, as maps of a large range do, and events of one kind and stream. */
export class Repeats {
  private last: string | undefined;
  private count = 0;

  /** How the record is counted, if the same call has had its lines. */
  foldedAs(record: DecodedRecord): string | undefined {
    const { call, kind, name } = record;
    const mayRepeat = name !== undefined && (call?.status === 0 || kind === 'smmu_event');
    const what = mayRepeat ? `${name} ${eventStream(record) ?? ''}` : undefined;
    this.count = what !== undefined && what === this.last ? this.count + 1 : 1;
    this.last = what;
    return this.count > SHOWN_IN_A_ROW ? `more ${name}` : undefined;
  }
}

/** One count: how often, and how far it went. */
interface Count {
  readonly n: number;
  readonly reach: Reach | undefined;
}

/** Counts since the last line. */
export class FoldedCounts {
  private readonly counts = new Map<string, Count>();

  add(what: string, record: DecodedRecord): void {
    if (what === 'routine') return;
    const { n = 0, reach } = this.counts.get(what) ?? {};
    this.counts.set(what, { n: n + 1, reach: joined(reach, reachOf(record)) });
  }

  get empty(): boolean {
    return this.counts.size === 0;
  }

  /** `12 device interrupts, 3 disk commands`, and starts again. */
  take(): string {
    const text = [...this.counts].map(([what, { n, reach }]) => {
      const count = plural(n, ...(NOUNS[what] ?? ([what, what] as const)));
      return reach === undefined ? count : `${count} (${reachText(reach)})`;
    });
    this.counts.clear();
    return text.join(', ');
  }
}
