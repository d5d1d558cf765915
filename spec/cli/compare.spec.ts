import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/capture/event.js';
import { guestRecording, rootRecording } from '../rig/compare/recordings.js';
import { withTempFolder } from '../support/project.js';
import { hvabi } from './run-cli.js';

const test = suite('cli: compare');

const text = (events: readonly Event[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const root = text(rootRecording());

test('both recordings: which driver it is, and that ours makes the same calls', async () => {
  await withTempFolder((folder) => {
    const captures = join(folder, 'root-iommu');
    mkdirSync(captures);
    writeFileSync(join(captures, 'events.jsonl'), root);
    const lines = [
      "a root partition's driver: generation newest, habits own",
      '31 requests, 311 recorded calls, 311 made the same, 0 differences',
    ];
    for (const run of [
      hvabi(['compare', captures]),
      hvabi(['compare', join(captures, 'events.jsonl')]),
      hvabi(['compare', '-'], { input: root }),
    ])
      assert.equal(run, { code: 0, err: '', out: `${lines.join('\n')}\n` });
  });
  const { code, out } = hvabi(['compare', '-'], { input: text(guestRecording()) });
  assert.is(code, 0);
  assert.match(
    out,
    /^a guest's driver: flush single\n\d+ requests, 76 recorded calls, 76 made the same, 0 differences\n$/,
  );
});

test('a difference is a line with its place, and exit 1; JSON has the same', () => {
  const args = ['compare', '-', '--generation', 'v3', '--habits', 'own'];
  const { code, out } = hvabi(args, { input: root });
  assert.is(code, 1);
  const lines = out.trimEnd().split('\n');
  assert.equal(lines.slice(0, 2), [
    '#67 HVCALL_GET_IOMMU_CAPABILITIES: not made here  ffffffffffffffff0000000000000000',
    'before #229 HVCALL_DETACH_DEVICE_DOMAIN: made here, not recorded  ffffffffffffffff1800000000000040',
  ]);
  assert.is(lines.at(-1), '31 requests, 311 recorded calls, 310 made the same, 9 differences');
  assert.is(
    hvabi([...args, '-q'], { input: root })
      .out.trimEnd()
      .split('\n').length,
    2,
  );
  const json = JSON.parse(hvabi([...args, '--json'], { input: root }).out) as {
    driver: string;
    choice: object;
    differences: { what: string; n?: number; name: string; control: string }[];
  };
  assert.equal([json.driver, json.choice], ['root', { generation: 'v3', habits: 'own' }]);
  assert.is(json.differences.length, 9);
  assert.equal(
    [json.differences[0]!.what, json.differences[0]!.n, json.differences[0]!.name],
    ['missing', 67, 'HVCALL_GET_IOMMU_CAPABILITIES'],
  );
});

test('what has nothing to compare, and what is no trace, are said', () => {
  const none = hvabi(['compare', '-'], { input: '{"n":1,"k":"rdmsr","msr":"0x40000002","value":"0x1"}\n' });
  assert.is(none.code, 2);
  assert.match(none.err, /standard input: has no calls of an IOMMU driver\n {2}.*decode --summary/);
  const wrong = hvabi(['compare', 'package.json']);
  assert.is(wrong.code, 2);
  assert.match(wrong.err, /package\.json: .*no JSON/);
  assert.is(hvabi(['compare', '-', '--flush', 'all'], { input: root }).code, 2);
  const quiet = rootRecording().filter(({ k }) => k !== 'marker');
  assert.match(hvabi(['compare', '-', '-q'], { input: text(quiet) }).out, /no requests are noted between its calls/);
});

test.run();
