import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { Event } from '../../src/capture/event.js';
import { makePaint, plainLine } from '../../src/cli/paint.js';
import { Timeline } from '../../src/cli/timeline/timeline.js';
import { readProjectText } from '../support/project.js';

const test = suite('cli: timeline');

interface Told {
  readonly lines: string[];
  readonly timeline: Timeline;
}

function told(file: string, arch: 'x64' | 'arm64' = 'x64', show: 'story' | 'all' | 'none' = 'story'): Told {
  const lines: string[] = [];
  const timeline = new Timeline({ arch, show, paint: makePaint(false), write: (line) => void lines.push(line) });
  for (const text of readProjectText('fixtures', 'captures', file).trimEnd().split('\n'))
    timeline.event(JSON.parse(text) as { k: string });
  timeline.flush();
  return { lines, timeline };
}

const boot = told('conversation-boot.jsonl').lines.join('\n');

for (const [note, pattern] of [
  ['a message to the host', /vp\d +→ CHANNELMSG_INITIATE_CONTACT +version 5\.3 {2}VP 0/],
  ['a message to the guest', /vp0 +← CHANNELMSG_VERSION_RESPONSE +agreed/],
  ['an offer', /← CHANNELMSG_OFFERCHANNEL +channel 3 {2}HV_PCIE_GUID {2}8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18/],
  ['a packet', /→ PCI_QUERY_PROTOCOL_VERSION +channel 3 {2}version 1\.4/],
  ['its answer', /← PCI_QUERY_PROTOCOL_VERSION \(reply\) +channel 3$/m],
  ['functions', /← PCI_BUS_RELATIONS2 +channel 3 {2}1 function {2}00\.0 1414:b111 serial 0x1000/],
  ['resources', /PCI_QUERY_RESOURCE_REQUIREMENTS \(reply\) +channel 3 {2}BAR0 mask 0xffffc004/],
  ['an interrupt', /→ PCI_CREATE_INTERRUPT_MESSAGE3 +channel 3 {2}00\.0 {2}vector 0x22 {2}VP 0/],
  ['its message', /← PCI_CREATE_INTERRUPT_MESSAGE3 \(reply\) +channel 3 {2}address 0xfee01000 {2}data 0x21/],
  ['a retarget', /→ HVCALL_RETARGET_INTERRUPT +device 0x37a94e00 {2}vector 0x22 at VP 0/],
] as const)
  test(note, () => assert.match(boot, pattern));

test('what comes with every message is not shown', () => {
  for (const noise of ['HVCALL_SIGNAL_EVENT', 'synic_event', 'HYPERVISOR_CALLBACK_VECTOR', 'ring_control'])
    assert.not.match(boot, noise);
});

test('a call that fails has a line with its status', () => {
  const { lines } = told('root-interrupts.jsonl');
  const failed = lines.filter((line) => line.includes('HV_STATUS_'));
  assert.ok(failed.length > 0);
  assert.match(failed[0]!, /HVCALL_ADD_LOGICAL_PROCESSOR +processor 1 {2}APIC 1 {2}HV_STATUS_INSUFFICIENT_MEMORY/);
});

test('calls of device domains tell what they do', () => {
  const lines = told('pviommu.jsonl')
    .lines.concat(told('map-device-gpa-pages.jsonl').lines, told('root-interrupts.jsonl').lines)
    .join('\n');
  for (const pattern of [
    /HVCALL_GET_IOMMU_CAPABILITIES +present {2}stage 1 {2}48 bits {2}page sizes 0x40201000/,
    /HVCALL_GET_LOGICAL_DEVICE_PROPERTY +logical device id 0x37a94e00 {2}enabled/,
    /HVCALL_CONFIGURE_DEVICE_DOMAIN +stage-1 domain 2 {2}blocked/,
    /HVCALL_CONFIGURE_DEVICE_DOMAIN +stage-1 domain 3 {2}4-level tables at 0x[0-9a-f]+000$/m,
    /HVCALL_ATTACH_DEVICE_DOMAIN +logical device id 0x37a94e00 {2}to stage-1 domain 3/,
    /HVCALL_FLUSH_DEVICE_DOMAIN_LIST +stage-1 domain \d+ {2}\d+ pages? at 0x/,
    /HVCALL_DEPOSIT_MEMORY +1 page {2}for (itself|partition 0x[0-9a-f]+)/,
    /HVCALL_MAP_DEVICE_GPA_PAGES +domain \d+ {2}\d+ pages? at 0x[0-9a-f]+000 {2}to 0x[0-9a-f]+000 {2}r[w-]/,
  ])
    assert.match(lines, pattern);
});

