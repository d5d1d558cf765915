import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTempFolder } from '../support/project.js';
import { hvabi } from './run-cli.js';

const test = suite('cli: timeline of a finished capture');

const linesOf = (text: string): string[] => text.trimEnd().split('\n');

for (const args of [['boot'], ['boot', '-v'], ['root-low-memory'], ['mmiocall', '--arch', 'arm64']])
  test(`what the live run showed, without its own words: ${args.join(' ')}`, async () => {
    await withTempFolder((folder) => {
      const file = join(folder, 'run.hvc.jsonl');
      const live = linesOf(hvabi(['simulate', ...args, '--record', file]).out);
      const { out, err, code } = hvabi(['timeline', ...args.filter((arg) => arg === '-v'), file]);
      assert.equal([err, code], ['', 0]);
      const told = linesOf(out);
      // Events have a time; between them are the words of host and scenario, which no capture has.
      const events = (lines: readonly string[]): string[] => lines.filter((line) => /^ +\d+\.\d{6}s /.test(line));
      assert.ok(told.length > 20);
      assert.equal(events(told), events(live));
      assert.equal(
        told.filter((line) => !live.includes(line)),
        [],
      );
    });
  });

test('from a pipe, filtered, with every event', () => {
  const file = 'fixtures/captures/pviommu.jsonl';
  const input = readFileSync(file);
  assert.is(hvabi(['timeline'], { input }).out, hvabi(['timeline', file]).out);
  const calls = linesOf(hvabi(['timeline', file, '--filter', 'name=HVCALL_*_DEVICE_DOMAIN', '-v']).out);
  assert.ok(calls.length > 5);
  for (const line of calls) assert.match(line, /→ HVCALL_\w+_DEVICE_DOMAIN /);
  const one = linesOf(hvabi(['timeline', file, '--filter', 'kind=setup']).out);
  assert.is(one.length, 1);
});

test('what came before a broken line is told', () => {
  const { out, err, code } = hvabi(['timeline'], { input: '{"k":"marker","text":"here"}\nnothing\n' });
  assert.is(code, 2);
  assert.match(out, /marker +here\n$/);
  assert.match(err, /behind record 0: byte 0x1d: line 2 is no JSON/);
});

test.run();
