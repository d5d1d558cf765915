import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import type { VpciFunction } from '../../../src/vsp/vpci/bus-function.js';
import { readProjectText } from '../../support/project.js';
import type { ChannelPair } from './channel-pair.js';
import { VpciRig, type VpciRigOptions } from './vpci-rig.js';

const captures = suite('guest/vpci against recorded kernels');

interface Packet {
  readonly id: number;
  /** Payload with its padding. */
  readonly payload: string;
}

/** Packets that the recorded kernel sent on a channel. */
function recorded(file: string, relid: number): Packet[] {
  const packets: Packet[] = [];
  for (const line of readProjectText('fixtures', 'captures', file).split('\n')) {
    if (line === '') continue;
    const record = JSON.parse(line) as Record<string, unknown>;
    if (record.k !== 'ring' || record.direction !== 'g2h' || record.relid !== relid) continue;
    const raw = String(record.raw);
    packets.push({ id: Number.parseInt(raw.slice(16, 18), 16), payload: raw.slice(32, -16) });
  }
  return packets;
}

function sent(channel: ChannelPair): Packet[] {
  return channel.sent.map(({ payload, id }) => {
    const padded = new Uint8Array(Math.ceil(payload.length / 8) * 8);
    padded.set(payload);
    return { id: Number(id), payload: bytesToHex(padded) };
  });
}

/** Functions of the recorded host: NVMe of the host's own vendor, with a BAR of 16 KiB. */
function recordedFunctions(rig: VpciRig, count: number): VpciFunction[] {
  const identity = { vendorId: 0x1414, deviceId: 0xb111, revision: 1, progIf: 2, subclass: 8, baseClass: 1 };
  return Array.from({ length: count }, (_, func) => ({
    dev: 0,
    func,
    serial: 0x1000 + func,
    device: new BarDevice({ port: rig.port, bars: [{ index: 0, size: 0x4000, wide: true }], identity }),
  }));
}

function rigAsRecorded(count: number, options: VpciRigOptions = {}): VpciRig {
  const rig = new VpciRig({ ...options, functions: [] });
  rig.bus.changeRelations(recordedFunctions(rig, count));
  return rig;
}

/** Messages of a probe: all before the first one of an interrupt. */
const beforeInterrupts = (packets: readonly Packet[]): Packet[] =>
  packets.filter(({ payload }) => !/^(14|15|1b)004942/.test(payload));

captures('VPCI-02 VPCI-10 VPCI-12 VPCI-13 VPCI-15 VPCI-95: a probe sends the packets and ids of Linux 6.12', () => {
  const rig = rigAsRecorded(1);
  assert.ok(rig.probe().ok);
  const expected = beforeInterrupts(recorded('vpci-probe.jsonl', 3));
  assert.is(expected.length, 5);
  assert.equal(beforeInterrupts(sent(rig.channel)), expected);
});

captures('VPCI-02 VPCI-10 VPCI-15: a host of 1.1 hears four queries and the first form of resources assigned', () => {
  const rig = rigAsRecorded(1, { bus: { versions: [0x10001] } });
  assert.ok(rig.probe().ok);
  const expected = beforeInterrupts(recorded('old-protocols.jsonl', 3));
  assert.is(expected.length, 8);
  assert.equal(beforeInterrupts(sent(rig.channel)), expected);
});

captures('VPCI-15: resources of two functions are assigned one by one', () => {
  const rig = rigAsRecorded(2);
  assert.ok(rig.probe().ok);
  const expected = recorded('eject-rescind.jsonl', 5);
  assert.is(expected.length, 7);
  assert.equal(beforeInterrupts(sent(rig.channel)), expected);
});

captures('VPCI-22 VPCI-71: an ejection and the return of the function by relations', () => {
  const rig = rigAsRecorded(2);
  assert.ok(rig.probe().ok);
  const kept = recordedFunctions(rig, 2);
  rig.bus.changeRelations(kept);
  rig.queue.drain();
  const probed = rig.channel.sent.length;
  rig.bus.eject({ slot: 0x20 });
  rig.queue.drain();
  rig.bus.changeRelations([kept[0]!, recordedFunctions(rig, 2)[1]!]);
  rig.queue.drain();
  const expected = recorded('eject-rescind.jsonl', 3);
  assert.equal(sent(rig.channel).slice(probed), expected.slice(-2));
  // Linux looks at the function and binds no driver.
  assert.is(rig.functionDriver.bound.length, 1);
});

captures('VPCI-33 VPCI-41 VPCI-43: a confidential guest places its BAR by the calls of Linux 6.12', () => {
  const rig = rigAsRecorded(1, { driver: { isConfidential: true } });
  assert.ok(rig.probe().ok);
  const expected: string[] = [];
  for (const line of readProjectText('fixtures', 'captures', 'mmio-calls.jsonl').split('\n')) {
    if (line === '') continue;
    const { k, code, in: input } = JSON.parse(line) as Record<string, string>;
    // The reserved word of the recorded input is whatever the page held.
    if (k === 'hypercall')
      expected.push(`${code} ${input!.slice(0, 24)} ${code === '0x107' ? input!.slice(32, 40) : ''}`);
  }
  const made = rig.guest.mmioCalls.map(({ code, input }) => {
    const hex = bytesToHex(input);
    return `0x${code.toString(16)} ${hex.slice(0, 24)} ${code === 0x107 ? hex.slice(32, 40) : ''}`;
  });
  assert.equal(made.slice(0, 7), expected.slice(0, 7));
  assert.equal(
    rig.guest.accesses.filter((access) => / f800[01]/.test(access)),
    [],
  );
});

captures.run();
