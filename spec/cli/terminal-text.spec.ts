import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { presentRecord } from '../../src/capture/present.js';
import { CommandError, errorLines } from '../../src/cli/exit.js';
import { makePaint } from '../../src/cli/paint.js';
import { SummaryView } from '../../src/cli/summary-view.js';
import { terminalJson, terminalText } from '../../src/cli/terminal-text.js';
import { Timeline } from '../../src/cli/timeline/timeline.js';
import { recordLines } from '../../src/cli/tree/record-text.js';
import { withTempFolder } from '../support/project.js';
import { thrownBy } from '../support/thrown-by.js';
import { hvabi } from './run-cli.js';

const test = suite('cli: text of others on a terminal');

// Written out here and not taken from the source: what a line may not have, whoever says what it is called.
const isSteering = (code: number): boolean =>
  code < 0x20 ||
  (code >= 0x7f && code < 0xa0) ||
  [0x61c, 0x200e, 0x200f, 0x2028, 0x2029].includes(code) ||
  (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069);

/** Colours as hvabi puts them: SGR sequences that its palette has. */
const COLOURS = new RegExp(`${String.fromCharCode(0x1b)}\\[(?:0|1|22|3[0-9]|9[0-7])m`, 'g');

function assertHarmless(line: string, colours = false): void {
  const text = colours ? line.replace(COLOURS, '') : line;
  const found = Array.from(text, (c) => c.codePointAt(0)!).filter(isSteering);
  assert.equal(found, [], JSON.stringify(text));
}

test('every steering character is written out, all others stay', () => {
  for (let code = 0; code < 0xd800; code++) {
    const one = String.fromCharCode(code);
    assert.is(terminalText(one) !== one, isSteering(code), code.toString(16));
  }
  assert.is(terminalText('a\u001b[31mb\nc\td\r\u009b\u202e\u007f'), 'a\\x1b[31mb\\nc\\td\\r\\x9b\\u202e\\x7f');
  assert.is(terminalText('größer 𝒳 … ▲'), 'größer 𝒳 … ▲');
});

test('JSON stays what it was', () => {
  const value = { text: '\u001b[31m\n\u009b\u202e\u2028\u007f', '\u0085': [1, { a: '"\\' }] };
  for (const indent of [undefined, 2]) {
    const text = terminalJson(value, indent);
    assert.equal(JSON.parse(text), value);
    for (const line of text.split('\n')) assertHarmless(line);
  }
});

const EVIL = '\u001b[31mred\u001b]0;title\u0007\nforged\r\u009b2J\u202egnp\u2067\u007f\u0085\u2028';

// Every kind that a view knows, and one that none does; every key that a view shows.
const KINDS = [
  ...['hypercall', 'synic_message', 'synic_event', 'synic_pending', 'ring', 'ring_control', 'gpadl', 'rdmsr', 'wrmsr'],
  ...['msi', 'intid', 'device_msi', 'setup', 'marker', 'mmio_rd', 'dma', 'iommu_fault', 'device_domains', 'nvme'],
  ...['ioctl', 'fd_read', 'fd_write', 'fd_open', 'fd_close', 'smmu_event', 'vfio', EVIL],
];
const KEYS = [
  ...['text', 'op', 'reason', 'scenario', 'cpus', 'ram', 'kernel', 'label', 'moment', 'direction', 'class', 'object'],
  ...['errno', 'name', 'path', 'fd', 'bit', 'sint', 'intid', 'address', 'data', 'relid', 'stream', 'state', 'device'],
  ...['access', 'id', 'pt', 'msr', 'vector', 'target', 'iommu', 'rip', 'rdx', 'r8', 'pc', 'vp', 't_us', 'type', EVIL],
];
const SOUND: Readonly<Record<string, unknown>> = {
  control: '0x1005d',
  cmd: '0x3b80',
  value: '0x1',
  raw: '0b'.repeat(32),
  in: '0520000007000000',
  result: '0x2',
};

const evilText = fc
  .constantFrom(EVIL, '\u001b', '\n', '\u0085x', '\u202e', 'plain')
  .chain((bad) => fc.string({ unit: 'binary', maxLength: 6 }).map((more) => bad + more));
