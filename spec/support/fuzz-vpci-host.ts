import { bytesToHex } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';
import { BarDevice } from '../../src/vsp/pci/bar-device.js';
import { NvmeDevice } from '../../src/vsp/pci/nvme-device.js';
import type { VpciFunction } from '../../src/vsp/vpci/bus-function.js';
import { VpciBus } from '../../src/vsp/vpci/vpci-bus.js';
import { HostRig } from '../vsp/vpci/host-rig.js';
import { FakeChannel } from './fake-channel.js';
import { randomWords } from './random.js';

/** How often each answer came up: its first word as hex text, `silence`, or what was done instead of a packet. */
export type VpciTally = Map<string, number>;

const MEMORY_BYTES = 1 << 20;
const CONFIG = 0xf8000000;
const NVME_BAR = 0xfe000000;
const RAM_BAR = 0xfe100000;
const NVME_SLOT = 0;
const RAM_SLOT = 0x20;
const VERSION = 0x13;
const QUERY_REQUIREMENTS = Uint8Array.of(5, 0, 0x49, 0x42, 0, 0, 0, 0);
const REQUIREMENTS = `0000000004c0ffffffffffff${'00'.repeat(16)}`;

interface Rig {
  readonly next: () => number;
  readonly host: HostRig;
  readonly bus: VpciBus;
  readonly functions: readonly VpciFunction[];
  readonly channel: FakeChannel;
  readonly other: VpciBus;
  readonly otherChannel: FakeChannel;
  readonly tally: VpciTally;
}

/**
 * A guest that sends `count` packets and accesses of any kind to one bus: good messages, spoiled ones, noise, configuration
 * and register writes, commands in queues it moves under the controller. Throws where the host does: by itself, by an access
 * outside of guest memory, which SharedGuestMemory refuses, by packets that nobody asked for without end, or by a second bus
 * that answers something else than before.
 */
