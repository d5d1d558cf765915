import { iommu_hwpt_pgfault_perm, iommufd_page_response_code } from '../../abi/iommufd/fault.js';
import { iommufd_hwpt_alloc_flags } from '../../abi/iommufd/hwpt.js';
import { iommu_viommu_type } from '../../abi/iommufd/viommu.js';
import { AbiError } from '../../bytes/errors.js';
import type { DecodedRecord, Part } from '../../capture/record.js';
import { plainValue } from '../../capture/value.js';
import { enumMeta } from '../../layout/scalar.js';
import { terminalWord } from '../terminal-text.js';
import { isIdentifier } from '../tree/fact-text.js';
import { hexText } from '../tree/numbers.js';
import { type Detail, hexAt, numberAt, textAt, type Value } from './value-at.js';

// What a process asks of /dev/iommu, and what it reads from its queues.

const { IOMMU_HWPT_ALLOC_NEST_PARENT, IOMMU_HWPT_FAULT_ID_VALID } = iommufd_hwpt_alloc_flags;
const PERMISSIONS = [
  [iommu_hwpt_pgfault_perm.IOMMU_PGFAULT_PERM_READ, 'r'],
  [iommu_hwpt_pgfault_perm.IOMMU_PGFAULT_PERM_WRITE, 'w'],
  [iommu_hwpt_pgfault_perm.IOMMU_PGFAULT_PERM_EXEC, 'x'],
  [iommu_hwpt_pgfault_perm.IOMMU_PGFAULT_PERM_PRIV, 'p'],
] as const;

/** `→ object 4`; nothing for a request that was refused. */
const made = (value: Value, path: string): string => {
  const id = numberAt(value, path);
  return id === 0 ? '' : `→ object ${id}`;
};
const opened = (value: Value, path: string): string => {
  const fd = numberAt(value, path);
  return fd === 0 ? '' : `fd ${fd}`;
};

const hwpt: Detail = (value) => {
  const flags = numberAt(value, 'flags');
  return [
    `device ${textAt(value, 'dev_id')} on ${textAt(value, 'pt_id')}`,
    flags & IOMMU_HWPT_ALLOC_NEST_PARENT ? 'may be a parent' : '',
    flags & IOMMU_HWPT_FAULT_ID_VALID ? `page faults to ${textAt(value, 'fault_id')}` : '',
    made(value, 'out_hwpt_id'),
  ];
};

const record: Detail = (value) => [
  `stream ${hexAt(value, 'EVTQ_0_SID')}`,
  value.EVTQ_0_SSV ? `substream ${hexAt(value, 'EVTQ_0_SSID')}` : '',
  numberAt(value, 'EVTQ_2_ADDR') === 0 ? '' : `at ${hexAt(value, 'EVTQ_2_ADDR')}`,
  value.EVTQ_1_S2 ? 'stage 2' : '',
  value.EVTQ_1_STALL ? `stalled, tag ${textAt(value, 'EVTQ_1_STAG')}` : '',
];

const fault: Detail = (value) => [
  `device ${textAt(value, 'dev_id')}`,
  `page ${hexAt(value, 'addr')} ${PERMISSIONS.map(([bit, text]) => (numberAt(value, 'perm') & bit ? text : '-')).join('')}`,
  `cookie ${textAt(value, 'cookie')}`,
];

const response: Detail = (value) => {
  const code = numberAt(value, 'code');
  const isSuccess = code === iommufd_page_response_code.IOMMUFD_PAGE_RESP_SUCCESS;
  const isInvalid = code === iommufd_page_response_code.IOMMUFD_PAGE_RESP_INVALID;
  return [`cookie ${textAt(value, 'cookie')} ${isSuccess ? 'success' : isInvalid ? 'invalid' : `code ${code}`}`];
};

const BY_STRUCT: Readonly<Record<string, Detail>> = {
  iommu_destroy: (value) => [`object ${textAt(value, 'id')}`],
  iommu_ioas_alloc: (value) => [made(value, 'out_ioas_id')],
  iommu_hwpt_alloc: hwpt,
  iommu_fault_alloc: (value) => [made(value, 'out_fault_id'), opened(value, 'out_fault_fd')],
  iommu_viommu_alloc: (value) => [
    enumMeta(iommu_viommu_type).names.get(numberAt(value, 'type')) ?? `type ${textAt(value, 'type')}`,
    `device ${textAt(value, 'dev_id')} on ${textAt(value, 'hwpt_id')}`,
    made(value, 'out_viommu_id'),
  ],
  iommu_vdevice_alloc: (value) => [
    `device ${textAt(value, 'dev_id')} on ${textAt(value, 'viommu_id')} as ${hexAt(value, 'virt_id')}`,
    made(value, 'out_vdevice_id'),
  ],
  iommu_veventq_alloc: (value) => [
    `of ${textAt(value, 'viommu_id')}, ${textAt(value, 'veventq_depth')} deep`,
    made(value, 'out_veventq_id'),
    opened(value, 'out_veventq_fd'),
  ],
  evtq_ent: record,
  iommu_hwpt_pgfault: fault,
  iommu_hwpt_page_response: response,
};

