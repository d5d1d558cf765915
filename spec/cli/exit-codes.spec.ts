import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hvabi, MAPS, VPCI } from './run-cli.js';

const test = suite('cli: exit codes and errors');

interface Case {
  readonly note: string;
  readonly args: readonly string[];
  readonly input?: string | Uint8Array;
  readonly code: number;
  /** First line on standard error, without `hvabi: `. */
  readonly error?: RegExp;
  readonly remedy?: RegExp;
}

const cases: readonly Case[] = [
  {
    note: 'no command',
    args: [],
    code: 2,
    error:
      /^takes a command: decode, timeline, encode, layout, explain, list, fixtures, serve, simulate, replay, compare$/,
  },
  { note: 'an unknown command', args: ['decod'], code: 2, error: /unknown command 'decod'.*decode/ },
  {
    note: 'an unknown option',
    args: ['decode', '--jsnol', VPCI],
    code: 2,
    error: /unknown option '--jsnol'/,
    remedy: /decode --help/,
  },
  { note: 'too many files', args: ['decode', VPCI, VPCI], code: 2, error: /too many arguments/ },
  {
    note: 'a missing file',
    args: ['decode', 'no/such/file'],
    code: 2,
    error: /^no\/such\/file: no such file$/,
    remedy: /standard input/,
  },
  { note: 'a folder', args: ['decode', 'fixtures'], code: 2, error: /^fixtures: is a directory$/ },
  { note: 'a control word that is none', args: ['decode', '--control', '0xzz', VPCI], code: 2, error: /--control.*0x/ },
  {
    note: 'a control word of 65 bits',
    args: ['decode', '--control', '0x10000000000000000', VPCI],
    code: 2,
    error: /64 bits/,
  },
  { note: 'an architecture that is none', args: ['decode', '--arch', 'mips', VPCI], code: 2, error: /x64, arm64/ },
  { note: 'a version that is none', args: ['decode', '--proto', 'one', VPCI], code: 2, error: /--proto/ },
  {
    note: 'a version that nothing speaks',
    args: ['decode', '--proto', '9.9', VPCI],
    code: 2,
    error: /^--proto 9\.9: no such version$/,
    remedy: /^ {2}takes .*1\.1, 1\.2, 1\.3, 1\.4/,
  },
  {
    note: 'an ABI that is none',
    args: ['decode', '--abi', 'linux-1', VPCI],
    code: 2,
    error: /no ABI version "linux-1"/,
    remedy: /linux-6\.12/,
  },
  {
    note: 'a format that is none',
    args: ['decode', '--format', 'elf', VPCI],
    code: 2,
    error: /no format "elf"/,
    remedy: /xxd/,
  },
  { note: 'a filter without =', args: ['decode', '--filter', 'name', VPCI], code: 2, error: /KEY=GLOB/ },
  {
    note: 'an unknown name, with near ones',
    args: ['decode', '--as', 'hv_mesage', VPCI, '--format', 'raw'],
    code: 2,
    error: /hv_message.*E_UNKNOWN_NAME/,
    remedy: /hvabi list/,
  },
  {
    note: 'plain bytes without a name',
    args: ['decode', '--format', 'raw', VPCI],
    code: 2,
    error: /--as NAME or --control/,
  },
  {
    note: 'a name for what a trace says itself',
    args: ['decode', '--as', 'nosuch', VPCI],
    code: 2,
    error: /^fixtures\/captures\/vpci-probe\.jsonl: --as is for plain bytes, and this is a trace$/,
    remedy: /--format raw/,
  },
  {
    note: 'the same from a pipe',
    args: ['decode', '--as', 'hv_message', '--summary'],
    input: '{"k":"marker"}\n',
    code: 2,
    error: /^--as is for plain bytes, and this is a trace$/,
  },
  {
    note: 'a control word for a trace',
    args: ['decode', '--control', '0x5c', '--format', 'jsonl', VPCI],
    code: 2,
    error: /--control is for plain bytes, and this is a trace$/,
  },
  {
    note: 'bytes that end early',
    args: ['decode', '--as', 'hv_message'],
    input: '0001',
    code: 2,
    error: /hv_message.*256 bytes.*E_TRUNCATED/,
  },
  {
    note: 'a line that is no JSON',
    args: ['decode'],
    input: '{"k":"marker"}\n{"k":\n',
    code: 2,
    error: /byte 0xf: line 2 is no JSON.*\[E_RECORD\]$/,
  },
  {
    note: 'an event of thousands of levels',
    args: ['decode', '--jsonl'],
    input: `{"k":"marker","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}\n`,
    code: 2,
    error: /line 1 has more than 64 levels of lists and objects \[E_RECORD\]$/,
  },
  {
    note: 'an event without a kind',
    args: ['decode', '--format', 'trace'],
    input: '{"n":1}\n',
    code: 2,
    error: /line 1.*kind/,
  },
  {
    note: 'hex text with a digit missing',
    args: ['decode', '--format', 'trace'],
    input: '{"k":"ring","relid":1,"raw":"abc"}\n',
    code: 2,
    error: /ring\.raw.*odd number/,
  },
  {
    note: 'text in UTF-16',
    args: ['decode', '--as', 'hv_message'],
    input: Buffer.from('\ufeff{"k":"marker"}\n', 'utf16le'),
    code: 2,
    error: /^is text in UTF-16 \[E_FORMAT\]$/,
    remedy: /iconv -f UTF-16 -t UTF-8 FILE \| hvabi decode -/,
  },
  {
    note: 'a capture that is compressed',
    args: ['timeline'],
    input: gzipSync('{"k":"marker"}\n'),
    code: 2,
    error: /^is compressed by gzip \[E_FORMAT\]$/,
    remedy: /gunzip -c FILE \| hvabi decode -/,
  },
  {
    note: 'no timeline of bytes',
    args: ['timeline'],
    input: '\0\u0001',
    code: 2,
    error: /only a trace has a timeline$/,
  },
  { note: 'no timeline of a missing file', args: ['timeline', 'no/such'], code: 2, error: /^no\/such: no such file$/ },
  { note: 'a clean check', args: ['decode', '--check', '-q', VPCI], code: 0 },
  {
    note: 'a check over an unknown call',
    args: ['decode', '--check', '-q'],
    input: '{"k":"hypercall","control":"0x7777","in":"00"}\n',
    code: 1,
  },
  { note: 'strict, nothing wrong', args: ['decode', '--strict', '-q', MAPS], code: 0 },
  {
    note: 'strict, an issue',
    args: ['decode', '--strict', '-q', '--as', 'vmpacket_descriptor'],
    input: 'ff'.repeat(16),
    code: 1,
    error: /1 issue, and --strict allows none/,
  },
  {
    note: 'the same issue otherwise',
    args: ['decode', '-q', '--as', 'vmpacket_descriptor'],
    input: 'ff'.repeat(16),
    code: 0,
  },
  { note: 'encode without --as', args: ['encode', '{}'], code: 2, error: /--as/ },
  {
    note: 'encode: a missing field',
    args: ['encode', '--as', 'hv_vpset', '{"format":0}'],
    code: 2,
    error: /hv_vpset\.valid_bank_mask.*E_MISSING/,
    remedy: /--defaults/,
  },
  {
    note: 'encode: an unknown field',
    args: ['encode', '--as', 'hv_vpset', '--defaults', '{"frmat":0}'],
    code: 2,
    error: /frmat.*E_UNKNOWN_FIELD/,
    remedy: /hvabi layout/,
  },
  { note: 'encode: no JSON', args: ['encode', '--as', 'hv_vpset', '{'], code: 2, error: /^the argument: .*JSON/ },
  {
    note: 'encode into a folder that is not there',
    args: ['encode', '--as', 'hv_vpset', '--defaults', '{}', '-o', 'no/such/file'],
    code: 2,
    error: /^no\/such\/file: cannot be written: no such folder$/,
    remedy: /folder that is there/,
  },
  { note: 'layout without a name', args: ['layout'], code: 2, error: /takes a name, or --all/ },
  {
    note: 'layout of a version that is none',
    args: ['layout', 'hv_message', '--abi', 'linux-1'],
    code: 2,
    error: /linux-7\.3, not linux-1/,
  },
  { note: 'explain of a word that is none', args: ['explain', '12z'], code: 2, error: /"12z" is no 64-bit value/ },
  {
    note: 'explain as something unknown',
    args: ['explain', '12', '--as', 'colour'],
    code: 2,
    error: /"colour" is no kind of value/,
  },
  { note: 'a list that is none', args: ['list', 'colours'], code: 2, error: /no list "colours"/, remedy: /hypercalls/ },
  { note: 'help', args: ['decode', '--help'], code: 0 },
  { note: 'version', args: ['--version'], code: 0 },
];

for (const { note, args, input, code, error, remedy } of cases) {
  test(note, () => {
    const run = hvabi(args, input === undefined ? {} : { input });
    assert.is(run.code, code, run.err);
    const [first = '', second = ''] = run.err.split('\n');
    if (error === undefined) assert.is(run.err, '');
    else {
      assert.ok(first.startsWith('hvabi: '), run.err);
      // Where the input has a name, it stands in front.
      assert.match(first.replace(/^hvabi: (standard input: )?/, ''), error);
    }
    if (remedy) assert.match(second, remedy);
  });
}

test('an error is one line, and one more with the remedy', () => {
  const { err } = hvabi(['layout', 'hv_no_such_struct']);
  assert.is(err.trimEnd().split('\n').length, 2, err);
});

test.run();
