import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makePaint } from '../../src/cli/paint.js';
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
  assert.match(lines[3]!, /… 2 more HVCALL_UNMAP_DEVICE_GPA_PAGES$/);
  assert.match(lines[4]!, /496 of 4095 done {2}HV_STATUS_INSUFFICIENT_MEMORY$/);
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

test.run();
