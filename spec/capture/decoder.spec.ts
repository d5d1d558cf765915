import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DecodeError } from '../../src/bytes/errors.js';
import { Decoder } from '../../src/capture/decoder.js';
import { at, decodeEvents, presentedByNumber, readCapture } from '../support/captures.js';
import { call, post, slot, u32, vmbusMessage } from '../support/trace-events.js';

// Expected values come from the guests' own logs and the readable listings that another program made of the same events.

type Row = readonly [n: number, path: string, value: unknown];

const GOLDENS: Readonly<Record<string, readonly Row[]>> = {
  'vpci-probe.jsonl': [
    [9, 'name', 'HV_X64_MSR_GUEST_OS_ID'],
    [9, 'value.fields.open_source.os_type', 1],
    // 6.12.117: a byte each of level and patch.
    [9, 'value.fields.open_source.version', 0x060c75],
    [11, 'name', 'HV_X64_MSR_HYPERCALL'],
    [11, 'value.fields.enable', true],
    [34, 'name', 'HVCALL_POST_MESSAGE'],
    [34, 'value.control.raw', '0x000000000000005c'],
    [34, 'value.input.connectionid.id', 4],
    [34, 'inner.name', 'CHANNELMSG_INITIATE_CONTACT'],
    [34, 'inner.value.vmbus_version_requested', 0x50003],
    [34, 'inner.value.target.signal.msg_sint', 2],
    [35, 'name', 'CHANNELMSG_VERSION_RESPONSE'],
    [35, 'inner.value.version_supported', 1],
    [35, 'inner.value.msg_conn_id', 0x4001],
    [35, 'links.request', 34],
    [38, 'inner.value.offer.if_type', '44c4f61d-4444-4400-9d52-802e27ede19f'],
    [38, 'inner.value.offer.if_instance', '8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18'],
    [38, 'inner.value.child_relid', 3],
    [38, 'inner.value.connection_id', 0x10003],
    [42, 'links.request', 37],
    [47, 'inner.value.gpadl', 0xe1e10],
    [47, 'inner.value.range.0.byte_count', 40960],
    [47, 'inner.value.range.0.pfn_array.9', '0x00000000000029f9'],
    [48, 'value.class', 'HV_PCIE_GUID'],
    [49, 'inner.value.creation_status', 0],
    [49, 'links.request', 47],
    [51, 'inner.value.openid', 3],
    [51, 'inner.value.downstream_ringbuffer_pageoffset', 5],
    [52, 'facts.moment', 'open'],
    [52, 'value.feature_bits.feat_pending_send_sz', true],
    [54, 'links.request', 51],
    [56, 'name', 'HVCALL_SIGNAL_EVENT'],
    [56, 'value.control.raw', '0x000000000001005d'],
    [56, 'value.input.connection_id', 0x10003],
    [57, 'name', 'VM_PKT_DATA_INBAND'],
    [57, 'inner.name', 'PCI_QUERY_PROTOCOL_VERSION'],
    [57, 'inner.value.protocol_version', 0x10004],
    [58, 'links.request', 57],
    [59, 'name', 'hv_synic_event_flags'],
    [59, 'value.flag', 3],
    [63, 'inner.name', 'PCI_BUS_RELATIONS2'],
    // lspci of the guest: 1414:b111, class 0x010802.
    [63, 'inner.value.func.0.v_id', 0x1414],
    [63, 'inner.value.func.0.d_id', 0xb111],
    [63, 'inner.value.func.0.base_class', 1],
    [63, 'inner.value.func.0.subclass', 8],
    [63, 'inner.value.func.0.prog_intf', 2],
    // A 16 KiB BAR of 64 bits.
    [68, 'inner.value.probed_bar.0', 0xffffc004],
    [68, 'inner.value.probed_bar.1', 0xffffffff],
    [72, 'inner.value.mmio_base', '0x00000000f8000000'],
    [73, 'inner.struct', 'pci_response'],
    [77, 'inner.name', 'PCI_RESOURCES_ASSIGNED2'],
    [77, 'inner.size', 202],
    [384, 'inner.value.int_desc.vector', 0xef],
    [385, 'inner.reply', true],
    [385, 'inner.value.int_desc.data', 0x20],
    [385, 'inner.value.int_desc.address', '0x00000000fee01000'],
    [385, 'links.request', 384],
    [477, 'inner.value.int_desc.vector', 0x22],
    [487, 'name', 'HVCALL_RETARGET_INTERRUPT'],
    [487, 'value.control.varhead_qwords', 2],
    [487, 'value.input.device_id', '0x0000000037a94e00'],
    [487, 'value.input.int_target.vector', 34],
    [487, 'value.input.int_target.u.vp_set.bank_contents.0', '0x0000000000000001'],
  ],
  'map-device-gpa-pages.jsonl': [
    [257, 'value.control.raw', '0x000001fb000000b3'],
    [257, 'value.control.rep_count', 507],
    [257, 'value.input.gpa_page_list.length', 507],
    [257, 'value.input.map_flags', 3],
    [297, 'value.control.rep_count', 27],
    [511, 'name', 'HVCALL_UNMAP_DEVICE_GPA_PAGES'],
    [511, 'value.control.rep_count', 0x3f7],
    [511, 'value.result.reps_completed', 0x3f7],
    [512, 'name', 'HVCALL_DELETE_DEVICE_DOMAIN'],
  ],
  'old-protocols.jsonl': [
    [34, 'inner.value.vmbus_version_requested', 0x50003],
    [35, 'inner.value.version_supported', 0],
    [37, 'inner.value.vmbus_version_requested', 0x50002],
    [40, 'inner.value.vmbus_version_requested', 0x50001],
    [43, 'inner.value.vmbus_version_requested', 0x50000],
    [46, 'inner.value.vmbus_version_requested', 0x40001],
    [46, 'value.input.connectionid.id', 1],
    [49, 'inner.value.vmbus_version_requested', 0x40000],
    [50, 'inner.value.version_supported', 1],
    [50, 'links.request', 49],
    // 0xC0000059, revision mismatch: 1.4, 1.3 and 1.2 are refused.
    [73, 'inner.value.status', 0xc0000059 | 0],
    [78, 'inner.value.status', 0xc0000059 | 0],
    [83, 'inner.value.status', 0xc0000059 | 0],
    [88, 'inner.value.status', 0],
    [93, 'inner.name', 'PCI_BUS_RELATIONS'],
    [93, 'inner.value.func.0.d_id', 0xb111],
    [107, 'inner.name', 'PCI_RESOURCES_ASSIGNED'],
    [107, 'inner.size', 148],
    [414, 'inner.name', 'PCI_CREATE_INTERRUPT_MESSAGE'],
    [414, 'inner.size', 24],
    [414, 'inner.value.int_desc.vector', 0xef],
    [508, 'inner.value.int_desc.data', 0x21],
  ],
  'eject-rescind.jsonl': [
    [42, 'inner.value.offer.if_instance', 'd10f63e9-a84b-42c7-9b36-05e8f2a7c341'],
    [66, 'inner.value.device_count', 2],
    [66, 'inner.value.func.1.win_slot.func', 1],
    [1146, 'inner.value.int_desc.vector_count', 3],
    [1147, 'inner.value.int_desc.data', 0x2c],
    [1195, 'value.input.device_id', '0x0000000037a94e01'],
    [2582, 'inner.name', 'PCI_EJECT'],
    [2582, 'inner.value.wslot.func', 1],
    [2642, 'inner.name', 'PCI_EJECTION_COMPLETE'],
    [2910, 'inner.name', 'CHANNELMSG_RESCIND_CHANNELOFFER'],
    [2910, 'inner.value.child_relid', 3],
    [2969, 'inner.name', 'CHANNELMSG_CLOSECHANNEL'],
    [2972, 'inner.name', 'CHANNELMSG_RELID_RELEASED'],
    [2992, 'inner.value.child_relid', 5],
    [2996, 'links.request', 2994],
    [3005, 'links.request', 3004],
    [4244, 'value.write_index', 1504],
    [4244, 'facts.moment', 'final'],
  ],
  'arm64-registers.jsonl': [
    [1, 'name', 'HV_X64_MSR_GUEST_OS_ID'],
    [2, 'name', 'HVCALL_SET_VP_REGISTERS'],
    [2, 'value.control.raw', '0x0000000100010051'],
    [2, 'value.input.elements.0.name', 0x90002],
    [2, 'value.input.elements.0.value.reg64', '0x810000060c750000'],
    [3, 'value.control.raw', '0x0000000100010050'],
    [3, 'value.input.names.0', 0x200],
    [3, 'value.result.raw', '0x0000000100000000'],
    [5, 'value.output.values.0.reg128.high_part', '0x0000000100000000'],
    [16, 'value.input.names.0', 0xa0013],
    [49, 'name', 'VMBus PPI'],
    [51, 'inner.value.child_relid', 3],
    [71, 'links.request', 70],
    // The configuration window of this machine lies above 4 GiB.
    [85, 'inner.value.mmio_base', '0x0000000fe0000000'],
    [391, 'inner.value.int_desc.vector', 64],
    [392, 'inner.value.int_desc.vector_count', 1],
  ],
  'root-interrupts.jsonl': [
    [53, 'value.output.partition_id', '0x0000000000000001'],
    [54, 'value.input.device_id', '0x8000000000000000'],
    [54, 'value.control.raw', '0x000000000004007c'],
    [54, 'value.output.interrupt_entry.source', 2],
    [54, 'value.output_version', 'linux-6.12'],
    [55, 'value.result.status_name', 'HV_STATUS_INSUFFICIENT_MEMORY'],
    [56, 'name', 'HVCALL_DEPOSIT_MEMORY'],
    [56, 'value.input.gpa_page_list.0', '0x0000000000001652'],
    [57, 'value.result.status', 0],
    [58, 'name', 'HVCALL_CREATE_VP'],
    // A level interrupt: trigger mode 1.
    [64, 'value.input.interrupt_descriptor.trigger_mode', 1],
    [80, 'value.input.device_id', '0x4000000000000018'],
    [80, 'value.output.interrupt_entry.u.msi_entry.msi.data.vector', 0xef],
    [82, 'value.input.device_id', '0x4000000000000020'],
  ],
  'root-start-7.2.jsonl': [
    [55, 'name', 'HVCALL_GET_LOGICAL_PROCESSOR_RUN_TIME'],
    [55, 'value.result.status_name', 'HV_STATUS_INVALID_LP_INDEX'],
    [57, 'value.input.event', 4],
    [132, 'name', 'HVCALL_GET_PARTITION_PROPERTY_EX'],
    [133, 'value.input.property_id', 15],
    [133, 'value.result.status_name', 'HV_STATUS_INVALID_HYPERCALL_CODE'],
    [665, 'value.input.property_id', 3],
    [672, 'value.input.sleep_state', 5],
    [673, 'kind', 'device_domains'],
    [673, 'value.pool', 1073741824],
  ],
  'pviommu.jsonl': [
    [31, 'inner.value.vmbus_version_requested', 0x60000],
    [31, 'inner.size', 40],
    [32, 'inner.value.version_supported', 0],
    [34, 'inner.value.vmbus_version_requested', 0x50003],
    [45, 'value.output.size', 24],
    [45, 'value.output.max_iova_width', 48],
    [46, 'value.input.device_domain.domain_id.type', 1],
    [46, 'value.input.device_domain.domain_id.id', 1],
    [49, 'value.input.settings.flags.blocked', true],
    [293, 'value.input.logical_device_id', '0x0000000037a94e00'],
    [293, 'value.input.code', 10],
    [295, 'value.input.settings.page_table_root', '0x00000000006a4000'],
    [296, 'value.input.device_id.logical.id', '0x0000000037a94e00'],
    [594, 'name', 'HVCALL_FLUSH_DEVICE_DOMAIN'],
    // 1,024 pages from 0x40000000.
    [1125, 'value.input.iova_list.0.page_mask_shift', 10],
    [1125, 'value.input.iova_list.0.page_number', '0x0000000000040000'],
    [1212, 'value.input.device_domain.domain_id.id', 4],
  ],
  'tlb.jsonl': [
    [12, 'name', 'HVCALL_SEND_IPI'],
    [12, 'value.input.vector', 0xfb],
    [12, 'value.input.cpu_mask', '0x0000000000000001'],
    [1926, 'value.control.raw', '0x0000000100000003'],
    [1926, 'value.input.gva_list.0', '0x00000000005e5000'],
    [1928, 'name', 'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE'],
    [1928, 'value.input.address_space', '0x00000000029ee000'],
  ],
  'mmio-calls.jsonl': [
    [82, 'name', 'HVCALL_MMIO_WRITE'],
    [82, 'value.input.gpa', '0x00000000f8000000'],
    [84, 'name', 'HVCALL_MMIO_READ'],
    [84, 'value.input.gpa', '0x00000000f8001004'],
    [84, 'value.input.size', 2],
    // The kernel leaves what the page held before.
    [84, 'issues.0.code', 'I_RESERVED'],
    [84, 'issues.0.offset', 12],
  ],
};

