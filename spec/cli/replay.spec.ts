import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCallFixture } from '../hypervisor/iommu/call-fixture.js';
import { inProject, withTempFolder } from '../support/project.js';
import { hvabi } from './run-cli.js';

const test = suite('cli: replay');

const { events } = readCallFixture('root-iommu-linux-7.2.calls.jsonl');
const text = (list: readonly object[]) => list.map((event) => `${JSON.stringify(event)}\n`).join('');

test('a capture, its folder and standard input: every call has its answer', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'events.jsonl');
    writeFileSync(file, text(events));
    for (const run of [
      hvabi(['replay', file]),
      hvabi(['replay', folder]),
      hvabi(['replay', '-'], { input: text(events) }),
    ])
      assert.equal(run, {
        code: 0,
        err: '',
        out: '312 calls of device domains, 1 state of all domains, 0 differences\n',
      });
  });
});

test('a difference is a line and exit 1; JSON has the same', () => {
  const capture = inProject('fixtures', 'captures', 'map-device-gpa-pages.jsonl');
  const { code, out } = hvabi(['replay', capture]);
  assert.is(code, 1);
  assert.equal(out.trimEnd().split('\n'), [
    '#511 HVCALL_UNMAP_DEVICE_GPA_PAGES: recorded 0x3f700000000, here 0x5',
    '#512 HVCALL_DELETE_DEVICE_DOMAIN: recorded 0x0, here 0x8',
    '9 calls of device domains, 2 differences',
  ]);
  assert.is(hvabi(['replay', '-q', capture]).out, '9 calls of device domains, 2 differences\n');
  const json = hvabi(['replay', '--json', capture]);
  assert.is(json.code, 1);
  const found = JSON.parse(json.out) as { calls: number; differences: object[]; hosts: object[] };
  assert.equal([found.calls, found.differences.length], [9, 2]);
  assert.equal(found.differences[0], {
    n: 511,
    code: '0xb4',
    expected: '0x3f700000000',
    got: '0x5',
    name: 'HVCALL_UNMAP_DEVICE_GPA_PAGES',
  });
});

test('what is taken from the recording is counted', () => {
  const parts = events.map((event) => (event.n === 259 ? { ...event, result: '0x100000000' } : event));
  const { code, out } = hvabi(['replay', '-q', '-'], { input: text(parts) });
  assert.is(code, 1);
  assert.match(out, /^312 calls .* [1-9]\d* differences? \(as recorded: in parts 1\)\n$/);
});

test('what is no capture is said, with exit 2', async () => {
  await withTempFolder((folder) => {
    mkdirSync(join(folder, 'empty'));
    for (const [args, input, error] of [
      [['replay'], '', /missing required argument 'capture'/],
      [['replay', 'no/such/file'], '', /no\/such\/file: no such file/],
      [['replay', join(folder, 'empty')], '', /is a directory without events\.jsonl/],
      [['replay', '-'], '{"k":"end"}\n', /has no calls of device domains/],
      [['replay', '-'], '{"k":"hypercall","control":"b4","result":"0x0"}\n', /takes a 64-bit word as text/],
      [['replay', '-'], 'nothing\n', /line 1 is no JSON/],
      [['replay', '-'], '[]\n', /line 1 is no JSON object/],
    ] as const) {
      const { code, err, out } = hvabi([...args], { input });
      assert.equal([code, out], [2, ''], args.join(' '));
      assert.match(err, error);
    }
  });
});

test.run();