const evilValue = fc.oneof(
  evilText,
  fc.integer(),
  fc.array(evilText, { maxLength: 3 }),
  fc.dictionary(evilText, evilText, { maxKeys: 3 }),
  fc.array(fc.dictionary(evilText, evilText, { maxKeys: 1 }), { maxLength: 2 }),
);
const evilEvent = fc
  .record({
    k: fc.constantFrom(...KINDS),
    sound: fc.subarray(Object.keys(SOUND)),
    evil: fc.dictionary(fc.constantFrom(...KEYS), evilValue, { maxKeys: 8 }),
  })
  .map(({ k, sound, evil }): Event & { k: string } => ({
    ...evil,
    ...Object.fromEntries(sound.map((key) => [key, SOUND[key]])),
    k,
  }));

/** All that the views show of an event, or of what is wrong with it. */
function shown(event: Event & { k: string }, colours: boolean): string[] {
  const paint = makePaint(colours);
  const lines: string[] = [];
  const timeline = new Timeline({ arch: 'x64', paint, write: (line) => void lines.push(line) });
  timeline.event({ ...event, n: 1 });
  timeline.flush();
  try {
    const record = new Decoder().push(event);
    const guidName = (): undefined => undefined;
    for (const [all, brief] of [
      [false, false],
      [true, false],
      [false, true],
    ] as const)
      lines.push(...recordLines(record, { paint, all, brief, guidName }));
    const summary = new SummaryView();
    summary.add(record);
    lines.push(...summary.lines(paint), terminalJson(summary.toJson()), terminalJson(presentRecord(record)));
  } catch (error) {
    lines.push(...errorLines(error, EVIL));
  }
  return lines;
}

for (const colours of [false, true])
  test(`nothing that any view shows of a hostile record steers the terminal, ${colours ? 'colours' : 'no colours'}`, () => {
    fc.assert(
      fc.property(evilEvent, (event) => {
        for (const line of shown(event, colours)) assertHarmless(line, colours);
      }),
      { numRuns: 1000, seed: 5 },
    );
  });

test('each kind with each key, and a text in bytes', () => {
  for (const k of KINDS)
    for (const key of KEYS) for (const line of shown({ ...SOUND, k, [key]: EVIL }, false)) assertHarmless(line);
  // The name of a key of the registry, in a structure that says what its bytes are.
  const message = new TextEncoder().encode(EVIL);
  for (const line of shown({ k: 'ring', relid: 1, raw: bytesToHex(message) }, false)) assertHarmless(line);
});

test('errors: what others wrote is in them, and written out', () => {
  const errors = [
    new CommandError(EVIL, EVIL),
    Object.assign(new Error('no'), { code: 'ENOENT', path: EVIL }),
    new Error(EVIL),
    thrownBy(() => new Decoder().push({ k: 'hypercall', control: EVIL })),
    thrownBy(() => new Decoder().push({ k: 'ring', relid: 1, raw: EVIL })),
    thrownBy(() => JSON.parse(`{"a": ${EVIL}`)),
  ];
  for (const error of errors)
    for (const line of errorLines(error, EVIL)) {
      assertHarmless(line);
      assert.ok(line.length > 0);
    }
});

test('the command: forged lines and colours of a capture, of a file name, of an argument', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'evil\u001b[31m\u202e.jsonl');
    const events = [
      { n: 7, k: 'iommu_fault', device: '0x1', iova: '0x1000', access: 'write', reason: EVIL },
      { k: 'setup', scenario: EVIL },
      { k: 'marker', text: EVIL },
      { k: 'vfio', op: EVIL },
      { k: EVIL },
    ];
    writeFileSync(file, `${events.map((one) => JSON.stringify(one)).join('\n')}\n{"k": ${EVIL.replace(/\n/g, '')}\n`);
    const views = [[], ['--brief'], ['--summary'], ['--jsonl']];
    const runs = [
      ...views.map((view) => hvabi(['decode', file, ...view])),
      hvabi(['decode', '--color', 'always', '-v', file]),
      hvabi(['decode', `${file}x`]),
      hvabi(['decode', folder, `--as=${EVIL}`]),
      hvabi(['decode', '--format', EVIL, file]),
      hvabi(['decode', `--${EVIL}`]),
      hvabi([EVIL]),
      hvabi(['explain', EVIL]),
      hvabi(['list', EVIL]),
      hvabi(['encode', '--as', 'hv_vpset', `{"${EVIL}":1}`]),
      hvabi(['replay', file]),
    ];
    for (const { out, err } of runs) for (const line of `${out}\n${err}`.split('\n')) assertHarmless(line, true);
    assert.match(runs[0]!.out, /reason \\x1b\[31mred\\x1b\]0;title\\x07\\nforged/);
    // A forged line would be one more.
    assert.is(runs[1]!.out.trimEnd().split('\n').length, events.length);
  });
});

test.run();
