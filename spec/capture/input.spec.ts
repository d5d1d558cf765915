import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AbiError, DecodeError } from '../../src/bytes/errors.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { linesOf, piecesOf, recogniseFormat } from '../../src/capture/input.node.js';
import { presentRecord } from '../../src/capture/present.js';
import type { DecodedRecord } from '../../src/capture/record.js';
import { at } from '../support/captures.js';
import { inProject, withTempFolder } from '../support/project.js';
import { bytesOfText, drain, read } from '../support/read-input.js';
import { padTo, u16, u32, u64, zeros } from '../support/trace-events.js';

const format = suite('recogniseFormat');

const FORMATS: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['a trace', '{"n": 0, "k": "setup"}\n', 'trace'],
  ['a trace behind blank lines', '\n  {"k":"setup"}', 'trace'],
  ['a page list', '{"after_event": 3, "gpa": "0x1", "label": "x", "file_offset": 0}\n', 'pages'],
  ['xxd', '00000000: 5c00 0100 0000 0000 0000 0000 0000 0000  \\...............\n', 'xxd'],
  ['bytes', Uint8Array.of(0, 1, 2, 255), 'raw'],
  ['a trace behind the mark of UTF-8', '\ufeff{"k":"setup"}', 'trace'],
  ['xxd behind it', '\ufeff00000000: 5c00 0100 0000 0000 0000 0000 0000 0000  \\...............\n', 'xxd'],
  ['nothing', '', 'raw'],
  ['a brace that begins no object', '{ not json', 'raw'],
];

for (const [title, content, expected] of FORMATS)
  format(title, () =>
    assert.is(recogniseFormat(typeof content === 'string' ? bytesOfText(content) : content), expected),
  );

format.run();

const lines = suite('linesOf');

lines('numbers from 1, offsets in bytes, whatever the pieces', () => {
  const text = 'ab\nü€😀\n\nlast';
  const bytes = bytesOfText(text);
  const expected = [
    { text: 'ab', line: 1, offset: 0 },
    { text: 'ü€😀', line: 2, offset: 3 },
    { text: '', line: 3, offset: 13 },
    { text: 'last', line: 4, offset: 14 },
  ];
  for (let size = 1; size <= bytes.length; size++) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    assert.equal([...linesOf(pieces)], expected, `pieces of ${size}`);
  }
});

lines('the mark of UTF-8 is no part of the first line, and has its place in the file', () => {
  const bytes = bytesOfText('\ufeffab\n\ufeffü\nc');
  const expected = [
    { text: 'ab', line: 1, offset: 3 },
    { text: '\ufeffü', line: 2, offset: 6 },
    { text: 'c', line: 3, offset: 12 },
  ];
  for (const size of [1, 2, 3, 4, 100]) {
    const count = Math.ceil(bytes.length / size);
    const pieces = Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    assert.equal([...linesOf(pieces)], expected, `pieces of ${size}`);
  }
});

lines('a last line feed ends the last line', () => assert.equal([...linesOf([bytesOfText('a\n')])].length, 1));
lines('nothing', () => assert.equal([...linesOf([])], []));

lines('a line without an end is refused', () => {
  const piece = new Uint8Array(1 << 24).fill(0x61);
  assert.throws(
    () => [...linesOf([piece, piece, piece, piece, piece])],
    (error: unknown) =>
      error instanceof DecodeError && error.code === 'E_RECORD' && /line 1 is longer/.test(error.message),
  );
});

lines.run();

const trace = suite('readRecords: traces');

trace('a header line, blank lines and carriage returns are no records', async () => {
  const { records, error } = await read(
    '{"format":"hvabi","version":1}\n\n{"k":"marker","text":"a"}\r\n  \n{"k":"marker","text":"b"}',
  );
  assert.equal([records.map((record) => record.facts?.text), error], [['a', 'b'], undefined]);
});

const BAD: readonly (readonly [string, string, message: RegExp, offset: number])[] = [
  ['no JSON', '{"k":"a"}\n{"k":\n{"k":"b"}\n', /line 2 is no JSON/, 10],
  ['no object', '{"k":"a"}\n[1]\n', /line 2 is no JSON object/, 10],
  ['no kind', '{"k":"a"}\n{"n":5}\n', /line 2: .*an event has a kind/, 10],
  [
    'bad hex behind wide characters',
    '{"k":"ü€"}\n{"k":"ring","raw":"0g"}\n',
    /line 2: ring\.raw.*expected two hex digits/,
    14,
  ],
  [
    'a control word of letters',
    '{"k":"hypercall","control":"x"}',
    /line 1: hypercall\.control: takes a 64-bit word/,
    0,
  ],
];