const traces = suite('Decoder on traces of real guests (COM-02, VPCI-02, VPCI-04, VPCI-06)');

for (const [name, rows] of Object.entries(GOLDENS))
  traces(name, () => {
    const records = presentedByNumber(readCapture(name));
    for (const [n, path, value] of rows) assert.equal(at(records.get(n), path), value, `record ${n}, ${path}`);
  });

traces('integers of 64 bits are text of 16 digits, shorter ones unsigned numbers (COM-01)', () => {
  const retarget = presentedByNumber(readCapture('vpci-probe.jsonl')).get(487);
  assert.is(at(retarget, 'value.input.partition_id'), '0xffffffffffffffff');
  const registers = presentedByNumber(readCapture('arm64-registers.jsonl')).get(2);
  assert.is(at(registers, 'value.input.vp_index'), 0xfffffffe);
});

traces.run();

const session = suite('Decoder.push: what earlier events decide');

const contact = (version: number): string => vmbusMessage(14, u32(version) + u32(0) + '00'.repeat(24));

session('an event without a number counts on', () => {
  const records = decodeEvents([{ k: 'marker' }, { n: 7, k: 'marker' }, { k: 'marker' }]);
  assert.equal(
    records.map((record) => record.n),
    [0, 7, 8],
  );
});