export function fuzzVpciHost(count: number, seed: number): VpciTally {
  const rig = makeRig(seed);
  start(rig);
  for (let i = 0; i < count; i++) {
    try {
      step(rig);
      rig.host.queue.advance(1);
      if (rig.bus.state === 'dead' || rig.bus.state === 'rescinded' || (rig.next() & 1023) === 0) reopen(rig);
      if ((i & 63) === 0 || i + 1 === count) checkOther(rig);
    } catch (error) {
      throw new Error(`step ${i} of seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  rig.tally.set('nvme', rig.host.events.filter(({ k }) => k === 'nvme').length);
  rig.bus.closed();
  const { interrupts, windows } = rig.bus.leaks();
  if (interrupts + windows !== 0)
    throw new Error(`seed ${seed}: ${interrupts} interrupts and ${windows} windows are left`);
  return rig.tally;
}

function makeRig(seed: number): Rig {
  const next = randomWords(seed);
  const host = new HostRig({ memoryBytes: MEMORY_BYTES });
  const nvme = new NvmeDevice({ port: host, sectors: 1024 });
  const ram = new BarDevice({
    port: host,
    msiVectors: 4,
    blocks: { readBlock: (id, length) => (id > 8 ? undefined : new Uint8Array(length)), writeBlock: (id) => id < 9 },
  });
  const functions = [
    { dev: 0, func: 0, serial: 1, device: nvme },
    { dev: 0, func: 1, serial: 2, device: ram },
  ];
  const bus = new VpciBus(host, { instanceId: '00000000-0001-0000-0000-000000000000', functions });
  const other = new VpciBus(host, {
    instanceId: '00000000-0002-0000-0000-000000000000',
    functions: [{ dev: 0, func: 0, serial: 3, device: new NvmeDevice({ port: host }) }],
  });
  const [channel, otherChannel] = [new FakeChannel(), new FakeChannel()];
  const rig: Rig = { next, host, bus, functions, channel, other, otherChannel, tally: new Map() };
  other.opened(otherChannel, new Uint8Array(120));
  otherChannel.request(numbered(VERSION, [0x10004]), 1n);
  other.signaled();
  otherChannel.take();
  return rig;
}

/** A guest that has come as far as a driver's first command. */
function start({ bus, channel, host }: Rig): void {
  bus.opened(channel, new Uint8Array(120));
  channel.request(numbered(VERSION, [0x10004]), 1n);
  channel.request(numbered(7, [0, CONFIG, 0]), 2n);
  bus.signaled();
  channel.take();
  const config = (slot: number, at: number, size: 2 | 4, value: number) => {
    host.mmioWrite(CONFIG, 4, BigInt(slot));
    host.mmioWrite(CONFIG + 0x1000 + at, size, BigInt(value));
  };
  config(NVME_SLOT, 0x10, 4, NVME_BAR);
  config(NVME_SLOT, 4, 2, 6);
  config(NVME_SLOT, 0x42, 2, 0x8000);
  config(RAM_SLOT, 0x10, 4, RAM_BAR);
  config(RAM_SLOT, 4, 2, 6);
  for (const [at, value] of [
    [0x24, 0x1f001f],
    [0x28, 0x1000],
    [0x30, 0x2000],
    [0x14, 0x460001],
  ] as const)
    host.mmioWrite(NVME_BAR + at, 4, BigInt(value));
}

/** Closed and opened again, with all functions: some may have been ejected. */
function reopen(rig: Rig): void {
  rig.bus.closed();
  rig.bus.changeRelations(rig.functions);
  rig.channel.free(Number.POSITIVE_INFINITY);
  rig.channel.discard();
  start(rig);
}

function step(rig: Rig): void {
  const kind = rig.next() % 8;
  if (kind < 4) sendPacket(rig);
  else if (kind === 4) touchConfig(rig);
  else if (kind === 5) touchRegisters(rig);
  else if (kind === 6) submit(rig);
  else hostActs(rig);
}

/** Message number n of a vPCI message and its words. */
function numbered(n: number, words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + words.length * 4);
  const view = viewOf(bytes);
  view.setUint32(0, 0x42490000 + n, true);
  for (const [i, word] of words.entries()) view.setUint32(4 + i * 4, word >>> 0, true);
  return bytes;
}

const SIZES = [0, 4, 8, 12, 16, 24, 28, 32, 80, 84, 88, 136, 152, 208, 216, 296, 4096];
const SLOTS = [NVME_SLOT, RAM_SLOT, NVME_SLOT, RAM_SLOT, 1, 0xff, 0x100, 0xffffffff];

function sendPacket(rig: Rig): void {
  const { next, channel, bus, tally } = rig;
  const length = SIZES[next() % SIZES.length]!;
  const n = next() % 0x20;
  // A second query of the version would end it all too often.
  const bytes = numbered(n === VERSION && (next() & 15) !== 0 ? 0x14 : n, [SLOTS[next() % SLOTS.length]!]);
  const packet = new Uint8Array(Math.max(length, 4));
  packet.set(bytes.subarray(0, packet.length));
  const noise = next() & 3;
  const view = viewOf(packet);
  for (let at = 8; at + 4 <= packet.length && noise > 0; at += 4) {
    const word = noise === 1 ? next() & 0x0001_0141 : noise === 2 ? next() & 0xff : next();
    view.setUint32(at, word >>> 0, true);
  }
  if ((next() & 31) === 0) for (let i = 0; i < packet.length; i++) packet[i] = next() >>> 24;
  if ((next() & 3) === 0) channel.request(packet);
  else channel.request(packet, BigInt(next()));
  if ((next() & 63) === 0) channel.push({ kind: 'completion', payload: packet, transactionId: 3n });
  bus.signaled();
  const answers = channel.take();
  if (answers.length > 8) throw new Error(`${answers.length} packets for one`);
  for (const { payload } of answers) count(tally, payload.length < 4 ? 'empty' : bytesToHex(payload, 0, 4));
  if (answers.length === 0) count(tally, 'silence');
}

function touchConfig({ next, host, tally }: Rig): void {
  host.mmioWrite(CONFIG, 4, BigInt(SLOTS[next() % SLOTS.length]!));
  const at = CONFIG + ((next() & 7) === 0 ? next() % 0x2000 : 0x1000 + (next() % 0x90));
  access(host, next, at);
  count(tally, 'config');
}

function touchRegisters({ next, host, tally }: Rig): void {
  const bases = [0, 0, 0x1000, 0x2000, 0x3000];
  const offset = bases[next() % bases.length]! + ((next() % 0x48) & ((next() & 3) === 0 ? -1 : ~3));
  access(host, next, ((next() & 7) === 0 ? RAM_BAR : NVME_BAR) + offset);
  count(tally, 'registers');
}

function access(host: HostRig, next: () => number, at: number): void {
  const size = ([1, 2, 4, 4, 4, 8] as const)[next() % 6]!;
  const value = (next() & 3) === 0 ? next() : next() & 0x3f;
  if ((next() & 1) === 0) host.mmioRead(at, size);
  else host.mmioWrite(at, size, BigInt(value) | (size === 8 ? BigInt(next() & 0xff) << 32n : 0n));
}

/** A command, more or less good, in some queue, and a doorbell. */
function submit({ next, host, tally }: Rig): void {
  const { memory } = host;
  const at = 0x1000 + (next() % 32) * 64;
  const words = Array.from({ length: 16 }, () => ((next() & 3) === 0 ? next() : next() & 0x7));
  words[0] = (next() % 0x10) | ((next() & 7) === 0 ? next() & 0xff00 : 0);
  words[6] = (next() & 7) === 0 ? next() : (next() % 0x100) << 12;
  words[8] = (next() & 7) === 0 ? next() : (next() % 0x100) << 12;
  for (const [i, word] of words.entries()) memory.writeU32(at + i * 4, word >>> 0);
  host.mmioWrite(NVME_BAR + 0x1000 + (next() % 4) * 4, 4, BigInt(next() % 34));
  // Off and on again: its queues are where they were.
  if ((next() & 15) === 0) for (const cc of [0x460000n, 0x460001n]) host.mmioWrite(NVME_BAR + 0x14, 4, cc);
  count(tally, 'submit');
}

function hostActs({ next, bus, channel, tally }: Rig): void {
  switch (next() % 64) {
    case 0:
      bus.eject({ slot: NVME_SLOT });
      break;
    case 1:
      bus.eject({ slot: RAM_SLOT });
      break;
    case 2:
      channel.room = next() % 3;
      break;
    case 3:
      bus.invalidateBlocks(RAM_SLOT, BigInt(next()));
      break;
    default:
      channel.free(Number.POSITIVE_INFINITY);
  }
  channel.take();
  count(tally, 'host');
}

function checkOther({ other, otherChannel }: Rig): void {
  otherChannel.request(QUERY_REQUIREMENTS, 9n);
  other.signaled();
  const [answer, ...more] = otherChannel.take();
  if (more.length > 0 || answer === undefined || bytesToHex(answer.payload) !== REQUIREMENTS)
    throw new Error('the other bus answers something else');
}

function count(tally: VpciTally, key: string): void {
  tally.set(key, (tally.get(key) ?? 0) + 1);
}