for (const [title, text, message, offset] of BAD)
  trace(`malformed: ${title}`, async () => {
    const { records, error } = await read(text, { format: 'trace' });
    assert.equal([error?.code, error?.offset], ['E_RECORD', offset]);
    assert.match(error!.message, message);
    // What stands in front of it comes out all the same.
    assert.is(records.length, offset === 0 ? 0 : 1);
  });

trace('links are filled in, or not', async () => {
  const file = inProject('fixtures', 'captures', 'vpci-probe.jsonl');
  const linked = drain(file).records.find((record) => record.n === 57);
  const bare = drain(file, { links: false }).records.find((record) => record.n === 57);
  assert.equal([linked?.links, bare?.links], [{ reply: 58 }, undefined]);
});

trace('a descriptor is read as a file is', () => {
  const file = inProject('fixtures', 'captures', 'tlb.jsonl');
  const fd = openSync(file, 'r');
  try {
    assert.equal(
      drain(fd).records.map((record) => presentRecord(record)),
      drain(file).records.map((record) => presentRecord(record)),
    );
  } finally {
    closeSync(fd);
  }
});

trace('progress counts the bytes', async () => {
  const seen: number[] = [];
  await read('{"k":"marker"}\n', { onProgress: (bytes) => seen.push(bytes) });
  assert.equal(seen, [15]);
});

trace('an empty file has no records', async () => assert.equal((await read('')).records, []));

trace('what cannot be read', async () => {
  assert.is(drain(inProject('nothing-here')).error?.code, 'E_FORMAT');
  await withTempFolder((folder) => {
    mkdirSync(join(folder, 'd'));
    assert.match(drain(join(folder, 'd')).error!.message, /is a directory|cannot be read/);
  });
});

trace.run();

const raw = suite('readRecords: raw bytes and hex text');

const descriptor = u16(6) + u16(2) + u16(3) + u16(1) + u64(5);
const second = descriptor.replace(u64(5), u64(6));
const as = { as: 'vmpacket_descriptor' } as const;
const ids = (records: readonly DecodedRecord[]): unknown[] =>
  records.map((record) => at(presentRecord(record), 'value.trans_id'));

raw('structs one behind the other', async () => {
  const { records } = await read(hexToBytes(descriptor + second), as);
  assert.equal(ids(records), ['0x0000000000000005', '0x0000000000000006']);
});

raw('from a byte on, so many bytes', async () => {
  const bytes = hexToBytes(`ffffff${descriptor}${second}`);
  assert.equal(ids((await read(bytes, { ...as, offset: 3, length: 16 })).records), ['0x0000000000000005']);
  assert.equal(ids((await read(bytes, { ...as, offset: 19 })).records), ['0x0000000000000006']);
  assert.equal(ids((await read(bytes, { ...as, offset: 100 })).records), []);
});

raw('bytes of which nothing says what they are', async () => {
  assert.is((await read(Uint8Array.of(0, 255))).error?.code, 'E_FORMAT');
});

const dump = (address: number, hex: string): string =>
  `${address.toString(16).padStart(8, '0')}: ${hex.match(/../g)!.join(' ')}`;

raw('hex text in two pieces of memory: each starts anew', async () => {
  const text = `${dump(0x1000, descriptor)}\n${dump(0x1010, second)}\n${dump(0x1000_0000, descriptor)}\n`;
  const { records } = await read(text, as);
  assert.equal(ids(records), ['0x0000000000000005', '0x0000000000000006', '0x0000000000000005']);
  assert.equal(
    records.map((record) => record.n),
    [0, 1, 2],
  );
});

raw('bytes that the debugger could not read, and a short jump in the addresses: reported where they are', async () => {
  const row = (address: string, bytes: string): string => `${address}  ${bytes}  ................`;
  const text = [
    row('ffffe001`23450000', '06 00 02 00 03 00 01 00-?? ?? ?? ?? ?? ?? ?? ??'),
    row('ffffe001`23450010', '06 00 02 00 03 00 01 00-05 00 00 00 00 00 00 00'),
    row('ffffe001`23450030', '06 00 02 00 03 00 01 00-06 00 00 00 00 00 00 00'),
  ].join('\n');
  const { records } = await read(`${text}\n`, as);
  assert.equal(
    records.map((record) => record.issues.map((one) => [one.code, one.offset])),
    [[['I_MISSING', 8]], [], [['I_MISSING', 0]], []],
  );
  assert.match(records[0]!.issues[0]!.text, /^8 bytes are not in the dump/);
  assert.equal(ids(records)[3], '0x0000000000000006');
});

