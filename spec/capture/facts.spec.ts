import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { arm64Registers, x64Msrs } from '../../src/abi/msr.js';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { presentRecord } from '../../src/capture/present.js';
import type { DecodedRecord } from '../../src/capture/record.js';
import { at } from '../support/captures.js';
import { CLASS, offer } from '../support/trace-events.js';

const push = (event: Event, arch: 'x64' | 'arm64' = 'x64'): DecodedRecord => new Decoder({ arch }).push(event);
const codes = (record: DecodedRecord): string[] => record.issues.map((issue) => issue.code);

const registers = suite('facts of register accesses');

registers('every MSR of the table has its name and, where it has one, its layout', () => {
  for (const { number, name, value } of x64Msrs) {
    const record = push({ k: 'rdmsr', vp: 1, msr: `0x${number.toString(16)}`, value: '0x0' });
    assert.equal([record.name, record.unknown, record.facts?.struct], [name, false, value?.name]);
  }
});

registers('an arm64 register has its own name, or that of the MSR that a recorder wrote', () => {
  for (const { number } of arm64Registers) {
    const record = push({ k: 'wrmsr', msr: `0x${number.toString(16)}`, value: '0x1' }, 'arm64');
    assert.not.equal(record.name, undefined);
  }
  assert.is(push({ k: 'wrmsr', msr: '0x40000083', value: '0x57c3a001' }, 'arm64').name, 'HV_X64_MSR_SIMP');
});

const VALUES: readonly (readonly [string, Event, path: string, value: unknown])[] = [
  [
    'the hypercall page',
    { k: 'wrmsr', msr: '0x40000001', value: '0x15f5001' },
    'value.fields.guest_physical_address',
    '0x00000000000015f5',
  ],
  ['the SynIC vector of VMBus', { k: 'wrmsr', msr: '0x40000092', value: '0xf3' }, 'value.fields.vector', 0xf3],
  ['a masked interrupt source', { k: 'rdmsr', msr: '0x40000092', value: '0x10000' }, 'value.fields.masked', true],
  ['crash control', { k: 'rdmsr', msr: '0x40000105', value: '0xc000000000000000' }, 'value.fields.crash_notify', true],
  ['a decimal value', { k: 'rdmsr', msr: 1073741826, value: 1 }, 'value.value', 1],
  [
    'the identity of 6.12.117',
    { k: 'wrmsr', msr: '0x40000000', value: '0x810000060c750000' },
    'value.fields.open_source.version',
    0x60c75,
  ],
];

for (const [title, event, path, value] of VALUES)
  registers(title, () => assert.equal(at(presentRecord(push(event)), path), value));

registers('a number of the hypervisor that no one names is unknown; any other is none of its business', () => {
  const unknown = push({ k: 'rdmsr', msr: '0x40000fff', value: '0x0' });
  assert.equal([unknown.unknown, codes(unknown), unknown.name], [true, ['I_UNKNOWN'], undefined]);
  const other = push({ k: 'rdmsr', msr: '0xc0000080', value: '0x0' });
  assert.equal([other.unknown, codes(other)], [false, []]);
});

registers('reserved bits of a value are issues', () => {
  assert.equal(codes(push({ k: 'wrmsr', msr: '0x40000001', value: '0xffe' })), ['I_RESERVED']);
});

registers('an access that was refused has no value', () => {
  for (const value of [undefined, null]) {
    const record = push({ k: 'rdmsr', msr: '0x40000001', value });
    assert.equal([record.name, codes(record), record.facts?.fields], ['HV_X64_MSR_HYPERCALL', [], undefined]);
  }
});

registers.run();

const interrupts = suite('facts of interrupts, flags and device writes');

const NAMES: readonly (readonly [string, Event, name: string])[] = [
  ['the callback vector', { k: 'msi', vp: 0, vector: 243 }, 'HYPERVISOR_CALLBACK_VECTOR'],
  ['a device vector', { k: 'msi', vp: 1, vector: 34 }, 'device vector'],
  ['the VMBus PPI', { k: 'intid', vp: 0, intid: 18 }, 'VMBus PPI'],
  ['another PPI', { k: 'intid', vp: 0, intid: 27 }, 'PPI'],
  ['a shared interrupt', { k: 'intid', vp: 0, intid: 64 }, 'SPI'],
  ['an event flag', { k: 'synic_event', vp: 0, sint: 2, bit: 3 }, 'hv_synic_event_flags'],
  ['a pending flag', { k: 'synic_pending', vp: 0, sint: 2, slot_gpa: '0x1' }, 'hv_message_flags.msg_pending'],
  [
    'a device write',
    { k: 'device_msi', address: '0xfee01000', data: '0x21', target: { vector: 34, vps: [0] } },
    'device MSI',
  ],
];

for (const [title, event, name] of NAMES) interrupts(title, () => assert.is(push(event).name, name));

interrupts('SINTs go by name', () => {
  assert.is(push({ k: 'synic_event', sint: 2, bit: 3 }).facts?.sint_name, 'HV_SYNIC_VMBUS_SINT_INDEX');
  assert.is(push({ k: 'synic_event', sint: 9, bit: 3 }).facts?.sint_name, undefined);
});

interrupts('a flag is that of the channel offered under its number', () => {
  const decoder = new Decoder();
  decoder.push(offer(CLASS.HV_PCIE_GUID, 3));
  const { facts } = decoder.push({ k: 'synic_event', vp: 0, sint: 2, bit: 3 });
  assert.equal([facts?.class, facts?.instance], ['HV_PCIE_GUID', '8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18']);
});

interrupts('facts asked for late are those of their time', () => {
  const decoder = new Decoder();
  decoder.push(offer(CLASS.HV_PCIE_GUID, 3));
  const record = decoder.push({ k: 'synic_event', vp: 0, sint: 2, bit: 3 });
  decoder.push(offer(CLASS.HV_NIC_GUID, 3));
  assert.is(record.facts?.class, 'HV_PCIE_GUID');
});

interrupts('address and data of x64 in bits, of arm64 as they are', () => {
  const event = { k: 'device_msi', address: '0xfee01000', data: '0x21', target: { vector: 64 } };
  const x64 = presentRecord(push(event));
  assert.equal([at(x64, 'value.address.destination_id'), at(x64, 'value.data.vector')], [1, 0x21]);
  assert.equal(push(event, 'arm64').facts, {
    address: { raw: '0xfee01000' },
    data: { raw: '0x21' },
    target: { vector: 64 },
  });
});

interrupts.run();