session('kind is read from `k`, else from `kind`', () => {
  assert.is(new Decoder().push({ kind: 'marker', text: 'x' }).kind, 'marker');
});

const ARCHITECTURES: readonly (readonly [string, readonly object[], string])[] = [
  ['an x64 kernel by name', [{ k: 'setup', kernel: 'vmlinuz-6.12-cloud-amd64' }], 'x64'],
  ['an arm64 kernel by name', [{ k: 'setup', kernel: 'vmlinuz-6.12-cloud-arm64' }], 'arm64'],
  [
    'a kernel of another name, registers x0 to x8',
    [
      { k: 'setup', kernel: 'vmlinuz-7.2.13' },
      { ...call(0x46, ''), rip: undefined, x: [] },
    ],
    'arm64',
  ],
  [
    'an x64 trace behind an arm64 one',
    [
      { k: 'intid', intid: 18 },
      { k: 'setup', kernel: 'vmlinuz-7.2.13' },
    ],
    'x64',
  ],
  ['an arm64 trace without its start', [{ k: 'intid', intid: 18 }], 'arm64'],
  [
    'an x64 vector after arm64 records',
    [
      { k: 'intid', intid: 18 },
      { k: 'msi', vector: 243 },
    ],
    'x64',
  ],
  ['what the event says itself', [{ k: 'marker', arch: 'arm64' }], 'arm64'],
];

