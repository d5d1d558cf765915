import type { NamedType } from '../layout/types.js';
import { ownBitFields } from './bit-fields.js';
import { tagOf } from './c-types.js';
import { ownRows } from './own-rows.js';
import type { Selection } from './select.js';

/** Static asserts of one type: its size, and offset and size of every member that has an address. */
export function assertType(type: NamedType, selection: Selection): string[] {
  const of = `${tagOf(type)} ${selection.nameOf(type)}`;
  const bits = new Set(ownBitFields(type).map((field) => field.path));
  const lines = [`HVABI_ASSERT(sizeof(${of}) == ${type.size}, "size of ${of}");`];
  for (const row of ownRows(type)) {
    if (bits.has(row.path)) continue;
    const where = `${of}.${row.path}`;
    lines.push(`HVABI_ASSERT(offsetof(${of}, ${row.path}) == ${row.bitOffset / 8}, "offset of ${where}");`);
    if (row.bitSize > 0)
      lines.push(`HVABI_ASSERT(sizeof(((${of} *)0)->${row.path}) == ${row.bitSize / 8}, "size of ${where}");`);
  }
  return lines;
}
