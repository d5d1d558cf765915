import { type LayoutRow, rows } from '../layout/rows.js';
import type { AnyType } from '../layout/types.js';

/** The rows of a type without those of members that have a C type of their own: what its own declaration in C says. */
export function ownRows(type: AnyType): LayoutRow[] {
  const out: LayoutRow[] = [];
  let named: string | undefined;
  for (const row of rows(type)) {
    if (named !== undefined && row.path.startsWith(named)) continue;
    named = row.type !== undefined && isAggregate(row) ? `${row.path}.` : undefined;
    out.push(row);
  }
  return out;
}

/** True for members whose fields have rows of their own. */
export function isAggregate(row: LayoutRow): boolean {
  return row.kind === 'struct' || row.kind === 'union';
}