test('of one call many times in a row three are shown and the rest counted', () => {
  const call = {
    k: 'hypercall',
    vp: 0,
    control: '0xfff000000b4',
    code: 0xb4,
    fast: false,
    var: 0,
    reps: 4095,
    start: 0,
  };
  const input = `${'ff'.repeat(8)}${'00'.repeat(8)}${'0000000001000000'}${'0000004000000000'}`;
  const lines: string[] = [];
  const timeline = new Timeline({ arch: 'x64', paint: makePaint(false), write: (line) => void lines.push(line) });
  for (let n = 0; n < 5; n++) timeline.event({ ...call, n, t_us: n, in: input, out: '', result: '0xfff00000000' });
  timeline.event({ ...call, n: 5, t_us: 5, in: input, out: '', result: '0x1f00000000b' });
  assert.is(lines.length, 5);
  assert.match(lines[2]!, /HVCALL_UNMAP_DEVICE_GPA_PAGES +domain 1 {2}4,095 pages at 0x40000000$/);
  assert.match(lines[3]!, /… 2 more HVCALL_UNMAP_DEVICE_GPA_PAGES \(8,190 pages, 0x40000000 to 0x40ffefff\)$/);
  assert.match(lines[4]!, /496 of 4095 done {2}HV_STATUS_INSUFFICIENT_MEMORY$/);
});

test('folded maps say how many pages they had and from where to where, in any order; deposits how many', () => {
  const domain = `${'ff'.repeat(8)}${'00'.repeat(8)}${'0000000001000000'}`;
  const le64 = (value: bigint): string =>
    Array.from({ length: 8 }, (_, i) => ((value >> BigInt(8 * i)) & 255n).toString(16).padStart(2, '0')).join('');
  const map = (iova: bigint): string => `${domain}${'00'.repeat(4)}${'03000000'}${le64(iova)}${le64(1n)}${le64(2n)}`;
  const calls = [
    ...[1n, 2n, 3n, 9n, 5n, 0xffff_ffff_ffff_en].map((page) => ['0x2000000b3', map(page << 12n)] as const),
    ...Array.from({ length: 5 }, () => ['0x200000048', `${'ff'.repeat(8)}${le64(1n)}${le64(2n)}`] as const),
  ];
  const lines: string[] = [];
  const timeline = new Timeline({ arch: 'x64', paint: makePaint(false), write: (line) => void lines.push(line) });
  for (const [control, input] of calls)
    timeline.event({ k: 'hypercall', vp: 0, control, in: input, out: '', result: '0x200000000' });
  timeline.flush();
  assert.equal(
    lines.filter((line) => line.includes('…')).map((line) => line.trim()),
    [
      '… 3 more HVCALL_MAP_DEVICE_GPA_PAGES (6 pages, 0x5000 to 0xffffffffffffffff)',
      '… 2 more HVCALL_DEPOSIT_MEMORY (4 pages)',
    ],
  );
});

