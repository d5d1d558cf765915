// The least that a reader of a JSON-lines trace can do: split lines, parse, and turn the hex of the byte strings into bytes.
import { readFileSync } from 'node:fs';

const file = process.argv[2];
if (file === undefined) throw new Error('takes a file');
let records = 0;
let bytes = 0;
for (const line of readFileSync(file, 'utf8').split('\n')) {
  if (line === '') continue;
  const event = JSON.parse(line) as Record<string, unknown>;
  records++;
  for (const key of ['in', 'out', 'raw', 'ctl']) {
    const text = event[key];
    if (typeof text === 'string') bytes += Buffer.from(text, 'hex').length;
  }
}
process.stdout.write(`${JSON.stringify({ records, bytes })}\n`);
