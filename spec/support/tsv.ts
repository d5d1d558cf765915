import { readProjectText } from './project.js';

/** Rows of a tab-separated file of the checkout, keyed by the names in its first line. Throws on a row of another width. */
export function readTsv(path: string): Record<string, string>[] {
  const [head = '', ...lines] = readProjectText(path).replace(/\n$/, '').split('\n');
  const names = head.split('\t');
  return lines.map((line, at) => {
    const cells = line.split('\t');
    if (cells.length !== names.length)
      throw new Error(`${path}:${at + 2}: ${cells.length} cells, ${names.length} names`);
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
  });
}

/** Rows in groups that agree in `key`, in the order of the file. */
export function groupRows(rows: Record<string, string>[], key: string): Map<string, Record<string, string>[]> {
  const groups = new Map<string, Record<string, string>[]>();
  for (const row of rows) {
    const group = groups.get(row[key]!);
    if (group === undefined) groups.set(row[key]!, [row]);
    else group.push(row);
  }
  return groups;
}
