import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { makePaint } from '../../src/cli/paint.js';
import { SummaryView } from '../../src/cli/summary-view.js';
import { recordLines } from '../../src/cli/tree/record-text.js';

const test = suite('cli: how a system call ended');

const paint = makePaint(false);
const show = (event: Event, brief: boolean): string[] =>
  recordLines(new Decoder().push(event), { paint, all: false, brief, guidName: () => undefined });

const destroy = (more: Record<string, unknown>): Event => ({
  k: 'ioctl',
  fd: 3,
  cmd: '0x3b80',
  in: '0800000007000000',
  ...more,
});

for (const [event, end] of [
  [destroy({ result: 0 }), 'IOMMU_DESTROY → 0'],
  [destroy({ result: -1, errno: 'EBUSY' }), 'IOMMU_DESTROY → EBUSY'],
  [destroy({ result: -1 }), 'IOMMU_DESTROY → -1'],
  [destroy({}), 'IOMMU_DESTROY'],
  [{ k: 'fd_read', fd: 5, object: 'veventq', type: 1, raw: '', result: -1, errno: 'EINVAL' }, 'header → EINVAL'],
  [{ k: 'fd_write', fd: 4, object: 'fault', raw: '0100000000000000', result: 8 }, 'iommu_hwpt_page_response → 8'],
] as const)
  test(`in the head of its record, in one line and in full: ${end}`, () => {
    const [brief = '', ...others] = show(event, true);
    assert.is(others.length, 0);
    assert.ok(`${brief} `.includes(`${end} `), brief);
    assert.is(brief.includes('→'), end.includes('→'));
    const full = show(event, false);
    assert.ok(full[0]?.includes(end), full[0]);
    // Said once.
    assert.not.match(full[0] ?? '', /\b(errno|result) /);
  });

test('in the summary: errors by name beside those that were done', () => {
  const view = new SummaryView();
  const decoder = new Decoder();
  for (const errno of [undefined, 'EBUSY', 'ENOENT', 'EBUSY'])
    view.add(decoder.push(destroy(errno === undefined ? { result: 0 } : { result: -1, errno })));
  assert.match(view.lines(paint)[1] ?? '', /IOMMU_DESTROY +4 +32 +done 1, EBUSY 2, ENOENT 1$/);
});

test('a StreamID and a GPADL have one radix everywhere', () => {
  assert.match(show({ k: 'gpadl', relid: 3, gpadl: 925200 }, false)[0] ?? '', /gpadl 0xe1e10$/);
  assert.match(show({ k: 'dma', stream: 33, address: '0x60000040', state: 'done' }, false)[0] ?? '', /stream 0x21 /);
  assert.match(show({ k: 'vfio', op: 'bind', stream: 33, id: 1 }, true)[0] ?? '', /stream 0x21 +id 1/);
});

test.run();
