import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cBitCheck } from '../../src/export/c-bit-check.js';
import { cHeader } from '../../src/export/c-header.js';
import type { ExportOptions } from '../../src/export/select.js';

// That the text compiles and means the right bytes is the law in spec/laws/gcc-header.spec.ts; here is what it says.

/** Lines from the one that begins a definition to its end. */
function definition(header: string, head: string): string {
  const from = header.indexOf(`${head} {`);
  return from < 0 ? '' : header.slice(from, header.indexOf('\n}', from) + 3);
}

const header = suite('cHeader');

const shapes: [what: string, options: ExportOptions, head: string, lines: string[]][] = [
  [
    'bit-fields, the word over them, and bits without a name',
    { arch: 'x64', names: ['hv_ring_buffer'] },
    'struct hv_ring_buffer',
    ['uint32_t feat_pending_send_sz : 1;', 'uint32_t : 31;', 'uint32_t value;', '} feature_bits;', 'uint8_t buffer[];'],
  ],
  [
    'a list that is all there is',
    { arch: 'x64', names: ['hv_output_withdraw_memory'] },
    'struct hv_output_withdraw_memory',
    ['uint64_t gpa_page_list[0];'],
  ],
  [
    'a list of a struct inside others',
    { arch: 'x64', names: ['hv_tlb_flush_ex'] },
    'struct hv_vpset',
    ['uint64_t bank_contents[0];'],
  ],
  ['padding of the compiler', { arch: 'x64', names: ['hv_kvp_msg'] }, 'struct hv_kvp_msg', ['uint8_t : 8;', '} body;']],
  [
    'a member declared with an enum',
    { arch: 'x64', names: ['vmbus_channel_message_header'] },
    'struct vmbus_channel_message_header',
    ['enum vmbus_channel_message_type msgtype;'],
  ],
  ['an architecture', { arch: 'arm64', names: ['hv_msi_entry'] }, 'union hv_msi_entry', ['uint64_t address;']],
  [
    'a version',
    { arch: 'x64', version: 'linux-6.12', names: ['hv_input_map_device_interrupt'] },
    'struct hv_input_map_device_interrupt',
    ['uint64_t flags;'],
  ],
  [
    'a Rust type',
    { arch: 'x64', version: 'openvmm', names: ['CreateInterrupt3'] },
    'struct CreateInterrupt3',
    ['struct MsiResourceDescriptor3 interrupt;'],
  ],
];

for (const [what, options, head, lines] of shapes) {
  header(what, () => {
    const text = definition(cHeader(options), head);
    assert.equal(
      lines.filter((line) => !text.includes(`\t${line}\n`)),
      [],
      text,
    );
  });
}

header('each type stands behind those it contains, once', () => {
  const text = cHeader({ arch: 'x64', names: ['hv_input_map_device_interrupt', 'hv_interrupt_entry'] });
  const heads = [...text.matchAll(/^(?:struct|union) (\w+) \{$/gm)].map((match) => match[1]!);
  assert.equal(heads, [
    'hv_msi_address_register',
    'hv_msi_data_register',
    'hv_msi_entry',
    'hv_ioapic_rte',
    'hv_interrupt_entry',
    'hv_vpset',
    'hv_device_interrupt_target',
    'hv_device_interrupt_descriptor',
    'hv_input_map_device_interrupt',
  ]);
});

// One layout holds the newest flags of its part; a header of 6.12 has both and keeps the names apart.
header('a second layout of a name carries its version', () => {
  const text = cHeader({ arch: 'x64', version: 'linux-6.12' });
  assert.ok(definition(text, 'union hv_synic_event_flags') !== '');
  assert.ok(definition(text, 'union hv_synic_event_flags_linux_7_3') !== '');
});

header('constants follow the architecture', () => {
  const value = (text: string, name: string) => new RegExp(`^#define ${name} (.*)$`, 'm').exec(text)?.[1];
  const [x64, arm64] = [cHeader({ arch: 'x64' }), cHeader({ arch: 'arm64' })];
  assert.equal([value(x64, 'HV_MAXIMUM_PROCESSORS'), value(arm64, 'HV_MAXIMUM_PROCESSORS')], ['0x800u', '0x140u']);
  assert.equal([value(x64, 'HV_MSR_EOM'), value(arm64, 'HV_MSR_EOM')], ['0x40000084u', '0xa0014u']);
  assert.is(value(x64, 'HVCALL_MAP_DEVICE_GPA_PAGES'), '0xb3u');
  assert.is(value(cHeader({ arch: 'x64', names: ['hv_vpset'] }), 'HV_MSR_EOM'), undefined);
});

header('an unknown name or version is refused', () => {
  const code = (options: ExportOptions): unknown => {
    try {
      cHeader(options);
      return 'no error';
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };
  assert.is(code({ arch: 'x64', names: ['hv_nothing'] }), 'E_UNKNOWN_NAME');
  assert.is(code({ arch: 'x64', version: 'linux-2.0' }), 'E_NO_VERSION');
});

header('every version that a layout has gives a header', () => {
  for (const version of ['linux-6.12', 'linux-7.3', 'series-rfc-2021', 'series-root', 'series-pviommu', 'cbl-mariner'])
    assert.match(cHeader({ arch: 'arm64', version }), 'union hv_device_id {');
});

header.run();

const check = suite('cBitCheck');

check('one line per bit-field, with the first bit and the width', () => {
  const lines = cBitCheck({ arch: 'x64', names: ['win_slot_encoding'] }, 'hv.h').match(/^\tCHECK\(.*$/gm);
  assert.equal(lines, [
    '\tCHECK(union win_slot_encoding, bits.dev, 0, 5);',
    '\tCHECK(union win_slot_encoding, bits.func, 5, 3);',
    '\tCHECK(union win_slot_encoding, bits.reserved, 8, 24);',
  ]);
});

check('includes the header by the name given', () => {
  assert.match(cBitCheck({ arch: 'x64', names: ['hv_vpset'] }, 'some/hv.h'), '#include "some/hv.h"');
});

check.run();
