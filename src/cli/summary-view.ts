import { statusName } from '../capture/present.js';
import type { DecodedRecord } from '../capture/record.js';
import { type Row, Summary } from '../capture/summary.js';
import type { Paint } from './paint.js';
import { table } from './table.js';
import { terminalText } from './terminal-text.js';
import { countText, hexText, plural } from './tree/numbers.js';

/** A summary as text and as JSON. */
export class SummaryView {
  readonly #summary: Summary;

  constructor(summary = new Summary()) {
    this.#summary = summary;
  }

  add(record: DecodedRecord): void {
    this.#summary.add(record);
  }

  toJson(): object {
    return this.#summary.toJson();
  }

  lines(paint: Paint): string[] {
    const summary = this.#summary;
    const rows = summary.sorted();
    const text = table(
      [
        { title: 'KIND', brush: paint.kind },
        { title: 'NAME', brush: paint.title },
        { title: 'COUNT', align: 'right' },
        { title: 'BYTES', align: 'right', brush: paint.quiet },
        { title: 'REPS', align: 'right' },
        { title: 'ISSUES', align: 'right', brush: paint.warn },
        { title: 'STATUS AND LISTS' },
      ],
      rows.map((row) => [
        terminalText(row.kind),
        terminalText(row.name),
        countText(row.count),
        row.bytes ? countText(row.bytes) : '',
        row.reps ? countText(row.reps) : '',
        row.issues ? countText(row.issues) : '',
        remarks(row),
      ]),
      paint,
    );
    const unknown = `${plural(summary.unknown, 'unknown name')}`;
    const issues = `${plural(summary.issues, 'issue')}`;
    return [
      ...text,
      '',
      [
        paint.title(plural(summary.records, 'record')),
        `${countText(summary.bytes)} bytes`,
        summary.unknown ? paint.bad(unknown) : unknown,
        summary.issues ? paint.warn(issues) : issues,
      ].join(', '),
    ];
  }
}

function remarks(row: Row): string {
  const status = [...row.status].map(([value, n]) => {
    const name = (statusName(value) ?? hexText(value)).replace('HV_STATUS_', '');
    return row.status.size === 1 && value === 0 ? '' : `${name} ${countText(n)}`;
  });
  const failed = [...row.errors].map(([name, n]) => `${terminalText(name)} ${countText(n)}`);
  const fine = row.count - [...row.errors.values()].reduce((sum, n) => sum + n, 0);
  if (failed.length > 0 && fine > 0) failed.unshift(`done ${countText(fine)}`);
  const { runs } = row;
  const list = runs?.count
    ? `${countText(runs.count)} entries ${hexText(runs.min)}..${hexText(runs.max)} in ${plural(runs.runs, 'run')}`
    : '';
  return [...status, ...failed, list].filter(Boolean).join(', ');
}
