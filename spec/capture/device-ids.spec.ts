import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { deviceIdReading } from '../../src/capture/device-readings.js';
import { presentRecord } from '../../src/capture/present.js';
import { Tally } from '../../src/capture/tally.js';
import { describePart, issuesOf } from '../../src/capture/value.js';
import type { FieldNode } from '../../src/layout/describe.js';
import { at } from '../support/captures.js';
import { call, u32, u64, zeros } from '../support/trace-events.js';

const ALL = u64(0xffffffffffffffffn);
const domain = ALL + zeros(8) + u32(1) + u32(3);
const entry = u32(1) + u32(0) + u32(0xfee01000) + u32(0x21);
const target = u32(0x22) + u32(2) + u64(0) + u64(1) + u64(1);

/** b4..b7 of the instance GUID 00 80 F8 00: the lowest prefix with its top bit set. */
const LOGICAL = 0x800000f8n;
const WIDENED = 0xffffffff00000000n | LOGICAL;

// Every call that names a device: the call, where its id stands, the path in its input.
const CALLS: readonly (readonly [string, (id: bigint) => Event, offset: number, path: string, struct: string])[] = [
  [
    'retarget',
    (id) => call(0x4007e, ALL + u64(id) + entry + zeros(8) + target),
    8,
    'device_id',
    'hv_retarget_device_interrupt',
  ],
  [
    'map interrupt',
    (id) => call(0x4007c, u64(1) + u64(id) + zeros(40) + target, {}),
    8,
    'device_id',
    'hv_input_map_device_interrupt',
  ],
  [
    'unmap interrupt',
    (id) => call(0x7d, u64(1) + u64(id) + entry + u32(0)),
    8,
    'device_id',
    'hv_input_unmap_device_interrupt',
  ],
  ['attach to a domain', (id) => call(0xb2, domain + u64(id)), 24, 'device_id', 'hv_input_attach_device_domain'],
  ['detach from a domain', (id) => call(0xc4, ALL + u64(id)), 8, 'device_id', 'hv_input_detach_device_domain'],
  [
    'attach to a partition',
    (id) => call(0x82, u64(0x42) + u64(0x4000000000000018n) + u32(1) + u32(0) + u64(id) + zeros(8)),
    24,
    'logical_devid',
    'hv_input_attach_device',
  ],
  ['detach from a partition', (id) => call(0x83, u64(0x42) + u64(id)), 8, 'logical_devid', 'hv_input_detach_device'],
  [
    'property',
    (id) => call(0x127, ALL + u64(id) + u32(10) + u32(0)),
    8,
    'logical_device_id',
    'hv_input_get_logical_device_property',
  ],
];

const flagged = (event: Event): { path: string; offset: number }[] =>
  (presentRecord(new Decoder().push(event)).issues as { code: string; path: string; offset: number }[])
    .filter((issue) => issue.code === 'I_SIGN_EXTENDED')
    .map(({ path, offset }) => ({ path: path.replace(/^in\./, ''), offset }));

const extended = suite('a logical device id whose upper half is all ones (LDID-03)');

for (const [title, make, offset, path, struct] of CALLS) {
  extended(`${title}: flagged where it stands, and nothing else is`, () => {
    assert.equal(flagged(make(WIDENED)), [{ path: `${struct}.${path}`, offset }]);
    for (const id of [LOGICAL, 0xa84b42c0n, 0n, 0x7fffffffffffffffn, 0x4000000000000018n, 0x8000000000000000n])
      assert.equal(flagged(make(id)), [], `0x${id.toString(16)}`);
  });

  extended(`${title}: not read as an ACPI id, and encoded as it was`, () => {
    const record = new Decoder().push(make(WIDENED));
    assert.not.match(JSON.stringify(presentRecord(record)), /acpi/i);
    const names: string[] = [];
    const walk = (node: FieldNode): void => {
      names.push(node.path, node.symbol ?? '');
      for (const child of node.children ?? []) walk(child);
    };
    walk(describePart(record.parts[0]!)!.root);
    assert.not.match(names.join(' '), /acpi/i);
    const tally = new Tally();
    tally.add(record);
    assert.ok(tally.ok);
  });
}

extended('shown as the number that it is', () => {
  const record = new Decoder().push(call(0xb2, domain + u64(WIDENED)));
  assert.equal(at(presentRecord(record), 'value.input.device_id'), { as_uint64: '0xffffffff800000f8' });
  assert.match(issuesOf(record.parts[0]!)[0]!.text, /logical device id 0x800000f8, widened with its sign/);
});

extended('an id of all ones is flagged as well', () => {
  assert.is(flagged(call(0xb2, domain + ALL)).length, 1);
});

extended('an ACPI id that means it stays one', () => {
  const record = new Decoder().push(call(0xb2, domain + u64(0xc000000100001000n)));
  assert.equal(at(presentRecord(record), 'value.input.device_id'), {
    acpi: { input_mapping_base: 0x1000, input_mapping_count: 1, device_type: 3 },
  });
});

extended('a record that ends inside the id is short, not flagged', () => {
  assert.equal(flagged(call(0xb2, (domain + u64(WIDENED)).slice(0, -4))), []);
});

extended('explain reads it as logical too', () => {
  const reading = deviceIdReading(WIDENED);
  assert.match(reading.title, /^logical device id 0x800000f8, sign-extended$/);
  assert.not.match(
    JSON.stringify(reading, (_key, v) => (typeof v === 'bigint' ? String(v) : v)),
    /acpi/i,
  );
});

extended.run();

const types = suite('device ids by their type bits (LDID-04)');

const IDS: readonly (readonly [string, bigint, object])[] = [
  // The captures' own: 8fd2b1c6-37a9-4e05-… and d10f63e9-a84b-42c7-…, function 0.
  ['logical', 0x37a94e00n, { logical: { id: '0x0000000037a94e00', device_type: 0 } }],
  ['logical with its top bit set', 0xa84b42c0n, { logical: { id: '0x00000000a84b42c0', device_type: 0 } }],
  [
    '00:03.0',
    0x4000000000000018n,
    {
      pci: {
        requester: { bdf: { function: 0, device: 3, bus: 0 } },
        segment: 0,
        shadow_bus_range: { parts: { subordinate_bus: 0, secondary_bus: 0 } },
        phantom_function_bits: 0,
        source_shadow: false,
        rsvdz0: 0,
        device_type: 1,
      },
    },
  ],
  ['I/O APIC 0', 0x8000000000000000n, { ioapic: { ioapic_id: 0, rsvdz3: 0, device_type: 2 } }],
];

for (const [title, id, value] of IDS)
  types(title, () => {
    const record = new Decoder().push(call(0xb2, domain + u64(id)));
    assert.equal(at(presentRecord(record), 'value.input.device_id'), value);
    assert.equal(issuesOf(record.parts[0]!), []);
  });

types.run();
