import { CommandError } from '../exit.js';
import { LIST_KINDS, listing } from '../lists.js';
import { type ColourChoice, type Paint, paintFor } from '../paint.js';
import { table } from '../table.js';
import { Writer } from '../writer.js';

export interface ListOptions {
  readonly json?: boolean;
  readonly color: ColourChoice;
}

/** `hvabi list`. */
export function runList(what: string | undefined, options: ListOptions): number {
  const writer = new Writer();
  const paint = paintFor(options.color);
  if (what === undefined) {
    const counts = LIST_KINDS.map((kind) => ({ what: kind, rows: listing(kind).rows.length }));
    if (options.json) writer.line(JSON.stringify(counts, undefined, 2));
    else
      for (const line of table(
        [
          { title: 'WHAT', brush: paint.title },
          { title: 'ROWS', align: 'right' },
        ],
        counts.map((c) => [c.what, String(c.rows)]),
        paint,
      ))
        writer.line(line);
    writer.flush();
    return 0;
  }
  const kind = LIST_KINDS.find((one) => one === what);
  if (kind === undefined)
    throw new CommandError(`there is no list ${JSON.stringify(what)}`, `lists: ${LIST_KINDS.join(', ')}`);
  const { columns, rows } = listing(kind);
  if (options.json) writer.line(JSON.stringify(rows, undefined, 2));
  else {
    const cells = rows.map((row) =>
      columns.map((column) => (row[column.key] === undefined ? '' : String(row[column.key]))),
    );
    for (const line of table(
      columns.map((column) => ({ ...column, ...brushOf(column.key, paint) })),
      cells,
      paint,
    ))
      writer.line(line);
  }
  writer.flush();
  return 0;
}

function brushOf(key: string, paint: Paint): { brush?: (text: string) => string } {
  if (key === 'name') return { brush: paint.title };
  if (key === 'code' || key === 'number' || key === 'guid' || key === 'hex') return { brush: paint.value };
  if (key === 'struct' || key === 'value') return { brush: paint.type };
  return key === 'version' || key === 'source' || key === 'boundBy' || key === 'arch' ? { brush: paint.quiet } : {};
}
