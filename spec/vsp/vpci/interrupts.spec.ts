import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BAD_DATA, BusRig, message, OK, padded, V1_1, V1_4, WRONG_STATE } from './bus-rig.js';
import { HostRig } from './host-rig.js';

const interrupts = suite('vPCI interrupts');

/** vector u8, mode u8, count u16 in one word. */
function head(vector: number, mode: number, count: number): number {
  return (vector | (mode << 8) | (count << 16)) >>> 0;
}

function first(slot: number, vector: number, mode: number, count: number, mask: bigint): Uint8Array {
  return message(0x14, slot, head(vector, mode, count), 0, mask);
}

/** Second form: processor count and list follow as 16-bit words. */
function second(
  slot: number,
  vector: number,
  mode: number,
  count: number,
  vps: number[],
  claimed = vps.length,
): Uint8Array {
  const bytes = padded(message(0x17, slot, head(vector, mode, count)), 80);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, claimed, true);
  for (const [i, vp] of vps.entries()) view.setUint16(14 + i * 2, vp, true);
  return bytes;
}

function third(
  slot: number,
  vector: number,
  mode: number,
  count: number,
  vps: number[],
  claimed = vps.length,
): Uint8Array {
  const bytes = padded(message(0x1b, slot, vector, mode | (count << 16)), 88);
  const view = new DataView(bytes.buffer);
  view.setUint16(16, claimed, true);
  for (const [i, vp] of vps.entries()) view.setUint16(18 + i * 2, vp, true);
  return bytes;
}

function granted(count: number, data: number): string {
  const hex = (value: number, size: number) =>
    Array.from({ length: size }, (_, i) => ((value >>> (i * 8)) & 0xff).toString(16).padStart(2, '0')).join('');
  return `${OK}000000000000${hex(count, 2)}${hex(data, 4)}0010e0fe00000000`;
}

function remove(slot: number, data: number, address = 0xfee01000n, n = 0x15): Uint8Array {
  return message(n, slot, 1 << 16, data, address);
}

interface Row {
  readonly note: string;
  readonly request: Uint8Array;
  readonly reply: string;
  readonly target?: { vector: number; vps: number[]; lowestPriority: boolean };
}

const ALL = 0xffff_ffff_ffff_ffffn;
const ROWS: readonly Row[] = [
  {
    note: 'first form, all processors',
    request: first(0, 0x41, 0, 1, ALL),
    reply: granted(1, 0x20),
    target: { vector: 0x41, vps: [0, 1], lowestPriority: false },
  },
  {
    note: 'first form, processor 1, lowest priority',
    request: first(0, 0x41, 1, 2, 2n),
    reply: granted(2, 0x20),
    target: { vector: 0x41, vps: [1], lowestPriority: true },
  },
  { note: 'first form, 33 processors', request: first(0, 0x41, 0, 1, 0x1_ffff_ffffn), reply: BAD_DATA },
  { note: 'first form, mode 2', request: first(0, 0x41, 2, 1, 1n), reply: BAD_DATA },
  { note: 'first form, 33 vectors', request: first(0, 0x41, 0, 33, 1n), reply: BAD_DATA },
  {
    note: 'first form, no vectors',
    request: first(0, 0x41, 0, 0, 1n),
    reply: granted(0, 0).replace('0010e0fe', '00000000'),
  },
  { note: 'first form, too short', request: first(0, 0x41, 0, 1, 1n).subarray(0, 16), reply: BAD_DATA },
  { note: 'first form, another slot', request: first(1, 0x41, 0, 1, 1n), reply: BAD_DATA },
  {
    note: 'second form, a processor',
    request: second(0, 0xef, 0, 1, [1]),
    reply: granted(1, 0x20),
    target: { vector: 0xef, vps: [1], lowestPriority: false },
  },
  {
    note: 'second form, processors that are not there are left out',
    request: second(0, 0xef, 0, 1, [9, 0]),
    reply: granted(1, 0x20),
    target: { vector: 0xef, vps: [0], lowestPriority: false },
  },
  { note: 'second form, 33 processors', request: second(0, 0xef, 0, 1, [], 33), reply: BAD_DATA },
  { note: 'second form, too short', request: second(0, 0xef, 0, 1, [1]).subarray(0, 72), reply: BAD_DATA },
  {
    note: 'third form, several vectors',
    request: third(0, 32, 0, 3, [0]),
    reply: granted(3, 0x20),
    target: { vector: 32, vps: [0], lowestPriority: false },
  },
  {
    note: 'third form, 32 vectors',
    request: third(0, 0x40, 0, 32, [0]),
    reply: granted(32, 0x20),
    target: { vector: 0x40, vps: [0], lowestPriority: false },
  },
  { note: 'third form, a vector that no APIC has', request: third(0, 0x100, 0, 1, [0]), reply: BAD_DATA },
  { note: 'third form, 65535 vectors', request: third(0, 32, 0, 0xffff, [0]), reply: BAD_DATA },
  { note: 'third form, reserved bits of the slot', request: third(0x100, 32, 0, 1, [0]), reply: BAD_DATA },
  { note: 'third form, too short', request: third(0, 32, 0, 1, [0]).subarray(0, 80), reply: BAD_DATA },
];