for (const [title, events, arch] of ARCHITECTURES)
  session(`architecture: ${title}`, () => {
    const decoder = new Decoder();
    for (const event of events) decoder.push(event as Record<string, unknown>);
    assert.is(decoder.architecture, arch);
  });

session('a forced architecture stays', () => {
  const decoder = new Decoder({ arch: 'arm64' });
  decoder.push({ k: 'msi', vector: 243 });
  assert.is(decoder.architecture, 'arm64');
});

session('a new start forgets the guest before: its requests are not answered by the next one', () => {
  const events = [post(contact(0x50003)), { k: 'setup', kernel: 'b' }, slot(vmbusMessage(15, '01000000' + u32(4)))];
  assert.is(decodeEvents(events)[2]!.links, undefined);
  events.splice(1, 1);
  assert.equal(decodeEvents(events)[1]!.links, { request: 0 });
});

session.run();

const malformed = suite('Decoder.push: malformed records throw E_RECORD');

const BAD: readonly (readonly [string, Record<string, unknown>, path: string, offset: number])[] = [
  ['no kind', { n: 1 }, '', -1],
  ['a kind that is no text', { k: 5 }, '', -1],
  ['no control word', { k: 'hypercall', in: '' }, 'control', -1],
  ['a control word that is no number', { k: 'hypercall', control: 'b3' }, 'control', -1],
  ['a control word of 17 digits', { k: 'hypercall', control: '0x10000000000000000' }, 'control', -1],
  ['a fraction', { k: 'hypercall', control: 1.5 }, 'control', -1],
  ['a result that is a list', { k: 'hypercall', control: '0x46', result: [] }, 'result', -1],
  ['input that is no text', { k: 'hypercall', control: '0x46', in: 5 }, 'in', -1],
  ['an odd digit', { k: 'hypercall', control: '0x46', in: 'abc' }, 'in', 3],
  ['a letter that is no digit', { k: 'ring', raw: '00zz' }, 'raw', 2],
  ['a control page that is no hex', { k: 'ring', raw: '', ctl: 'x1' }, 'ctl', 0],
  ['a register value that is no number', { k: 'wrmsr', msr: '0x40000001', value: 'on' }, 'value', -1],
];

