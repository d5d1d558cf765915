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
  assert.match(failed[0]!, /HVCALL_ADD_LOGICAL_PROCESSOR +processor 1 {2}APIC 1 HV_STATUS_INSUFFICIENT_MEMORY/);
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
