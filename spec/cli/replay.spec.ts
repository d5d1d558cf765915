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

const until257 = events.filter(({ n }) => Number(n) <= 257);
const refused = until257.with(-1, { ...until257.at(-1), result: '0x6' });

test('what is taken from the recording is said, with the events', () => {
  const frame = 'dom_bad=0x2dc00 dom_bad_status=0x6; refused page 1 (#257)';
  assert.equal(hvabi(['replay', '-'], { input: text(refused) }), {
    code: 0,
    err: '',
    out: `${until257.length - 1} calls of device domains, 0 differences\ntold by the recording: ${frame}\n`,
  });
  const guest = readCallFixture('pviommu-linux-7.2.calls.jsonl').events.slice(0, -1);
  const at = guest.findLastIndex(({ control }) => control === '0x1000000d1');
  const lists = guest.with(at, { ...guest[at], result: '0x5' });
  assert.is(
    hvabi(['replay', '-'], { input: text(lists) }).out,
    `76 calls of device domains, 0 differences\nas recorded: refused list 1 (#${guest[at]!.n})\n`,
  );
  const json = JSON.parse(hvabi(['replay', '--json', '-'], { input: text(refused) }).out) as {
    hosts: { knobs: object }[];
  };
  assert.equal((json.hosts[0]!.knobs as { domBad: number[] }).domBad, [0x2dc00]);
});

test('--knob: a setting that is given stands', () => {
  const n = until257.at(-1)!.n;
  const { code, out } = hvabi(['replay', '--knob', 'dom_bad=0x77,0x78', '--knob', 'dom_chunk=4095', '-'], {
    input: text(refused),
  });
  assert.is(code, 1);
  assert.is(
    out,
    `#${n} HVCALL_MAP_DEVICE_GPA_PAGES: recorded 0x6, here 0x1fb00000000\n${until257.length - 1} calls of device domains, 1 difference\n`,
  );
  for (const knob of [
    'dom_chunk',
    'dom_chunk=',
    'dom_chunk=few',
    'chunk=3',
    'dom_bad=1,x',
    'refuse_list=0x10000',
    '=3',
  ]) {
    const wrong = hvabi(['replay', '--knob', knob, '-'], { input: text(refused) });
    assert.equal([wrong.code, wrong.out], [2, ''], knob);
    assert.match(wrong.err, new RegExp(`--knob ${knob}: takes `));
  }
});

test('a recording that is cut off in a line: what stands before it is replayed, exit 2', () => {
  const whole = text(events);
  const { code, out, err } = hvabi(['replay', '-'], { input: whole.slice(0, whole.length - 20) });
  assert.equal([code, out], [2, '312 calls of device domains, 0 differences\n']);
  assert.match(err, /standard input: .*line 314 is no JSON/);
  const at = events.findIndex(({ n }) => n === 257);
  const strange = hvabi(['replay', '-'], { input: text(events.with(at, { ...events[at], control: 'b3' })) });
  assert.is(strange.code, 2);
  assert.match(strange.out, /^\d+ calls of device domains, 0 differences\n$/);
  assert.match(strange.err, /standard input: event #257: hypercall\.control: takes a 64-bit word/);
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
