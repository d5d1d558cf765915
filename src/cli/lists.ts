import { guids } from '../abi/guids.js';
import { HvError } from '../abi/hv/openvmm-status.js';
import { hv_status } from '../abi/hv/status.js';
import { catalog as hypercalls } from '../abi/hypercalls/catalog.js';
import { iommufd_ioctl } from '../abi/iommufd/command.js';
import { iommufdRequests } from '../abi/iommufd/requests.js';
import { evt_id } from '../abi/iommufd/smmuv3-event.js';
import { arm64Registers, x64Msrs } from '../abi/msr.js';
import { vmbus } from '../abi/vmbus/messages.js';
import { vpci } from '../abi/vpci/messages.js';
import { hexNumber } from '../bytes/hex.js';
import { allLayouts } from '../capture/names.js';
import { concrete, type Layout, pick } from '../layout/group.js';
import { type CallSide, inputSide, outputSide, repLimits } from '../layout/hypercall.js';
import type { MessageForm, MessageTable } from '../layout/messages.js';
import { enumMeta } from '../layout/scalar.js';

/** One list of the ABI: rows of named cells, in the order of the columns. */
export interface Listing {
  readonly columns: readonly { readonly key: string; readonly title: string; readonly align?: 'right' }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

export const LIST_KINDS = [
  'hypercalls',
  'vmbus',
  'vpci',
  'iommufd',
  'smmuv3',
  'structs',
  'status',
  'msrs',
  'guids',
] as const;
export type ListKind = (typeof LIST_KINDS)[number];

const LISTS: Readonly<Record<ListKind, () => Listing>> = {
  hypercalls: listHypercalls,
  vmbus: () => listMessages(vmbus, 2),
  vpci: () => listMessages(vpci, 8),
  iommufd: listIommufd,
  smmuv3: listEvents,
  structs: listStructs,
  status: listStatus,
  msrs: listMsrs,
  guids: listGuids,
};

export function listing(kind: ListKind): Listing {
  return LISTS[kind]();
}

function listHypercalls(): Listing {
  const rows = [...hypercalls]
    .sort((a, b) => a.code - b.code)
    .map((call) => {
      const limits = repLimits(call);
      const input = inputSide(call);
      const output = outputSide(call);
      return {
        code: hexNumber(call.code, 4),
        name: call.name,
        alias: call.alias.join(' '),
        form: call.form,
        input: input.type?.name,
        inputBytes: sideText(input),
        output: output.type?.name,
        outputBytes: sideText(output),
        maxReps: limits?.maxReps,
        boundBy: limits?.boundBy,
        linuxBatch: call.linuxBatch,
        version: call.origin.version,
      };
    });
  return {
    columns: [
      { key: 'code', title: 'CODE' },
      { key: 'name', title: 'NAME' },
      { key: 'form', title: 'FORM' },
      { key: 'inputBytes', title: 'IN', align: 'right' },
      { key: 'outputBytes', title: 'OUT', align: 'right' },
      { key: 'maxReps', title: 'MAX', align: 'right' },
      { key: 'boundBy', title: 'BOUND BY' },
    ],
    rows,
  };
}

/** `40+8n`: the header, and the bytes of each rep. */
function sideText(side: CallSide): string {
  if (side.element > 0) return `${side.header}+${side.element}n`;
  return side.header > 0 || side.type ? `${side.header}` : '';
}

function listMessages(table: MessageTable, digits: number): Listing {
  const rows = [...table.byCode.values()]
    .sort((a, b) => a.code - b.code)
    .flatMap((message) =>
      formsOf(message.is).map((form) => ({
        code: hexNumber(message.code, digits),
        name: message.name,
        alias: (message.alias ?? []).join(' '),
        direction: message.direction,
        since: versionText(form.since),
        features: form.features === undefined ? undefined : hexNumber(form.features),
        struct: form.body?.name,
        bytes: form.body && sizeText(form.body),
        reply: form.reply?.name,
        source: form.source,
        note: message.note,
      })),
    );
  return {
    columns: [
      { key: 'code', title: 'TYPE' },
      { key: 'name', title: 'NAME' },
      { key: 'direction', title: 'DIRECTION' },
      { key: 'since', title: 'SINCE', align: 'right' },
      { key: 'features', title: 'FEATURES' },
      { key: 'bytes', title: 'BYTES', align: 'right' },
      { key: 'struct', title: 'STRUCT' },
      { key: 'source', title: 'SOURCE' },
    ],
    rows,
  };
}

/** Forms of two sources with one struct are one row. */
function formsOf(forms: readonly MessageForm[]): readonly MessageForm[] {
  return forms.filter(
    (form, i) => !forms.some((other, j) => j > i && other.body === form.body && other.since === form.since),
  );
}

/** `1.4` of 0x10004. */
export function versionText(version: number | undefined): string | undefined {
  return version === undefined ? undefined : `${version >>> 16}.${version & 0xffff}`;
}

function sizeText(layout: Layout): string {
  const { type } = pick(layout);
  return type.flexible ? `${type.minSize}+` : `${type.size}`;
}

/** Requests of /dev/iommu, each with its structure and the bytes that the oldest callers give of it. */
function listIommufd(): Listing {
  const { names } = enumMeta(iommufd_ioctl);
  const rows = iommufdRequests.map(({ request, struct, minSize }) => ({
    code: hexNumber(request, 4),
    name: names.get(request),
    bytes: sizeText(struct),
    least: minSize,
    struct: struct.name,
    version: pick(struct).type.origin?.version,
  }));
  return {
    columns: [
      { key: 'code', title: 'REQUEST' },
      { key: 'name', title: 'NAME' },
      { key: 'bytes', title: 'BYTES', align: 'right' },
      { key: 'least', title: 'AT LEAST', align: 'right' },
      { key: 'struct', title: 'STRUCT' },
    ],
    rows,
  };
}

/** What an SMMUv3 reports in its event records. */
function listEvents(): Listing {
  return {
    columns: [
      { key: 'code', title: 'ID' },
      { key: 'name', title: 'NAME' },
    ],
    rows: [...enumMeta(evt_id).names].map(([id, name]) => ({ code: hexNumber(BigInt(id), 2), name })),
  };
}

function listStructs(): Listing {
  const rows = [...new Set(allLayouts)]
    .flatMap((layout) =>
      [...concrete(layout)].map(({ type, arch, version }) => ({
        name: layout.name,
        kind: type.kind,
        bytes: type.flexible ? `${type.minSize}+` : `${type.size}`,
        arch,
        version,
        from: type.origin?.from,
      })),
    )
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return {
    columns: [
      { key: 'name', title: 'NAME' },
      { key: 'kind', title: 'KIND' },
      { key: 'bytes', title: 'BYTES', align: 'right' },
      { key: 'arch', title: 'ARCH' },
      { key: 'version', title: 'VERSION' },
    ],
    rows,
  };
}

function listStatus(): Listing {
  const linux = enumMeta(hv_status).names;
  const openvmm = enumMeta(HvError).names;
  const values = [...new Set([...linux.keys(), ...openvmm.keys()].map(Number))].sort((a, b) => a - b);
  return {
    columns: [
      { key: 'code', title: 'VALUE' },
      { key: 'name', title: 'NAME' },
      { key: 'openvmm', title: 'IN OPENVMM' },
    ],
    rows: values.map((value) => ({ code: hexNumber(value, 4), name: linux.get(value), openvmm: openvmm.get(value) })),
  };
}

function listMsrs(): Listing {
  const of = (arch: string, registers: typeof x64Msrs) =>
    registers.map((row) => ({ number: hexNumber(row.number, 8), name: row.name, arch, value: row.value?.name }));
  return {
    columns: [
      { key: 'number', title: 'NUMBER' },
      { key: 'name', title: 'NAME' },
      { key: 'arch', title: 'ARCH' },
      { key: 'value', title: 'VALUE STRUCT' },
    ],
    rows: [...of('x64', x64Msrs), ...of('arm64', arm64Registers)],
  };
}

function listGuids(): Listing {
  return {
    columns: [
      { key: 'guid', title: 'GUID' },
      { key: 'name', title: 'NAME' },
    ],
    rows: Object.entries(guids).map(([name, guid]) => ({ guid, name })),
  };
}