for (const [title, event, path, offset] of BAD)
  malformed(title, () => {
    try {
      new Decoder().push(event);
    } catch (error) {
      assert.instance(error, DecodeError);
      const { code, path: where, offset: from } = error as DecodeError;
      assert.equal([code, where, from], ['E_RECORD', path, offset]);
      return;
    }
    assert.unreachable('nothing was thrown');
  });

malformed('a decoder goes on after a malformed record', () => {
  const decoder = new Decoder();
  assert.throws(() => decoder.push({ k: 'hypercall' }));
  assert.is(decoder.push(call(0x46, '')).name, 'HVCALL_GET_PARTITION_ID');
});

malformed('a call without a result, or with null, has none', () => {
  for (const result of [undefined, null])
    assert.is(new Decoder().push(call(0x46, '', { result })).call?.status, undefined);
});

malformed.run();

const others = suite('Decoder.push: kinds that no one knows yet');

others('pass through with all they say', () => {
  const events = [
    { n: 1, t_us: 5, k: 'dma', rid: '0x18', iova: '0x1000', gpa: '0x2000' },
    { n: 2, k: 'device_domains', pool: 7, domains: {} },
    { n: 3, k: 'crash', p: ['0x1', '0x2'] },
    { n: 4, k: 'crash_text', text: 'Kernel panic' },
    { n: 5, k: 'something_new', in: 'configuration', deep: { a: [1] } },
  ];
  for (const [i, record] of decodeEvents(events).entries()) {
    const { n, k, t_us, ...rest } = events[i] as Record<string, unknown>;
    assert.equal([record.n, record.kind, record.unknown, record.bytes], [n, k, false, 0]);
    assert.equal(record.facts, rest, `${t_us ?? ''}`);
  }
});

others('byte strings in them are counted, though nothing accounts for them', () => {
  assert.is(decodeEvents([{ k: 'something_new', raw: '0011223344' }])[0]!.bytes, 5);
});

others.run();
