import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readRecords } from '../../src/capture/input.node.js';
import { RecordFile } from '../../src/capture/record-file.node.js';
import { NO_TRACE, Recorder, teeTrace } from '../../src/capture/recorder.js';
import { Tally } from '../../src/capture/tally.js';
import { readProjectText, withTempFolder } from '../support/project.js';

const test = suite('capture: recorder');

function record(clock = { now: () => 0 }): { recorder: Recorder; lines: string[] } {
  const lines: string[] = [];
  const recorder = new Recorder({ arch: 'x64', tool: 'spec 1', clock, write: (line) => void lines.push(line) });
  return { recorder, lines };
}

test('a header line comes first', () => {
  const { lines } = record();
  assert.equal(lines, ['{"format":"hvc","version":1,"arch":"x64","tool":"spec 1"}']);
});

test('events are numbered and timed from the start of the recording', () => {
  let us = 5000;
  const { recorder, lines } = record({ now: () => us });
  us = 5012;
  recorder.event({ k: 'marker', text: 'one' });
  us = 5040;
  recorder.event({ k: 'marker', text: 'two' });
  assert.equal(lines.slice(1), [
    '{"n":0,"t_us":12,"k":"marker","text":"one"}',
    '{"n":1,"t_us":40,"k":"marker","text":"two"}',
  ]);
  assert.is(recorder.count, 2);
});

test('an event of a capture keeps its own number and time', () => {
  const { recorder, lines } = record();
  recorder.event({ n: 7, t_us: 9, k: 'marker', text: 'x' });
  assert.is(lines[1], '{"n":7,"t_us":9,"k":"marker","text":"x"}');
});

const values: readonly (readonly [string, unknown, string])[] = [
  ['bigint', 0xfeen, '"0xfee"'],
  ['negative bigint', -1n, '"0xffffffffffffffff"'],
  ['bytes', Uint8Array.of(0, 0xab, 0x10), '"00ab10"'],
  ['part of an area', new Uint8Array([1, 2, 3, 4]).subarray(1, 3), '"0203"'],
  ['list of words', BigUint64Array.of(1n, 0x10n), '["0x1","0x10"]'],
  ['nested', { vps: [0, 1], address: 16n }, '{"vps":[0,1],"address":"0x10"}'],
];

for (const [note, value, text] of values)
  test(note, () => {
    const { recorder, lines } = record();
    recorder.event({ k: 'x', value });
    assert.is(lines[1], `{"n":0,"t_us":0,"k":"x","value":${text}}`);
  });

test('tee hands an event to all, in order', () => {
  const seen: string[] = [];
  const sink = (name: string) => ({ event: ({ k }: { k: string }) => void seen.push(`${name} ${k}`) });
  teeTrace(sink('a'), NO_TRACE, sink('b')).event({ k: 'x' });
  assert.equal(seen, ['a x', 'b x']);
});

test('a file of a recorded capture decodes as the capture does', async () => {
  const capture = 'fixtures/captures/vpci-probe.jsonl';
  await withTempFolder((folder) => {
    const path = join(folder, 'again.hvc.jsonl');
    const file = new RecordFile(path);
    const recorder = new Recorder({
      arch: 'x64',
      tool: 'spec 1',
      clock: { now: () => 0 },
      write: (line) => file.line(line),
    });
    const lines = readProjectText(capture).trimEnd().split('\n');
    for (const line of lines) recorder.event(JSON.parse(line) as { k: string });
    file.close();
    file.close();
    file.line('after its end');
    assert.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, lines.length + 1);
    const tally = new Tally();
    let records = 0;
    for (const one of readRecords(path)) {
      tally.add(one);
      records++;
    }
    assert.is(records, lines.length);
    assert.ok(tally.ok, tally.line());
  });
});

test('a file that cannot be made says why', () => {
  assert.throws(
    () => new RecordFile('/no/such/folder/x.hvc.jsonl'),
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
});

test.run();