for (const { note, request, reply, target } of ROWS)
  interrupts(`VPCI-53 VPCI-121 ${note}`, () => {
    const rig = BusRig.started();
    assert.is(rig.ask(request), reply);
    const given = [...rig.host.interrupts.given.values()];
    assert.equal(
      given.map((entry) => entry.target),
      target === undefined ? [] : [target],
    );
    for (const { deviceId } of given) assert.is(deviceId, 0x12345678n & ~7n);
    assert.is(rig.bus.leaks().interrupts, given.length);
  });

interrupts('the third form carries an INTID on arm64', () => {
  const rig = BusRig.started({ rig: new HostRig({ arch: 'arm64' }) });
  assert.is(rig.ask(third(0, 1020, 0, 1, [1])), granted(1, 0x20));
  assert.is([...rig.host.interrupts.given.values()][0]!.target.vector, 1020);
});

interrupts('LDID-11 a function is in the device id', () => {
  const rig = BusRig.started({ devices: [{}, { func: 5 }] });
  rig.ask(third(5 << 5, 32, 0, 1, [0]));
  assert.is([...rig.host.interrupts.given.values()][0]!.deviceId, 0x1234567dn);
});

interrupts('VPCI-121 data words of one create follow each other, and of two are apart', () => {
  const rig = BusRig.started();
  assert.is(rig.ask(third(0, 32, 0, 4, [0])), granted(4, 0x20));
  assert.is(rig.ask(third(0, 40, 0, 1, [0])), granted(1, 0x24));
  assert.is(rig.bus.leaks().interrupts, 2);
});

for (const n of [0x15, 0x18])
  interrupts(`VPCI-56 VPCI-121 delete by exact address and data, message 0x${n.toString(16)}`, () => {
    const rig = BusRig.started();
    rig.ask(third(0, 32, 0, 1, [0]));
    assert.is(rig.ask(remove(0, 0x21, 0xfee01000n, n)), BAD_DATA);
    assert.is(rig.ask(remove(0, 0x20, 0xfee02000n, n)), BAD_DATA);
    assert.is(rig.ask(remove(0x20, 0x20, 0xfee01000n, n)), BAD_DATA);
    assert.is(rig.bus.leaks().interrupts, 1);
    assert.is(rig.ask(remove(0, 0x20, 0xfee01000n, n)), OK);
    assert.is(rig.bus.leaks().interrupts, 0);
    assert.is(rig.ask(remove(0, 0x20, 0xfee01000n, n)), BAD_DATA);
  });

interrupts('VPCI-56 a delete without a request for an answer is silent', () => {
  const rig = BusRig.started();
  rig.ask(third(0, 32, 0, 1, [0]));
  assert.equal(rig.tell(remove(0, 0x20)), []);
  assert.is(rig.bus.leaks().interrupts, 0);
});

interrupts('VPCI-121 what the guest leaves is taken back at D0 exit and counted', () => {
  const rig = BusRig.started();
  rig.ask(third(0, 32, 0, 1, [0]));
  rig.ask(third(0, 33, 0, 2, [0]));
  assert.is(rig.ask(message(0x08)), OK);
  assert.equal(rig.bus.leaks(), { interrupts: 0, windows: 0, undeleted: 2 });
  assert.is(rig.host.interrupts.given.size, 0);
});

interrupts('VPCI-121 and when the channel closes', () => {
  const rig = BusRig.started();
  rig.ask(third(0, 32, 0, 1, [0]));
  rig.bus.closed();
  assert.equal(rig.bus.record.of('closed'), [{ what: 'closed', undeleted: 1 }]);
  assert.is(rig.host.interrupts.given.size, 0);
});

interrupts('VPCI-122 the first processor named is where the host would put it', () => {
  const rig = BusRig.started({ rig: new HostRig({ vps: [0, 1, 2, 3] }) });
  for (const vp of [2, 0, 3]) rig.ask(third(0, 32, 0, 1, [vp, 1]));
  assert.equal(
    rig.bus.record.of('interrupt-created').map(({ physicalCpu }) => physicalCpu),
    [2, 0, 3],
  );
});

interrupts('VPCI-120 not before D0', () => {
  const rig = BusRig.started({}, V1_1, false);
  assert.is(rig.ask(first(0, 0x41, 0, 1, 1n)), WRONG_STATE);
  assert.is(rig.bus.record.of('illegal').length, 1);
});

interrupts('none left, and more than a function may have', () => {
  const rig = BusRig.started({}, V1_4);
  rig.host.interrupts.left = 2;
  assert.is(rig.ask(third(0, 32, 0, 3, [0])), BAD_DATA);
  rig.host.interrupts.left = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 64; i++) assert.ok(rig.ask(third(0, 32, 0, 32, [0])).startsWith(OK));
  assert.is(rig.ask(third(0, 32, 0, 1, [0])), BAD_DATA);
});

interrupts.run();