/** Structures of a read or write that are told; the rest is a count. */
const SHOWN = 2;

/** The words of a request, read, write or event; undefined for records of other kinds. */
export function iommufdWords(found: DecodedRecord): string[] | undefined {
  switch (found.kind) {
    case 'ioctl':
      return requestWords(found);
    case 'vfio':
      return vfioWords(found.source);
    case 'dma':
      return dmaWords(found.source);
    case 'smmu_event':
      return found.parts.slice(0, 1).flatMap(wordsOf);
    case 'fd_read':
    case 'fd_write':
      return [`fd ${terminalWord(found.source.fd)}`, ...structures(found)];
    default:
      return undefined;
  }
}

/** A request, with what was made for it where it was not refused: the caller's own out words say nothing. */
function requestWords({ parts, source }: DecodedRecord): string[] {
  const isRefused = typeof source.errno === 'string' || (typeof source.result === 'number' && source.result < 0);
  const out = isRefused ? undefined : parts.find(({ label }) => label === 'out');
  const argument = out ?? parts[0];
  if (argument === undefined) return [];
  const value = valueIn(argument);
  const members = Object.entries(value).filter(([name]) => out !== undefined || !name.startsWith('out_'));
  return detailsOf(argument.struct, Object.fromEntries(members));
}

/** What is done with a device: bound to a context, attached to an address space or a page table, and back. */
function vfioWords({ op, stream, device, pt, id }: Source): string[] | undefined {
  switch (op) {
    case 'bind':
      return ['bind', `stream ${idText(stream)}`, `→ device ${terminalWord(id)}`];
    case 'attach':
      // To a page table, or to an address space that finds one for it.
      return [
        'attach',
        `device ${terminalWord(device)} to ${terminalWord(pt)}`,
        id === pt ? '' : `→ object ${terminalWord(id)}`,
      ];
    case 'detach':
    case 'unbind':
      return [op, `device ${terminalWord(device)}`];
    default:
      return undefined;
  }
}

/** An access that waits for a page, and what became of it; those of a guest's disks are told another way. */
function dmaWords({ stream, address, state }: Source): string[] | undefined {
  if (stream === undefined) return undefined;
  return [`stream ${idText(stream)}`, `at ${terminalWord(address)}`, terminalWord(state)];
}

type Source = Readonly<Record<string, unknown>>;

/** StreamIDs are hexadecimal, here as in the SMMU's own records. */
const idText = (value: unknown): string => (isIdentifier('stream', value) ? hexText(value) : terminalWord(value));

function structures({ kind, parts: all, source }: DecodedRecord): string[] {
  // Of a write, what was taken: the rest is for the next one.
  const taken =
    kind === 'fd_write' && typeof source.result === 'number' && source.result > 0 ? source.result : undefined;
  const parts = taken === undefined ? all : all.filter(({ offset }) => offset < taken);
  if (parts.length === 0) return source.errno === undefined ? ['nothing'] : [];
  const shown = parts.length <= SHOWN + 1 ? parts : parts.slice(0, SHOWN);
  const rest = parts.length - shown.length;
  return [...shown.map(structure), ...(rest === 0 ? [] : [`… ${rest} more, the last: ${structure(parts.at(-1)!)}`])];
}

/** An event with its number, or what another structure says. */
function structure(part: Part): string {
  if (part.struct !== 'iommufd_vevent_header') return wordsOf(part).join(' ');
  const sequence = numberAt(valueIn(part), 'sequence');
  if (part.name !== undefined) return `lost up to #${sequence}`;
  let inner = part.inner;
  while (inner?.inner !== undefined) inner = inner.inner;
  const what = inner === undefined ? [] : [inner.name ?? inner.struct, ...wordsOf(inner)];
  return [`#${sequence}`, ...what].join(' ');
}

function wordsOf(part: Part): string[] {
  return detailsOf(part.struct, valueIn(part));
}

function detailsOf(struct: string, value: Value): string[] {
  return (BY_STRUCT[struct]?.(value, 0) ?? []).filter((word) => word !== '');
}

/** Which stream an event is of, as a number; undefined for other records. */
export function eventStream({ kind, parts }: DecodedRecord): number | undefined {
  const [event] = parts;
  return kind === 'smmu_event' && event !== undefined ? numberAt(valueIn(event), 'EVTQ_0_SID') : undefined;
}

/** Empty for a structure that is cut. */
function valueIn(part: Part): Value {
  try {
    const value = plainValue(part);
    return typeof value === 'object' && value !== null ? (value as Value) : {};
  } catch (error) {
    if (error instanceof AbiError) return {};
    throw error;
  }
}
