import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../src/bytes/hex.js';
import type { JsonRecord } from '../../src/capture/present.js';
import { filterOf } from '../../src/cli/filter.js';
import { readProjectText, withTempFolder } from '../support/project.js';
import { hvabi, MAPS, VPCI } from './run-cli.js';

const test = suite('cli: decode');

interface Row {
  readonly n: number;
  readonly kind: string;
  readonly name?: string;
  readonly version?: string;
  readonly hex?: string;
  readonly inner?: { readonly name?: string };
  readonly links?: { readonly request?: number; readonly reply?: number };
}

const rowsOf = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

const numbers = (args: readonly string[], file = VPCI): number[] =>
  rowsOf(hvabi(['decode', '--jsonl', ...args, file]).out).map((row) => row.n);

// One start for all that only looks at the records.
const rowsIn = new Map([VPCI, MAPS].map((file) => [file, rowsOf(hvabi(['decode', '--jsonl', file]).out)]));

test('--jsonl is one object a record, --json one array of the same', () => {
  const events = readProjectText(VPCI).trimEnd().split('\n').length;
  const lines = rowsIn.get(VPCI) ?? [];
  assert.is(lines.length, events);
  assert.equal(JSON.parse(hvabi(['decode', '--json', VPCI]).out), lines);
});

test('a request names its reply, a reply its request', () => {
  const rows = rowsIn.get(VPCI) ?? [];
  const linked = rows.filter((row) => row.links?.reply !== undefined);
  assert.ok(linked.length >= 9, `${linked.length} requests have a reply`);
  for (const row of linked) assert.is(rows.find((other) => other.n === row.links?.reply)?.links?.request, row.n);
});

const filters: readonly { note: string; filter: readonly string[]; file?: string; numbers: readonly number[] }[] = [
  { note: 'a name', filter: ['name=HVCALL_RETARGET_INTERRUPT'], numbers: [487] },
  { note: 'any text', filter: ['name=HVCALL_S*'], numbers: [56] },
  { note: 'any character', filter: ['n=5?', 'kind=ring'], numbers: [57, 58] },
  {
    note: 'all have to match',
    filter: ['kind=ring', 'inner.name=PCI_CREATE_*', 'direction=guest*'],
    numbers: [384, 477],
  },
  { note: 'a number', filter: ['n=487'], numbers: [487] },
  { note: 'an inner field', filter: ['inner.value.vmbus_version_requested=327683'], numbers: [34] },
  { note: '64 bits', filter: ['value.input.device_id=0x0000000037a94e00'], numbers: [487] },
  { note: 'a boolean', filter: ['value.control.fast=true'], numbers: [56] },
  {
    note: 'an element of a list',
    filter: ['value.input.gpa_page_list.0=0x000000000002efb1'],
    file: MAPS,
    numbers: [297],
  },
  { note: 'any element', filter: ['value.input.gpa_page_list=0x000000000002efb3'], file: MAPS, numbers: [297] },
  { note: 'a key that is not there', filter: ['nothing=*'], numbers: [] },
  { note: 'the whole text has to match', filter: ['name=HVCALL'], numbers: [] },
  { note: 'a glob takes a dot as it is', filter: ['name=HVCALL.*'], numbers: [] },
];

for (const { note, filter, file = VPCI, numbers: wanted } of filters) {
  test(`--filter: ${note}`, () => {
    const keep = filterOf(filter);
    assert.equal(
      rowsIn
        .get(file)
        ?.filter((row) => keep(row as unknown as JsonRecord))
        .map((row) => row.n),
      [...wanted],
    );
  });
}

test('--filter is repeatable, and all have to match', () => {
  assert.equal(
    numbers(['--filter', 'kind=ring', '--filter', 'inner.name=PCI_CREATE_*', '--filter', 'direction=host*']),
    [385, 478],
  );
});

test('--check counts in the last line, also with -q, --jsonl and --filter', () => {
  const last = (args: readonly string[]): string =>
    hvabi(['decode', '--check', ...args, VPCI])
      .out.trimEnd()
      .split('\n')
      .at(-1) ?? '';
  const all =
    '33 records, 28 with bytes, 28 decoded, 28 re-encoded identically, 0 bytes unattributed, 0 payload bytes of undeclared classes, 0 unknown names, 0 issues';
  assert.is(last([]), all);
  assert.is(last(['-q']), all);
  assert.is(last(['--jsonl']), all);
  assert.is(last(['--summary']), all);
  assert.is(hvabi(['decode', '--check', '-q', VPCI]).out, `${all}\n`);
  assert.match(last(['--filter', 'kind=ring']), /^15 records, 15 with bytes, 15 decoded, 15 re-encoded/);
});

test('-q prints nothing, --brief one line a record', () => {
  assert.equal(hvabi(['decode', '-q', VPCI]), { code: 0, out: '', err: '' });
  const lines = hvabi(['decode', '--brief', VPCI]).out.trimEnd().split('\n');
  assert.is(lines.length, numbers([]).length);
  assert.ok(lines.every((line) => line.startsWith('#')));
});

