import { ownBitFields } from '../../src/export/bit-fields.js';
import { isAggregate, ownRows } from '../../src/export/own-rows.js';
import type { LayoutRow } from '../../src/layout/rows.js';
import type { NamedType } from '../../src/layout/types.js';
import { groupRows } from './tsv.js';

type Row = Record<string, string>;

/** What a compiler says about one struct or union. */
export interface StructFacts {
  readonly name: string;
  readonly kind: string;
  readonly size: number;
  readonly fields: readonly Row[];
}

/** One entry per struct, from the rows of a layout table. */
export function structFacts(rows: Row[]): Map<string, StructFacts> {
  return new Map(
    [...groupRows(rows, 'struct')].map(([name, fields]) => [
      name,
      { name, kind: fields[0]!.kind!, size: Number(fields[0]!.size), fields },
    ]),
  );
}

/** Members that C declares as whole integers and we as bit-fields beside their neighbours: the same bits, without an address in C. */
export const PLAIN_IN_C: readonly string[] = [
  'hv_device_domain_id.id',
  'hv_input_notify_port_ring_empty.reserved',
  'hv_input_notify_port_ring_empty.sint_index',
  'hv_interrupt_control.interrupt_type',
  'hv_monitor_trigger_group.armed',
  'hv_monitor_trigger_group.pending',
  'hv_pci_bdf.bus',
  'hv_x64_pending_interruption_register.error_code',
  'pci_version.parts.major_version',
  'pci_version.parts.minor_version',
];

/** Every way in which a declaration differs from the facts, one line each; `note` tells architecture and version. */
export function compareStruct(facts: StructFacts, type: NamedType | undefined, note = ''): string[] {
  const struct = note === '' ? facts.name : `${facts.name} (${note})`;
  if (type === undefined) return [`${struct}: not declared`];
  const out: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown): void => {
    if (found !== wanted) out.push(`${struct}${what}: ${found}, C has ${wanted}`);
  };
  expect(' kind', kindOf(type), facts.kind);
  expect(' size', type.size, facts.size);
  const ours = new Map(ownRows(type).map((row) => [row.path, row]));
  for (const field of facts.fields) {
    const row = ours.get(field.field!);
    ours.delete(field.field!);
    if (row === undefined) out.push(`${struct}.${field.field}: not declared`);
    else compareField(row, field, (what, found, wanted) => expect(`.${field.field} ${what}`, found, wanted));
  }
  const bits = new Set(ownBitFields(type).map((field) => field.path));
  for (const { field, fieldKind } of facts.fields) {
    const plain = PLAIN_IN_C.includes(`${facts.name}.${field}`);
    if (bits.has(field!) !== (fieldKind === 'bits' || plain))
      out.push(`${struct}.${field}: ${bits.has(field!) ? 'a bit-field' : 'no bit-field'}, C has ${fieldKind}`);
  }
  for (const path of ours.keys()) out.push(`${struct}.${path}: C has no such field`);
  return out;
}

type Expect = (what: string, found: unknown, wanted: unknown) => void;

function compareField(row: LayoutRow, field: Row, expect: Expect): void {
  expect('bit offset', row.bitOffset, Number(field.bitOffset));
  expect('bits', row.bitSize, Number(field.bitSize));
  expect('kind', row.kind, field.fieldKind === 'bits' ? 'int' : field.fieldKind);
  expect('count', row.count ?? '', field.count === '' ? '' : Number(field.count));
  // Rows of bit-fields and of whole words name no type; nor does C where a type is anonymous.
  if (row.type !== undefined || isAggregate(row))
    expect('type', (row.type ?? '').replace(/^i(\d+)$/, 's$1'), field.type);
}

function kindOf(type: NamedType): string {
  if (type.kind === 'bits') return type.wordName === undefined ? 'struct' : 'union';
  return type.kind;
}
