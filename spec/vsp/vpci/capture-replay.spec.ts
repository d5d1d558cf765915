import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { viewOf } from '../../../src/bytes/span.js';
import type { Event } from '../../../src/capture/decoder.js';
import { NvmeDevice } from '../../../src/vsp/pci/nvme-device.js';
import type { VpciFunction } from '../../../src/vsp/vpci/bus-function.js';
import { VpciBus } from '../../../src/vsp/vpci/vpci-bus.js';
import { readCapture } from '../../support/captures.js';
import { FakeChannel } from '../../support/fake-channel.js';
import { HostRig } from './host-rig.js';

const EJECT = 0x4249000b;
const TRAILER = 8;

interface Scene {
  readonly file: string;
  readonly versions: readonly number[];
  readonly arch?: 'x64' | 'arm64';
  /** Functions of the buses by channel: func and serial. */
  readonly buses: Readonly<Record<number, readonly { func: number; serial: number }[]>>;
  readonly shortened?: boolean;
  /** Packets that a host sends, of all channels. */
  readonly answers: number;
}

const ONE = [{ func: 0, serial: 0x1000 }];
const TWO = [...ONE, { func: 1, serial: 0x1001 }];
const NEW = [0x10001, 0x10002, 0x10003, 0x10004];
const MULTI = { 3: TWO, 4: [{ func: 0, serial: 0x2000 }], 5: TWO };

const SCENES: readonly Scene[] = [
  { file: 'vpci-probe.jsonl', versions: NEW, buses: { 3: ONE }, answers: 7 },
  { file: 'conversation-boot.jsonl', versions: NEW, buses: { 3: ONE }, answers: 13 },
  { file: 'conversation-mmiocall.jsonl', versions: NEW, buses: { 3: ONE }, answers: 13 },
  { file: 'conversation-old.jsonl', versions: [0x10001], buses: { 3: ONE }, answers: 16 },
  { file: 'conversation-multi.jsonl', versions: NEW, buses: MULTI, answers: 52 },
  { file: 'conversation-arm64.jsonl', versions: NEW, arch: 'arm64', buses: { 3: ONE }, answers: 9 },
  { file: 'eject-rescind.jsonl', versions: NEW, buses: MULTI, shortened: true, answers: 22 },
  { file: 'old-protocols.jsonl', versions: [0x10001], buses: { 3: ONE }, answers: 10 },
];

function functionsOf(rig: HostRig, wanted: readonly { func: number; serial: number }[]): VpciFunction[] {
  return wanted.map(({ func, serial }) => ({
    dev: 0,
    func,
    serial,
    numaNode: 0,
    device: new NvmeDevice({ port: rig, interrupts: func === 0 ? 'msix' : 4 }),
  }));
}

/** Sends a guest's packets of a trace through a host of ours; [recorded, ours] of every packet to the guest. */
function replay({ file, versions, arch = 'x64', buses, shortened = false }: Scene): [string, string][] {
  const rig = new HostRig({ arch });
  const pairs: [string, string][] = [];
  const ends = new Map(
    Object.entries(buses).map(([relid, functions]) => {
      const all = functionsOf(rig, functions);
      const instanceId = `00000000-000${relid}-0000-0000-000000000000`;
      const bus = new VpciBus(rig, { instanceId, functions: all, versions, knobs: { shortAnswers: true } });
      const channel = new FakeChannel();
      assert.is(bus.opened(channel, new Uint8Array(120)), 0);
      return [Number(relid), { bus, channel, all }];
    }),
  );
  const events = readCapture(file);
  for (const [at, event] of events.entries()) {
    const end = ends.get(event.relid as number);
    if (end === undefined) continue;
    const { bus, channel, all } = end;
    if (event.k === 'ring_control' && event.moment === 'rescind') bus.withdraw();
    if (event.k === 'ring_control' && event.moment === 'close') bus.closed();
    if (event.k !== 'ring') continue;
    const raw = hexToBytes(event.raw as string);
    const packet = raw.subarray(0, raw.length - TRAILER);
    if (event.direction === 'g2h') {
      // Interrupts that a shortened trace leaves out count in the host's own choice of the data word.
      if (shortened) rig.interrupts.next = nextData(events, at, event.relid as number) ?? rig.interrupts.next;
      channel.pushRaw(packet);
      bus.signaled();
      continue;
    }
    if (channel.sent.length === 0) {
      // The host speaks unasked: an ejection, or the function comes back.
      const type = viewOf(packet).getUint32(16, true);
      if (type === EJECT) assert.ok(bus.eject({ slot: viewOf(packet).getUint32(20, true) }));
      else assert.ok(bus.changeRelations(all));
    }
    const ours = channel.sent.shift();
    pairs.push([bytesToHex(packet), ours === undefined ? '' : bytesToHex(ours.bytes)]);
  }
  for (const { channel } of ends.values()) assert.is(channel.sent.length, 0, 'nothing more was sent');
  return pairs;
}

/** Data word of the interrupt in the next answer on a channel. */
function nextData(events: readonly Event[], from: number, relid: number): number | undefined {
  const answer = events.slice(from + 1).find((e) => e.k === 'ring' && e.relid === relid && e.direction === 'h2g');
  const packet = hexToBytes((answer?.raw as string | undefined) ?? '');
  return packet.length === 40 + TRAILER && packet[0] === 0x0b ? viewOf(packet).getUint32(28, true) : undefined;
}

const replayed = suite('replay of captures');

for (const scene of SCENES)
  replayed(`VPCI-10 VPCI-13 VPCI-20 VPCI-22 VPCI-53 ${scene.file}: the host's packets, byte for byte`, () => {
    const pairs = replay(scene);
    for (const [recorded, ours] of pairs) assert.is(ours, recorded);
    assert.is(pairs.length, scene.answers);
  });

replayed.run();
