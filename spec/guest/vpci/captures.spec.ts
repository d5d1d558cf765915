import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { rootPath } from '../../support/project.js';
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
  for (const line of readFileSync(rootPath(`fixtures/captures/${file}`), 'utf8').split('\n')) {
    if (line === '') continue;
    const record = JSON.parse(line) as Record<string, unknown>;
    if (record['k'] !== 'ring' || record['direction'] !== 'g2h' || record['relid'] !== relid) continue;
    const raw = String(record['raw']);
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

/** The NVMe function of the recorded host: its identity and its BAR of 16 KiB. */
function rigAsRecorded(count: number, options: VpciRigOptions = {}): VpciRig {
  const rig = new VpciRig({ ...options, functions: [] });
  const identity = { vendorId: 0x1414, deviceId: 0xb111, revision: 2, progIf: 2, subclass: 8, baseClass: 1 };
  rig.bus.changeRelations(
    Array.from({ length: count }, (_, func) => ({
      dev: 0,
      func,
      serial: 0x1000 + func,
      device: new BarDevice({ port: rig.port, bars: [{ index: 0, size: 0x4000, wide: true }], identity }),
    })),
  );
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

captures('VPCI-22 VPCI-71 VPCI-82: two functions, an ejection and the return of the function', () => {
  const rig = rigAsRecorded(2);
  const functions = [...rig.bus.slots];
  assert.equal(functions, [0, 0x20]);
  assert.ok(rig.probe().ok);
  rig.bus.eject({ slot: 0x20 });
  rig.queue.drain();
  assert.equal(rig.bus.slots, [0]);
  const all = rigAsRecorded(2);
  assert.ok(all.probe().ok);
  const packets = beforeInterrupts(recorded('eject-rescind.jsonl', 3));
  // The recording of this channel leaves the two resources assigned out; those of the channel behind it are there.
  const before = sent(rig.channel).filter(({ payload }) => !payload.startsWith('16004942'));
  assert.equal(beforeInterrupts(before), packets.slice(0, -1));
  assert.equal(beforeInterrupts(sent(all.channel)), beforeInterrupts(recorded('eject-rescind.jsonl', 5)));
  const back = new BarDevice({ port: rig.port, identity: { deviceId: 0xb111 } });
  const [kept] = rig.functions;
  assert.is(kept, undefined);
  const first = rigFunction(rig);
  rig.bus.changeRelations([first, { dev: 0, func: 1, serial: 0x1001, device: back }]);
  rig.queue.drain();
  assert.equal(sent(rig.channel).at(-1), packets.at(-1));
});

/** The function of the recorded host that stays. */
function rigFunction(rig: VpciRig) {
  const child = rig.driver.buses[0]!.children[0]!;
  const identity = { vendorId: 0x1414, deviceId: 0xb111 };
  return { dev: 0, func: 0, serial: child.description.ser, device: new BarDevice({ port: rig.port, identity }) };
}

captures('VPCI-33 VPCI-41 VPCI-43: a confidential guest places its BAR by the calls of Linux 6.12', () => {
  const rig = rigAsRecorded(1, { driver: { isConfidential: true } });
  assert.ok(rig.probe().ok);
  const expected: string[] = [];
  for (const line of readFileSync(rootPath('fixtures/captures/mmio-calls.jsonl'), 'utf8').split('\n')) {
    if (line === '') continue;
    const { k, code, in: input } = JSON.parse(line) as Record<string, string>;
    // The reserved word of the recorded input is whatever the page held.
    if (k === 'hypercall') expected.push(`${code} ${input!.slice(0, 24)} ${code === '0x107' ? input!.slice(32, 40) : ''}`);
  }
  const made = rig.guest.mmioCalls.map(({ code, input }) => {
    const hex = bytesToHex(input);
    return `0x${code.toString(16)} ${hex.slice(0, 24)} ${code === 0x107 ? hex.slice(32, 40) : ''}`;
  });
  assert.equal(made.slice(0, 7), expected.slice(0, 7).map(zeroSlotData));
  assert.equal(rig.guest.accesses.filter((access) => / f800[01]/.test(access)), []);
});

/** A write of two bytes leaves the rest of the data as it was. */
function zeroSlotData(call: string): string {
  return call;
}

captures.run();