test('-v shows every element, without it a list is folded', () => {
  const folded = hvabi(['decode', '--filter', 'n=257', MAPS]).out;
  const open = hvabi(['decode', '-v', '--filter', 'n=257', MAPS]).out;
  assert.match(folded, /gpa_page_list +0x2dc00 … 0x2ddfa {2}\[0\.\.506\] 507 entries, contiguous/);
  assert.is(open.match(/^ {2}[0-9a-f]{4} .* \[\d+\] +0x/gm)?.length, 507);
  assert.match(open, /^ {2}0ff8 .* \[506\] +0x2ddfa$/m);
});

const page = (): Uint8Array => {
  const input = new Uint8Array(4096);
  input.set(
    hexToBytes(
      String(
        JSON.parse(
          readProjectText(MAPS)
            .split('\n')
            .find((line) => line.includes('"n": 297,'))!,
        ).in,
      ),
    ),
  );
  return input;
};

test('a raw page: its control word, or the whole page', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'page.bin');
    writeFileSync(file, page());
    const args = ['decode', '--jsonl', '--format', 'raw', file];
    const reps = (more: readonly string[]): number => {
      const [row] = rowsOf(hvabi([...args, ...more]).out) as (Row & {
        value: { input: { gpa_page_list: string[] } };
      })[];
      assert.is(row?.name, 'HVCALL_MAP_DEVICE_GPA_PAGES');
      return row?.value.input.gpa_page_list.length ?? -1;
    };
    assert.is(reps(['--control', '0x1b000000b3']), 27);
  });
});

test('--offset, --length and --stride pick structures out of a file', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'structs.bin');
    // 3 bytes in front, then two page ranges 16 bytes apart.
    writeFileSync(
      file,
      hexToBytes(`aabbcc${'0b000100000000a0'}${'ff'.repeat(8)}${'0c000100000000b0'}${'ff'.repeat(8)}`),
    );
    const hexes = (args: readonly string[]): (string | undefined)[] =>
      rowsOf(hvabi(['decode', '--jsonl', '--format', 'raw', '--as', 'hv_pci_bdf', ...args, file]).out).map((row) =>
        row.hex?.slice(0, 4),
      );
    assert.equal(hexes(['--offset', '3', '--stride', '16']), ['0b00', '0c00']);
    assert.equal(hexes(['--offset', '0x3', '--length', '2']), ['0b00']);
    assert.equal(hexes(['--length', '4']), ['aabb', 'cc0b']);
  });
});

test('hex text is recognised, and can be forced', () => {
  const input = '00000000: 0600 0200 0300 0100 0100 0000 0000 0000  ................\n';
  for (const format of [[], ['--format', 'hex'], ['--format', 'xxd']]) {
    const [row] = rowsOf(hvabi(['decode', '--jsonl', '--as', 'vmpacket_descriptor', ...format], { input }).out);
    assert.is(row?.hex, '06000200030001000100000000000000');
  }
});

test('--arch picks the layout, --abi the version', () => {
  const zeros = '00'.repeat(88);
  const struct = (args: readonly string[]): string =>
    hvabi(['decode', '--as', 'hv_input_map_device_interrupt', ...args], { input: zeros }).out;
  assert.match(struct(['--arch', 'arm64']), /hv_input_map_device_interrupt {2}arm64 {2}abi linux-7\.3 {2}88 bytes/);
  assert.match(struct(['--arch', 'arm64', '--abi', 'linux-6.12']), /arm64 {2}abi linux-6\.12/);
});

test('--proto and --direction choose the form of a message', () => {
  const input = readFileSync('/dev/null');
  assert.is(
    hvabi(['decode', '--as', 'PCI_CREATE_INTERRUPT_MESSAGE', '--proto', '1.1', '--direction', 'g2h'], { input }).code,
    0,
  );
});

test('--summary is a table, or JSON', () => {
  const text = hvabi(['decode', '--summary', MAPS]).out;
  assert.match(
    text,
    /^hypercall +HVCALL_MAP_DEVICE_GPA_PAGES +2 +4,352 +534 .*534 entries 0x2dc00\.\.0x2efcb in 2 runs$/m,
  );
  const json = JSON.parse(hvabi(['decode', '--summary', '--json', MAPS]).out) as {
    records: number;
    rows: { name: string; count: number }[];
  };
  assert.is(json.records, 12);
  assert.is(json.rows.find((row) => row.name === 'HVCALL_ATTACH_DEVICE_DOMAIN')?.count, 3);
});

test('a summary of raw pages says what the pages one by one say', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'pages.bin');
    const pages = new Uint8Array(4096 * 5 + 100);
    for (let i = 0; i < 5; i++) pages.set(page(), i * 4096);
    // One with a reserved byte set, and a last one that is cut.
    pages[4096 * 2 + 9] = 1;
    pages.set(page().subarray(0, 100), 4096 * 5);
    writeFileSync(file, pages);
    const args = ['decode', '--summary', '--json', '--format', 'raw', '--control', '0x1b000000b3', file];
    // A filter that every record passes keeps the totals from being taken without decoding.
    assert.equal(JSON.parse(hvabi(args).out), JSON.parse(hvabi([...args, '--filter', 'n=*']).out));
  });
});

test.run();
