import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipUnless } from '../support/skip.js';
import { CLI, hvabi, MAPS, plainEnv, VPCI } from './run-cli.js';

const test = suite('cli: colours');

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours themselves are what is looked for
const COLOUR = /\x1b\[[0-9;]*m/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: and taken out
const COLOURS = /\x1b\[[0-9;]*m/g;

const cases: readonly {
  note: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  coloured: boolean;
}[] = [
  { note: 'a pipe', args: [], coloured: false },
  { note: 'always', args: ['--color', 'always'], coloured: true },
  { note: 'always, =', args: ['--color=always'], coloured: true },
  { note: 'never', args: ['--color', 'never'], env: { FORCE_COLOR: '1' }, coloured: false },
  { note: 'FORCE_COLOR', args: [], env: { FORCE_COLOR: '1' }, coloured: true },
  { note: 'FORCE_COLOR=0', args: [], env: { FORCE_COLOR: '0' }, coloured: false },
  { note: 'NO_COLOR wins over FORCE_COLOR', args: [], env: { FORCE_COLOR: '1', NO_COLOR: '1' }, coloured: false },
  { note: 'an empty NO_COLOR is none', args: [], env: { FORCE_COLOR: '1', NO_COLOR: '' }, coloured: true },
  { note: 'always wins over NO_COLOR', args: ['--color=always'], env: { NO_COLOR: '1' }, coloured: true },
];

for (const { note, args, env, coloured } of cases) {
  test(note, () => {
    const { out } = hvabi(['explain', '0xb3', ...args], env ? { env } : {});
    assert.is(COLOUR.test(out), coloured);
  });
}

test('a colour is nothing but a colour', () => {
  const { out } = hvabi(['decode', '--color=always', VPCI]);
  assert.is(out.replace(COLOURS, ''), hvabi(['decode', VPCI]).out);
});

test('JSON has none', () => {
  for (const args of [
    ['decode', '--jsonl', MAPS],
    ['list', 'guids', '--json'],
    ['explain', '1', '--json'],
  ]) {
    assert.not.match(hvabi([...args, '--color=always']).out, COLOUR);
  }
});

const hasScript = spawnSync('script', ['--version']).status === 0;
skipUnless(hasScript, 'no script(1) to make a terminal')(test, 'a terminal', () => {
  const command = `"${process.execPath}" "${CLI}" explain 0xb3`;
  const onTerminal = (env: Readonly<Record<string, string>>): string =>
    spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', env: plainEnv({ TERM: 'xterm', ...env }) })
      .stdout;
  assert.match(onTerminal({}), COLOUR);
  assert.not.match(onTerminal({ NO_COLOR: '1' }), COLOUR);
  assert.not.match(onTerminal({ TERM: 'dumb' }), COLOUR);
});

test('the demo shows both stories', () => {
  const { code, out } = hvabi(['demo', '--color=always']);
  assert.is(code, 0);
  const text = out.replace(COLOURS, '');
  for (const name of [
    'PCI_QUERY_PROTOCOL_VERSION',
    'PCI_BUS_RELATIONS2',
    'HVCALL_RETARGET_INTERRUPT',
    'gpa_page_list',
    '[0..506] 507 entries, contiguous',
  ])
    assert.ok(text.includes(name), name);
});

test.run();