test('a line that the terminal has no room for goes on below, further in', () => {
  const columns = (count: number | undefined): string[] => {
    const lines: string[] = [];
    const paint = makePaint(true, count);
    const timeline = new Timeline({ arch: 'x64', paint, write: (line) => void lines.push(plainLine(line)) });
    timeline.note('a note of the host that is longer than one line of such a terminal can be, by some words');
    for (const text of readProjectText('fixtures', 'captures', 'pviommu.jsonl').trimEnd().split('\n'))
      timeline.event(JSON.parse(text) as { k: string });
    timeline.flush();
    return lines;
  };
  const wide = columns(undefined);
  assert.ok(wide.some((line) => line.length > 100));
  assert.equal(columns(200), wide);
  const words = (lines: readonly string[]): string => lines.join(' ').replace(/\s+/g, ' ');
  for (const width of [80, 120]) {
    const narrow = columns(width);
    assert.equal(
      narrow.filter((line) => line.length > width),
      [],
      `${width}`,
    );
    assert.is(words(narrow), words(wide));
    for (const line of narrow) assert.ok(/^ {2,}\d+\.\d{6}s | {19,}\S/.test(line), line);
  }
  assert.ok(columns(80).length > wide.length);
});

test('the state of all domains is a sentence, whatever stands in it', () => {
  const lines: string[] = [];
  const timeline = new Timeline({ arch: 'x64', paint: makePaint(false), write: (line) => void lines.push(line) });
  const domains = { '1:0x1': 0, '1:0x3': 1500 };
  timeline.event({ k: 'device_domains', pool: 131072, domains, devices: { '0x37a94e00': '1:0x3' } });
  timeline.event({ k: 'device_domains', pool: 'x', domains: [null], devices: 3 });
  assert.match(
    lines[0]!,
    /device_domains +2 domains {2}1 device {2}1,500 pages mapped {2}131,072 pages left for tables$/,
  );
  assert.match(lines[1]!, /device_domains +1 domain {2}0 devices {2}0 pages mapped$/);
});

test('what is done with devices, in words, StreamIDs as the SMMU has them', () => {
  const lines: string[] = [];
  const timeline = new Timeline({ arch: 'x64', paint: makePaint(false), write: (line) => void lines.push(line) });
  for (const event of [
    { k: 'vfio', op: 'bind', stream: 33, id: 1 },
    { k: 'vfio', op: 'attach', device: 1, pt: 9, id: 9 },
    { k: 'vfio', op: 'attach', device: 1, pt: 3, id: 12 },
    { k: 'vfio', op: 'detach', device: 1, errno: 'ENOENT' },
    { k: 'dma', stream: 33, address: '0x60000040', state: 'stalled' },
    { k: 'vfio', op: 'dance', stream: 33 },
  ])
    timeline.event(event);
  assert.equal(
    lines.map((line) => line.replace(/^ +0\.000000s +/, '').replace(/ {3,}/, ' ')),
    [
      'vfio bind  stream 0x21  → device 1',
      'vfio attach  device 1 to 9',
      'vfio attach  device 1 to 3  → object 12',
      'vfio detach  device 1  ENOENT',
      'dma stream 0x21  at 0x60000040  stalled',
      'vfio op dance  stream 0x21',
    ],
  );
});

test('repeated calls are a count', () => {
  assert.match(told('tlb.jsonl').lines.join('\n'), /… .*\d+ (IPI calls?|TLB flush(es)?)/);
});

test('arm64 registers are shown as registers', () => {
  const { lines } = told('arm64-registers.jsonl', 'arm64');
  assert.ok(lines.some((line) => /→ (HV_X64_MSR|HV_REGISTER)_\w+ +0x/.test(line)));
  assert.not.match(lines.join('\n'), 'HVCALL_SET_VP_REGISTERS');
});

test('verbose folds nothing, quiet shows nothing, both count all', () => {
  const events = readProjectText('fixtures', 'captures', 'conversation-boot.jsonl').trimEnd().split('\n').length;
  const all = told('conversation-boot.jsonl', 'x64', 'all');
  assert.is(all.lines.length, events);
  const none = told('conversation-boot.jsonl', 'x64', 'none');
  assert.is(none.lines.length, 0);
  assert.is(none.timeline.summary.records, events);
});

test('a note comes behind what happened before it', () => {
  const lines: string[] = [];
  const timeline = new Timeline({ arch: 'x64', paint: makePaint(false), write: (line) => void lines.push(line) });
  timeline.event({ k: 'mmio_rd', t_us: 1, vp: 0, gpa: 0xf8000000n, size: 4, value: 1n });
  timeline.note('the host says');
  assert.equal(
    lines.map((line) => line.trim()),
    ['… 1 device register access', 'the host says'],
  );
});