raw('plain hex', async () =>
  assert.equal(
    ids((await read(`${descriptor}\n${second}\n`, as)).records),
    ids((await read(hexToBytes(descriptor + second), as)).records),
  ),
);

raw('the format can be forced', async () => {
  const { records } = await read(descriptor, { ...as, format: 'raw' });
  assert.is(records.length, 2);
  assert.is(at(presentRecord(records[0]!), 'value.type'), 0x3630);
});

raw('pieces of a file, its reader told where to begin and to end', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'bytes');
    writeFileSync(
      file,
      Uint8Array.from({ length: 3 << 20 }, (_, i) => i & 255),
    );
    const length = (options: object): number =>
      [...piecesOf(file, options)].reduce((sum, piece) => sum + piece.length, 0);
    assert.equal(
      [length({}), length({ offset: 5 }), length({ offset: 5, length: 1 << 20 }), length({ offset: 3 << 20 })],
      [3 << 20, (3 << 20) - 5, 1 << 20, 0],
    );
  });
});

raw.run();

const pages = suite('readRecords: saved pages');

const map =
  u64(0xffffffffffffffffn) +
  zeros(8) +
  u32(0) +
  u32(1) +
  zeros(4) +
  u32(3) +
  u64(0x40000000) +
  u64(16) +
  u64(17) +
  u64(99);
const ROWS = [
  { after_event: 0, gpa: '0x1000', label: 'input page of call 0xb3 before event 1', file_offset: 0 },
  { after_event: 5, gpa: '0x2000', label: 'open: ring control, guest to host, relid 3', file_offset: 4096 },
];
const PAGES = hexToBytes(padTo(4096, map) + padTo(4096, u32(96) + u32(64)));

async function readPages(
  events: string | undefined,
  rows: readonly object[] = ROWS,
): Promise<{ records: DecodedRecord[]; error: AbiError | undefined }> {
  return withTempFolder((folder) => {
    writeFileSync(join(folder, 'pages.bin'), PAGES);
    writeFileSync(join(folder, 'pages.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    if (events !== undefined) writeFileSync(join(folder, 'events.jsonl'), events);
    return drain(join(folder, 'pages.jsonl'));
  });
}

pages('the control word of the trace beside them tells how much of an input was sent', async () => {
  const { records } = await readPages('{"n":1,"k":"hypercall","control":"0x2000000b3","in":""}\n');
  assert.equal(
    records.map((record) => [record.n, record.kind, record.name]),
    [
      [0, 'page', 'HVCALL_MAP_DEVICE_GPA_PAGES'],
      [1, 'page', 'hv_ring_buffer'],
    ],
  );
  assert.is((at(presentRecord(records[0]!), 'value.gpa_page_list') as unknown[]).length, 2);
  assert.is(at(presentRecord(records[1]!), 'value.write_index'), 96);
});

pages('the header of that trace is none of its events', async () => {
  const header = '{"format":"hvc","version":1,"arch":"arm64","tool":"x"}\n';
  const { records, error } = await readPages(`${header}{"n":1,"k":"hypercall","control":"0x2000000b3","in":""}\n`);
  assert.is(error, undefined);
  assert.is((at(presentRecord(records[0]!), 'value.gpa_page_list') as unknown[]).length, 2);
});

pages('without that trace a list runs to the end of the page', async () => {
  const { records } = await readPages(undefined);
  assert.is((at(presentRecord(records[0]!), 'value.gpa_page_list') as unknown[]).length, 507);
});

for (const offset of [4097 * 2, -1, 0.5, 'x'])
  pages(`a page at ${offset} is not in the file`, async () => {
    const { error } = await readPages(undefined, [{ ...ROWS[0], file_offset: offset }]);
    assert.is(error?.code, 'E_RECORD');
    assert.match(error!.message, /line 1: file_offset .* is outside/);
  });

pages('the pages beside the list are needed', async () => {
  const { error } = await read(`${JSON.stringify(ROWS[0])}\n`, {}, 'pages.jsonl');
  assert.is(error?.code, 'E_FORMAT');
});

pages('a list from a pipe has nothing beside it', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'pages.jsonl');
    writeFileSync(file, `${JSON.stringify(ROWS[0])}\n`);
    const fd = openSync(file, 'r');
    try {
      assert.match(drain(fd).error!.message, /give the file, not a pipe/);
    } finally {
      closeSync(fd);
    }
  });
});

pages.run();
