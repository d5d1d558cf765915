import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { BAD_DATA, BusRig, message, OK, padded, WRONG_STATE } from './bus-rig.js';

const FIRST = 0x10;
const SECOND = 0x16;
const THIRD = 0x1a;

interface Range {
  readonly type: number;
  readonly flags?: number;
  readonly address: bigint;
  readonly length: number;
}

/** The fixed part of an assignment, with ranges by BAR and MSI entries of `stride` bytes. */
function assignment(
  n: number,
  {
    slot = 0,
    ranges = {},
    claimed,
    msi = [],
    stride = 0,
  }: {
    slot?: number;
    ranges?: Record<number, Range>;
    claimed?: number;
    msi?: Uint8Array[];
    stride?: number;
  } = {},
): Uint8Array {
  const bytes = padded(message(n, slot), 136 + msi.length * stride);
  const view = new DataView(bytes.buffer);
  for (const [index, { type, flags = 0, address, length }] of Object.entries(ranges)) {
    const at = 8 + Number(index) * 20;
    view.setUint8(at, type);
    view.setUint16(at + 2, flags, true);
    view.setBigUint64(at + 4, address, true);
    view.setUint32(at + 12, length, true);
  }
  view.setUint32(128, claimed ?? msi.length, true);
  for (const [i, entry] of msi.entries()) bytes.set(entry, 136 + i * stride);
  return bytes;
}

/** Descriptor of one vector, in each of the forms. */
const ENTRIES: Record<
  number,
  { stride: number; replyStride: number; entry: (vector: number, count: number) => Uint8Array }
> = {
  [FIRST]: { stride: 16, replyStride: 16, entry: (vector, count) => Uint8Array.of(vector, 0, count, 0, 0, 0, 0, 0, 1) },
  [SECOND]: { stride: 72, replyStride: 72, entry: (vector, count) => Uint8Array.of(vector, 0, count, 0, 1, 0, 0, 0) },
  [THIRD]: {
    stride: 80,
    replyStride: 72,
    entry: (vector, count) => Uint8Array.of(vector, 0, 0, 0, 0, 0, count, 0, 1, 0, 0, 0),
  },
};

const requirements = suite('vPCI resource requirements');

requirements('VPCI-22 VPCI-30 six words as they read after all ones', () => {
  const rig = BusRig.started();
  assert.is(rig.ask(message(0x05, 0)), `${OK}04c0ffffffffffff${'00'.repeat(16)}`);
});

requirements('VPCI-30 of several BARs', () => {
  const bars = [
    { index: 0, size: 0x1000 },
    { index: 2, size: 0x100000, wide: true, prefetch: true },
    { index: 5, size: 0x2000 },
  ];
  const rig = new BusRig();
  const device = new BarDevice({ port: rig.host, bars });
  rig.bus.changeRelations([{ dev: 0, func: 3, serial: 1, device }]);
  rig.ask(message(0x13, 0x10004));
  assert.is(rig.ask(message(0x05, 3 << 5)), `${OK}00f0ffff000000000c00f0ffffffffff0000000000e0ffff`);
});

for (const [note, request] of [
  ['of no function', message(0x05, 1)],
  ['with reserved bits in its slot', message(0x05, 0x100)],
  ['that is empty', message(0x05).subarray(0, 4)],
] as const)
  requirements(`VPCI-120 a query ${note}`, () => {
    // Four bytes are padded to eight: the slot word is 0, and there the function is.
    const wanted = request.length === 4 ? `${OK}04c0ffffffffffff${'00'.repeat(16)}` : BAD_DATA;
    assert.is(BusRig.started().ask(request), wanted);
  });

requirements.run();

const assigned = suite('vPCI resources assigned');

for (const n of [FIRST, SECOND, THIRD]) {
  assigned(`VPCI-15 0x${n.toString(16)}, empty, with what Linux and OpenVMM add behind it`, () => {
    for (const length of [136, 148, 152, 208, 216]) {
      const rig = BusRig.started();
      assert.is(rig.ask(padded(assignment(n), length)), `${OK}${'00'.repeat(132)}`);
      assert.is(rig.bus.state, 'assigned');
    }
  });

  assigned(`0x${n.toString(16)} with interrupts: the entries of the answer`, () => {
    const { stride, replyStride, entry } = ENTRIES[n]!;
    const rig = BusRig.started();
    const reply = rig.ask(assignment(n, { stride, msi: [entry(0x41, 1), entry(0x42, 0), entry(0x43, 2)] }));
    const remapped = (count: number, data: string) =>
      `0000${count.toString(16).padStart(2, '0')}00${data}0000000010e0fe00000000`;
    const pad = '00'.repeat(replyStride - 16);
    assert.is(reply.slice(0, 272), `${OK}${'00'.repeat(124)}03000000${'00'.repeat(4)}`);
    assert.is(reply.slice(272), `${remapped(1, '20')}${pad}${'00'.repeat(replyStride)}${remapped(2, '22')}${pad}`);
    assert.is(rig.bus.leaks().interrupts, 2);
  });

  assigned(`0x${n.toString(16)}: an interrupt that cannot be takes the others back`, () => {
    const { stride, entry } = ENTRIES[n]!;
    const rig = BusRig.started();
    assert.is(rig.ask(assignment(n, { stride, msi: [entry(0x41, 1), entry(0x42, 33)] })), BAD_DATA);
    assert.is(rig.bus.leaks().interrupts, 0);
    assert.is(rig.bus.state, 'd0');
  });

  for (const claimed of [1, 494, 495, 0xffff_ffff])
    assigned(`VPCI-120 0x${n.toString(16)} claims ${claimed} interrupts and has none`, () => {
      assert.is(BusRig.started().ask(assignment(n, { claimed })), BAD_DATA);
    });

  assigned(`VPCI-120 0x${n.toString(16)}: short, another slot, before D0`, () => {
    assert.is(BusRig.started().ask(assignment(n).subarray(0, 128)), BAD_DATA);
    assert.is(BusRig.started().ask(assignment(n, { slot: 1 })), BAD_DATA);
    assert.is(BusRig.started({}, 0x10004, false).ask(assignment(n)), WRONG_STATE);
  });
}

