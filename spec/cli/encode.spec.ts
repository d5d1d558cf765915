import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTempFolder } from '../support/project.js';
import { hvabi, MAPS, VPCI } from './run-cli.js';

const test = suite('cli: encode');

const cases: readonly { note: string; args: readonly string[]; json: object; hex: string; control?: string }[] = [
  {
    note: 'a struct',
    args: ['hv_vpset'],
    json: { format: 0, valid_bank_mask: '0x1', bank_contents: [3] },
    hex: '000000000000000001000000000000000300000000000000',
  },
  {
    note: 'constants by name, missing fields zero',
    args: ['vmpacket_descriptor', '--defaults'],
    json: { type: 'VM_PKT_COMP', trans_id: '0x0102030405060708' },
    hex: '0b000000000000000807060504030201' + '',
  },
  {
    note: 'a channel message fills in its type',
    args: ['CHANNELMSG_RELID_RELEASED'],
    json: { child_relid: 3 },
    hex: '0d0000000000000003000000',
  },
  {
    note: 'a vPCI message fills in its type',
    args: ['PCI_QUERY_PROTOCOL_VERSION'],
    json: { protocol_version: 'PCI_PROTOCOL_VERSION_1_4' },
    hex: '1300494204000100',
  },
  {
    note: 'one that comes with its packet fills that in too',
    args: ['PCI_EJECT', '--defaults'],
    json: {},
    hex: `06000200030000000000000000000000${'0b004942'}00000000`,
  },
  {
    note: 'a rep call counts its list',
    args: ['HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST', '--defaults'],
    json: { gva_list: ['0x1000', '0x2000'] },
    hex: `${'00'.repeat(24)}00100000000000000020000000000000`,
    control: '0x0000000200000003',
  },
  {
    note: 'a fast call says so',
    args: ['HVCALL_SIGNAL_EVENT', '--defaults'],
    json: { connection_id: 3 },
    hex: '0300000000000000',
    control: '0x000000000001005d',
  },
  {
    note: 'the argument of an ioctl fills in its size',
    args: ['IOMMU_DESTROY'],
    json: { id: 3 },
    hex: '0800000003000000',
  },
  {
    note: 'also where its struct has another name, and beside defaults',
    args: ['IOMMU_FAULT_QUEUE_ALLOC', '--defaults'],
    json: {},
    hex: `10000000${'00'.repeat(12)}`,
  },
  {
    note: 'a size that is given is kept',
    args: ['IOMMU_DESTROY'],
    json: { size: 4, id: 3 },
    hex: '0400000003000000',
  },
  {
    note: 'a control word that is given is kept',
    args: ['HVCALL_SIGNAL_EVENT', '--defaults'],
    json: { control: '0x5d', input: { connection_id: 3 } },
    hex: '0300000000000000',
    control: '0x000000000000005d',
  },
];

for (const { note, args, json, hex, control } of cases) {
  test(note, () => {
    const { code, out, err } = hvabi(['encode', '--as', ...args, JSON.stringify(json)]);
    assert.is(code, 0, err);
    assert.is(out, `${hex}\n`);
    assert.is(err, control === undefined ? '' : `control ${control}\n`);
  });
}

interface Row {
  readonly kind: string;
  readonly struct: string;
  readonly arch: string;
  readonly version?: string;
  readonly name: string;
  readonly hex: string;
  readonly value: { readonly input?: object; readonly control?: { readonly raw: string } };
}

test('what decode printed encodes to the bytes it came from', () => {
  const rows = [VPCI, MAPS]
    .flatMap((file) => hvabi(['decode', '--jsonl', '--filter', 'kind=hypercall', file]).out.trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as Row);
  // A rep list, a variable header, registers, a carrier of messages, a nested union: the other calls are made of the same.
  const names = ['MAP_DEVICE_GPA_PAGES', 'RETARGET_INTERRUPT', 'SIGNAL_EVENT', 'POST_MESSAGE', 'ATTACH_DEVICE_DOMAIN'];
  const each = names
    .map((name) => rows.find((row) => row.name === `HVCALL_${name}`))
    .filter((row) => row !== undefined);
  assert.is(each.length, names.length);
  for (const { name, version, hex, value } of each) {
    const abi = version === undefined || !/^(linux|series)/.test(version) ? [] : ['--abi', version];
    const { code, out, err } = hvabi(['encode', '--as', name, ...abi, '--to', 'json'], {
      input: JSON.stringify(value),
    });
    assert.is(code, 0, err);
    const again = JSON.parse(out) as { hex: string; control: string };
    assert.is(again.hex, hex, name);
    assert.is(again.control, value.control?.raw, name);
  }
});

test('forms of output, and a file', async () => {
  const base = ['encode', '--as', 'hv_vpset', '--defaults', '{"valid_bank_mask":255}'];
  assert.is(
    hvabi([...base, '--to', 'xxd']).out,
    '00000000: 0000 0000 0000 0000 ff00 0000 0000 0000  ................\n',
  );
  assert.is(hvabi([...base, '--to', 'raw']).out.length, 16);
  assert.equal(JSON.parse(hvabi([...base, '--to', 'json']).out), {
    name: 'hv_vpset',
    struct: 'hv_vpset',
    arch: 'any',
    version: 'linux-7.3',
    hex: '0000000000000000ff00000000000000',
  });
  await withTempFolder((folder) => {
    const file = join(folder, 'set.bin');
    assert.equal(hvabi([...base, '--out', file]), { code: 0, out: '', err: '' });
    assert.is(readFileSync(file).toString('hex'), '0000000000000000ff00000000000000');
    hvabi([...base, '--out', file, '--to', 'hex']);
    assert.is(readFileSync(file, 'utf8'), '0000000000000000ff00000000000000\n');
  });
});

test('the value can come from a pipe or a file', async () => {
  const input = '{"format":0,"valid_bank_mask":0,"bank_contents":[]}';
  const hex = `${'00'.repeat(16)}\n`;
  assert.is(hvabi(['encode', '--as', 'hv_vpset'], { input }).out, hex);
  assert.is(hvabi(['encode', '--as', 'hv_vpset', '-'], { input }).out, hex);
  assert.is(hvabi(['encode', '--as', 'hv_vpset'], { input: `\ufeff${input}` }).out, hex);
});

test.run();
