import { statusName } from '../../capture/present.js';
import type { Row, Summary } from '../../capture/summary.js';
import type { ServedHost } from '../../rig/serve/served-host.js';
import type { Paint } from '../paint.js';
import { terminalText } from '../terminal-text.js';
import { countText, hexText, plural } from '../tree/numbers.js';

const LABEL_COLUMN = 10;

/** What was seen of a guest, when it is gone. */
export function closingLines(
  host: ServedHost | undefined,
  summary: Summary,
  record: string | undefined,
  paint: Paint,
): string[] {
  if (host === undefined) return ['no guest came'];
  const line = (label: string, text: string): string => `${paint.quiet(label.padEnd(LABEL_COLUMN))}${text}`;
  const rows = summary.sorted();
  const calls = rows.filter((row) => row.kind === 'hypercall');
  const others = rows.filter((row) => row.kind !== 'hypercall' && row.kind !== 'rdmsr' && row.kind !== 'wrmsr');
  const counts = new Map<string, number>();
  for (const { kind, count } of others) counts.set(kind, (counts.get(kind) ?? 0) + count);
  return [
    '',
    ...host.facts().map(([label, text]) => line(label, text)),
    ...calls.map((row, i) => line(i === 0 ? 'calls' : '', callText(row, paint))),
    line('events', [...counts].map(([kind, count]) => `${kind} ${countText(count)}`).join(', ')),
    line(
      'total',
      `${plural(summary.records, 'event')}${record === undefined ? '' : ` recorded in ${terminalText(record)}`}`,
    ),
  ];
}

function callText(row: Row, paint: Paint): string {
  const failed = [...row.status].filter(([status]) => status !== 0);
  const refused = failed.map(([status, n]) => `${countText(n)} ${statusName(status) ?? hexText(status)}`).join(', ');
  return [
    `${row.name} ${countText(row.count)}`,
    row.reps > 0 ? paint.quiet(`(${plural(row.reps, 'rep')})`) : '',
    refused === '' ? '' : paint.bad(refused),
  ]
    .filter((text) => text !== '')
    .join(' ');
}