interface RangeRow {
  readonly note: string;
  readonly ranges: Record<number, Range>;
  readonly fits: boolean;
  /** Descriptor 0 of the list that the guest gets back. */
  readonly listed?: string;
}

const ADDRESS = 0xfe0_0000_0000n;
const RANGES: readonly RangeRow[] = [
  {
    note: 'memory',
    ranges: { 0: { type: 3, address: ADDRESS, length: 0x4000 } },
    fits: true,
    listed: '0300000000000000e00f00000040000000000000',
  },
  {
    note: 'less than the BAR',
    ranges: { 0: { type: 3, address: ADDRESS, length: 0x1000 } },
    fits: true,
    listed: '0300000000000000e00f00000010000000000000',
  },
  {
    note: 'large, by 256',
    ranges: { 0: { type: 7, flags: 0x200, address: ADDRESS, length: 0x40 } },
    fits: true,
    listed: '0300000000000000e00f00000040000000000000',
  },
  { note: 'large without a unit', ranges: { 0: { type: 7, address: ADDRESS, length: 0x40 } }, fits: false },
  { note: 'more than the BAR', ranges: { 0: { type: 3, address: ADDRESS, length: 0x4001 } }, fits: false },
  {
    note: 'not aligned to the BAR',
    ranges: { 0: { type: 3, address: ADDRESS + 0x1000n, length: 0x1000 } },
    fits: false,
  },
  { note: 'in the upper half of a BAR', ranges: { 1: { type: 3, address: ADDRESS, length: 0x1000 } }, fits: false },
  { note: 'where there is no BAR', ranges: { 2: { type: 3, address: ADDRESS, length: 0x1000 } }, fits: false },
  { note: 'a port', ranges: { 0: { type: 1, address: ADDRESS, length: 0x1000 } }, fits: true, listed: '00'.repeat(20) },
];

for (const { note, ranges, fits, listed } of RANGES)
  assigned(`a range: ${note}`, () => {
    const rig = BusRig.started();
    const empty = `0100010006000000${'00'.repeat(120)}`;
    const query = padded(message(0x06, 0), 32);
    assert.is(rig.ask(query), empty);
    const reply = rig.ask(assignment(FIRST, { ranges }));
    assert.is(reply.slice(0, 8), fits ? OK : BAD_DATA);
    if (fits) assert.is(reply.slice(8), bytesToHex(assignment(FIRST, { ranges })).slice(8));
    assert.is(rig.ask(query), fits ? `0100010006000000${listed}${'00'.repeat(100)}` : empty);
    assert.is(rig.ask(message(0x11, 0)), OK);
    assert.is(rig.ask(query), empty);
  });

assigned('a range is in the BAR, and answers when memory is decoded', () => {
  const rig = BusRig.started();
  rig.ask(assignment(FIRST, { ranges: { 0: { type: 3, address: 0xfe00_0000n, length: 0x4000 } } }));
  assert.is(rig.readConfig(0, 0x10, 4), 0xfe000004);
  rig.writeConfig(0, 4, 2, 2);
  assert.is(rig.host.mmioRead(0xfe00_0008, 4), 0x10300n);
  assert.is(rig.bus.leaks().windows, 2);
  assert.is(rig.ask(message(0x11, 0)), OK);
  assert.is(rig.host.mmioRead(0xfe00_0008, 4), 0xffff_ffffn);
  assert.is(rig.bus.leaks().windows, 1);
});

assigned('VPCI-82 released is legal at any moment, and of a function only', () => {
  const rig = BusRig.started({}, 0x10004, false);
  assert.is(rig.ask(message(0x11, 0)), OK);
  assert.is(rig.ask(message(0x11, 1)), BAD_DATA);
  assert.equal(rig.tell(message(0x11, 0)), []);
  assert.equal(
    rig.bus.record.of('released').map(({ slot }) => slot),
    [0, 0],
  );
});

assigned('VPCI-120 resources of no function', () => {
  assert.is(BusRig.started().ask(padded(message(0x06, 1), 32)), BAD_DATA);
  assert.is(BusRig.started().ask(message(0x06, 0)), BAD_DATA);
});

assigned.run();
