import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTempFolder } from '../support/project.js';
import { skipUnless } from '../support/skip.js';
import { CLI, hvabi, plainEnv, VPCI } from './run-cli.js';

const test = suite('cli: pipes');

/** Starts a command that prints more than a pipe holds, reads a little of it and closes the pipe. */
function readALittle(
  args: readonly string[],
): Promise<{ code: number | null; signal: string | null; err: string; out: string }> {
  const child = spawn(process.execPath, [CLI, ...args], { env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  let out = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.setEncoding('utf8').once('data', (text: string) => {
    out = text.slice(0, 40);
    child.stdout.destroy();
  });
  return new Promise((done) => {
    child.on('close', (code, signal) => done({ code, signal, err, out }));
  });
}

for (const args of [
  ['layout', '--all'],
  ['layout', '--all', '--json'],
]) {
  test(`a reader that goes away is no error: ${args.join(' ')}`, async () => {
    const { code, signal, err, out } = await readALittle(args);
    assert.is(err, '');
    assert.is(signal, null);
    assert.is(code, 0);
    assert.ok(out.length > 0);
  });
}

for (const args of [['-v'], ['-v', '--workers']])
  test(`a record is complete also where the reader of simulate boot ${args.join(' ')} goes away`, async () => {
    await withTempFolder(async (folder) => {
      const file = join(folder, 'boot.hvc.jsonl');
      const { code, signal, err } = await readALittle(['simulate', 'boot', ...args, '--record', file]);
      assert.equal([code, signal, err], [0, null, '']);
      const whole = hvabi(['decode', file, '--check', '-q']);
      assert.is(whole.code, 0);
      const records = Number(/^(\d+) records/m.exec(whole.out)?.[1]);
      const quiet = ['-q', ...args.slice(1)];
      const told = Number(/(\d+) events/.exec(hvabi(['simulate', 'boot', ...quiet]).out)?.[1]);
      // In real time the number of records varies with the threads.
      if (args.includes('--workers')) assert.ok(records > told / 2, `${records} of ${told}`);
      else assert.is(records, told);
    });
  });

test('- is standard input, and so is no file', () => {
  const input = '{"k":"marker","n":7,"text":"hello"}\n';
  for (const args of [['decode', '-'], ['decode']]) {
    const { code, out } = hvabi(args, { input });
    assert.is(code, 0);
    assert.match(out, /^#7 .*marker +hello\n$/);
  }
});

test('what was printed before an error stays valid JSON', () => {
  const { code, out } = hvabi(['decode', '--json'], { input: '{"k":"marker"}\nnot json\n' });
  assert.is(code, 2);
  assert.ok(Array.isArray(JSON.parse(out)));
});

test('an empty input is an empty output', () => {
  assert.equal(hvabi(['decode']), { code: 0, out: '', err: '' });
  assert.equal(hvabi(['decode', '--json']), { code: 0, out: '[]\n', err: '' });
  assert.equal(hvabi(['decode', '--jsonl']), { code: 0, out: '', err: '' });
});

test('no progress where standard error is no terminal', () => {
  assert.is(hvabi(['decode', '--summary', VPCI]).err, '');
});

skipUnless(existsSync('/dev/full'), 'no /dev/full here')(test, 'a full disk is an error', () => {
  const run = spawnSync('/bin/sh', ['-c', `"${process.execPath}" "${CLI}" list structs > /dev/full`], {
    encoding: 'utf8',
    env: plainEnv(),
  });
  assert.is(run.status, 2);
  assert.match(run.stderr, /no space left/);
});

test.run();
