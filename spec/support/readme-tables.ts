import { errorTable, hypercallTable, vmbusTable, vpciTable } from '../../src/export/markdown.js';

/** Sections of the README that are generated, by the name in their marker comments. */
export const TABLES: Readonly<Record<string, () => string>> = {
  hypercalls: hypercallTable,
  vmbus: vmbusTable,
  vpci: vpciTable,
  errors: errorTable,
};

/** The text with every generated section made anew. Throws when a marker is missing. */
export function withTables(readme: string): string {
  let text = readme;
  for (const [name, make] of Object.entries(TABLES)) {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const from = text.indexOf(open);
    const to = text.indexOf(close);
    if (from < 0 || to < from) throw new Error(`README has no section ${open}`);
    text = `${text.slice(0, from + open.length)}\n${make()}\n${text.slice(to)}`;
  }
  return text;
}
