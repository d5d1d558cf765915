import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { deepIssues, type JsonRecord, presentRecord, statusName } from '../../src/capture/present.js';
import { decodeEvents, readCapture } from '../support/captures.js';
import { CLASS, call, offer, packet, post, ring, u32, u64, vmbusMessage, zeros } from '../support/trace-events.js';

const present = (event: Event): JsonRecord => presentRecord(new Decoder().push(event));

const shape = suite('presentRecord');

shape('a call: exactly these keys', () => {
  const json = present(call(0x46, '', { n: 5, t_us: 9, vp: 1, out: u64(1) }));
  assert.equal(json, {
    n: 5,
    kind: 'hypercall',
    t_us: 9,
    vp: 1,
    name: 'HVCALL_GET_PARTITION_ID',
    struct: 'hv_output_get_partition_id',
    arch: 'any',
    version: 'linux-7.3',
    direction: 'guest->host',
    offset: 0,
    hex: u64(1),
    value: {
      control: { raw: '0x0000000000000046', code: 0x46, fast: false, varhead_qwords: 0, rep_count: 0, rep_start: 0 },
      input: null,
      output: { partition_id: '0x0000000000000001' },
      output_struct: 'hv_output_get_partition_id',
      output_version: 'linux-7.3',
      result: { raw: '0x0000000000000000', status: 0, status_name: 'HV_STATUS_SUCCESS', reps_completed: 0 },
    },
    issues: [],
  });
});

shape('a message inside: name, struct, place, value', () => {
  assert.equal(present(post(vmbusMessage(3))).inner, {
    name: 'CHANNELMSG_REQUESTOFFERS',
    struct: 'vmbus_channel_message_header',
    offset: 16,
    size: 8,
    version: 'linux-7.3',
    direction: 'guest->host',
    value: { msgtype: 3 },
  });
});

shape('a completion carries its reply struct', () => {
  const events = [
    offer(CLASS.HV_PCIE_GUID, 3),
    ring('g2h', 3, packet(u32(0x42490005) + u32(0), { flags: 1, transaction: 1 })),
    ring('h2g', 3, packet(u32(0), { type: 11, transaction: 1 })),
  ];
  const inner = presentRecord(decodeEvents(events)[2]!).inner as JsonRecord;
  assert.equal([inner.name, inner.struct, inner.reply], ['PCI_QUERY_RESOURCE_REQUIREMENTS', 'pci_response', true]);
});

shape('a record without bytes shows its facts as its value', () => {
  assert.equal(present({ n: 1, k: 'marker', text: 'x' }), { n: 1, kind: 'marker', value: { text: 'x' }, issues: [] });
});

shape('the paths of issues start with the struct, and with the byte string where there are two', () => {
  const stale = u64(0xf8001004) + u32(2) + '94000000';
  const paths = (event: Event): unknown[] => (present(event).issues as { path: string }[]).map((issue) => issue.path);
  assert.equal(paths(call(0x106, stale)), ['hv_mmio_read_input.reserved']);
  assert.equal(paths(call(0x106, stale, { out: zeros(64) })), ['in.hv_mmio_read_input.reserved']);
});

shape('issues of inner messages count bytes from the start of the byte string', () => {
  const json = present(post(`${u32(7)}${u32(0x99)}${u32(3)}`));
  assert.equal(json.issues, [
    {
      code: 'I_RESERVED',
      path: 'vmbus_channel_close_channel.header.padding',
      offset: 20,
      text: 'reserved, not zero: 99000000',
    },
  ]);
});

shape('every record of every trace is JSON: 64-bit integers as 16 digits, no number beyond 2^53', () => {
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'number') assert.ok(Number.isSafeInteger(value), path);
    else if (typeof value === 'object' && value !== null)
      for (const [key, one] of Object.entries(value)) walk(one, `${path}.${key}`);
    else assert.ok(value === null || typeof value === 'string' || typeof value === 'boolean', path);
  };
  for (const name of ['arm64-registers.jsonl', 'pviommu.jsonl', 'root-interrupts.jsonl'])
    for (const record of decodeEvents(readCapture(name))) {
      const json = presentRecord(record);
      if (record.parts.length > 0) walk(json, `${name} ${record.n}`);
      assert.equal(JSON.parse(JSON.stringify(json)), json);
    }
});

shape('numbers in the text of an event stay as they were written', () => {
  assert.equal(present({ n: 1, k: 'dma', iova: '0x40000000', size: 4096 }).value, { iova: '0x40000000', size: 4096 });
});

shape.run();

const parts = suite('deepIssues, statusName');

parts('issues of a part and of what is inside', () => {
  const record = new Decoder().push(post(`${u32(7)}${u32(0x99)}${u32(3)}`));
  assert.is(deepIssues(record.parts[0]!).length, 1);
  assert.equal(
    (deepIssues(record.parts[0]!, 'in')[0] as JsonRecord).path,
    'vmbus_channel_close_channel.header.padding',
  );
});

parts('names of status codes', () => {
  assert.equal(
    [statusName(0), statusName(0xb), statusName(0x7777)],
    ['HV_STATUS_SUCCESS', 'HV_STATUS_INSUFFICIENT_MEMORY', undefined],
  );
});

parts.run();