test('an event that cannot be decoded in full is still told', () => {
  const lines: string[] = [];
  const timeline = new Timeline({ arch: 'x64', paint: makePaint(false), write: (line) => void lines.push(line) });
  timeline.event({ k: 'hypercall', t_us: 1, vp: 0, control: '0x7fff', in: '', result: '0x2' });
  timeline.event({ k: 'something', t_us: 2, text: 'new' });
  assert.match(lines[0]!, /call 0x7fff +HV_STATUS_INVALID_HYPERCALL_CODE/);
  assert.match(lines[1]!, /something +text new/);
});

type Recorded = Event & { readonly k: string };

/** The lines of events, by their words behind the name. */
function linesOf(...events: readonly Recorded[]): string[] {
  const lines: string[] = [];
  const timeline = new Timeline({ arch: 'x64', paint: makePaint(false), write: (line) => void lines.push(line) });
  for (const [n, event] of events.entries()) timeline.event({ n, t_us: 10, ...event });
  timeline.flush();
  return lines.map((line) => line.trim().replace(/^0\.000010s +/, ''));
}

const words32 = (...values: readonly number[]): string => {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return bytesToHex(new Uint8Array(view.buffer));
};

test('VIO: of a refused request nothing was made, whatever the caller had in its out words', () => {
  assert.equal(
    linesOf(
      { k: 'ioctl', fd: 3, cmd: '0x3b81', in: words32(12, 1, 7), result: -1, errno: 'EOPNOTSUPP' },
      { k: 'ioctl', fd: 3, cmd: '0x3b81', in: words32(12, 0, 7), out: words32(12, 0, 4), result: 0 },
      { k: 'ioctl', fd: 3, cmd: '0x3b93', in: words32(32, 0, 4, 1, 8, 9, 9, 0), result: -1, errno: 'EEXIST' },
      { k: 'ioctl', fd: 3, cmd: '0x3b80', in: '0800000008000000', out: '80000000080000', result: 0 },
    ).map((line) => line.replace(/ {2,}/g, '  ')),
    [
      'IOMMU_IOAS_ALLOC  EOPNOTSUPP',
      'IOMMU_IOAS_ALLOC  → object 4',
      'IOMMU_VEVENTQ_ALLOC  of 4, 8 deep  EEXIST',
      'IOMMU_DESTROY  object ?',
    ],
  );
});

test('VIO: of a write of two responses the one that was taken is shown', () => {
  const [both, one] = [16, 8].map((result) =>
    linesOf({ k: 'fd_write', fd: 5, object: 'fault', raw: words32(1, 0, 9, 0), result }).at(-1),
  );
  assert.match(both!, /cookie 1 success {2}cookie 9 success$/);
  assert.match(one!, /cookie 1 success$/);
});

test('VIO: events are counted by their stream', () => {
  const event = (stream: number) => ({
    k: 'smmu_event',
    iommu: 's',
    raw: words32(0x10, stream, 7, 0, 0x4000, 0, 0, 0),
  });
  const lines = linesOf(...[1, 2, 3, 4, 5].map(event), ...[9, 9, 9, 9, 9].map(event));
  assert.equal(lines.filter((line) => /stream 0x[1-5] /.test(line)).length, 5);
  assert.is(lines.at(-1), '… 2 more EVT_ID_TRANSLATION_FAULT');
});

test('PVI: a block of more pages than there are says so', () => {
  const head = `${'ff'.repeat(8)}${'00'.repeat(8)}0100000004000000`;
  const input = `${head}0000000000000000${words32(0x3f, 0)}`;
  const [line] = linesOf({ k: 'hypercall', vp: 0, control: '0x1000000d1', in: input, out: '', result: '0x100000000' });
  assert.match(line!, /stage-1 domain 4 {2}2\^63 pages at 0x0$/);
});

test.run();
