import { RingError } from '../../src/ring/ring-error.js';
import { RingMemory } from '../../src/ring/ring-memory.js';
import { LentPacket, ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingReader } from '../../src/ring/ring-reader.js';
import { RingWriter } from '../../src/ring/ring-writer.js';
import { randomWords } from './random.js';
import { PACKET_CASES } from './ring-cases.js';

/** How often each kind of outcome came up: `ok`, `empty`, `full`, `too-large`, or code and path of a RingError. */
export type Tally = Map<string, number>;

const DATA_BYTES = 4096;
const GUARD = 4096;
const CANARY = 0xa5;
/** The smallest packet is 16 bytes and a trailer, so one ring full of them is this many; a reader that finds more loops. */
const MOST_PACKETS = DATA_BYTES / 24 + 1;

/**
 * Makes `states` rings from good packets, spoils each in one to four places, also between reads, and lets a reader or writer
 * loose on it. Throws for anything but a value or a RingError: another error, more packets than fit, a packet that leaves
 * the ring, a byte written outside of it or, by a reader, inside of it.
 */
export function fuzzRing(states: number, seed: number): Tally {
  const next = randomWords(seed);
  const tally: Tally = new Map();
  const buffer = new SharedArrayBuffer(GUARD + 4096 + DATA_BYTES + GUARD);
  const bytes = new Uint8Array(buffer);
  const rig: Rig = {
    next,
    tally,
    buffer,
    bytes,
    memory: RingMemory.over(buffer, GUARD, GUARD + 4096, DATA_BYTES),
    control: new Int32Array(buffer, GUARD, 32),
    data: new Uint8Array(buffer, GUARD + 4096, DATA_BYTES),
    copy: new ReceivedPacket(2048),
  };
  bytes.fill(CANARY);
  for (let i = 0; i < states; i++) {
    fill(rig);
    for (let spoils = 1 + (next() & 3); spoils > 0; spoils--) spoil(rig);
    try {
      if ((next() & 7) === 0) tryWriter(rig);
      else tryReader(rig);
    } catch (error) {
      throw new Error(`state ${i} of seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
    if ((i & 255) === 0 || i + 1 === states) checkGuards(bytes, i, seed);
  }
  return tally;
}

interface Rig {
  readonly next: () => number;
  readonly tally: Tally;
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly memory: RingMemory;
  readonly control: Int32Array;
  readonly data: Uint8Array;
  readonly copy: ReceivedPacket;
}

/** A ring with a few good packets somewhere. */
function fill({ next, control, data, memory }: Rig): void {
  control.fill(0);
  data.fill((next() & 3) === 0 ? 0xff : 0);
  control[0] = control[1] = (next() % (DATA_BYTES / 8)) * 8;
  const writer = new RingWriter(memory);
  for (let i = next() % 6; i > 0; i--) writer.append(PACKET_CASES[next() % PACKET_CASES.length]!.packet);
  writer.publish();
}

/** One change: an index, a word near the read index, any byte, any word of the control page. */
function spoil({ next, control, data }: Rig): void {
  const start = control[1]! & (DATA_BYTES - 1);
  switch (next() & 7) {
    case 0:
      control[next() & 1] = next() | 0;
      break;
    case 1:
      control[next() & 1] = (next() % (DATA_BYTES / 8 + 2)) * 8;
      break;
    case 2:
      control[next() & 1]! += [1, -1, 4, 8, -8, 16, 4096][next() % 7]!;
      break;
    case 3:
      control[next() & 15] = next() | 0;
      break;
    case 4:
      data[next() % DATA_BYTES] = next();
      break;
    default:
      // A descriptor field or a count of ranges of the next packet, to a value near a border.
      data[(start + (next() % 26)) % DATA_BYTES] = [0, 1, 2, 3, 6, 7, 9, 11, 0x7f, 0x80, 0xff, next()][next() % 12]!;
  }
}

function tryReader(rig: Rig): void {
  const { next, memory, copy, data } = rig;
  const copying = (next() & 1) === 0;
  const changing = (next() & 3) === 0;
  const reader = caught(rig, () => new RingReader(memory, { rules: (next() & 1) === 0 ? 'strict' : 'openvmm' }));
  if (reader === undefined) return;
  for (let packets = 0; ; packets++) {
    if (packets > MOST_PACKETS && !changing) throw new Error('more packets than the ring has room for');
    if (changing && packets > 8) return;
    const before = changing ? 0 : digest(data);
    const packet = caught(rig, () => take(reader, copying, copy, rig.tally));
    if (!changing && digest(data) !== before) throw new Error('a reader wrote to the ring');
    if (packet === undefined) return;
    if (changing) spoil(rig);
    checkPacket(rig, packet);
    if ((next() & 3) === 0) reader.release();
  }
}

function take(
  reader: RingReader,
  copying: boolean,
  copy: ReceivedPacket,
  tally: Tally,
): LentPacket | ReceivedPacket | undefined {
  if (!copying) {
    const packet = reader.next();
    add(tally, packet === undefined ? 'empty' : 'ok');
    return packet;
  }
  const outcome = reader.readInto(copy);
  add(tally, outcome);
  return outcome === 'ok' ? copy : undefined;
}

function checkPacket(rig: Rig, packet: LentPacket | ReceivedPacket): void {
  const { packetBytes, payloadAt, payloadBytes, ringOffset, type, flags } = packet;
  const sound =
    packetBytes % 8 === 0 &&
    payloadAt >= 16 &&
    payloadAt + payloadBytes === packetBytes &&
    packetBytes <= DATA_BYTES - 8;
  if (!sound || ringOffset % 8 !== 0 || ringOffset >= DATA_BYTES || flags > 1 || ![6, 7, 9, 11].includes(type))
    throw new Error(`a packet of type ${type}, ${payloadAt} + ${payloadBytes} = ${packetBytes} at ${ringOffset}`);
  const slices = packet instanceof LentPacket ? packet.pieces() : [packet.payload()];
  if (slices.reduce((sum, slice) => sum + slice.length, 0) !== payloadBytes)
    throw new Error('slices of another length');
  if (type === 9) caught(rig, () => packet.gpaRanges());
  if (type === 7) caught(rig, () => packet.transferPages());
}

function tryWriter(rig: Rig): void {
  const { next, memory, tally } = rig;
  const writer = caught(rig, () => new RingWriter(memory, { rules: (next() & 1) === 0 ? 'strict' : 'openvmm' }));
  if (writer === undefined) return;
  for (let i = 0; i < 4; i++) {
    const { packet } = PACKET_CASES[next() % PACKET_CASES.length]!;
    add(tally, caught(rig, () => writer.append(packet)) ?? 'refused');
    if ((next() & 1) === 0) writer.publish();
    spoil(rig);
    caught(rig, () => writer.freeBytes());
  }
}

/** The value, or undefined and a count of the RingError; every other error goes on. */
function caught<V>({ tally }: Rig, act: () => V): V | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof RingError)) throw error;
    // The index within a list is no kind of its own.
    add(tally, `${error.code} ${error.path.replace(/\[\d+\]/, '[n]')}`.trimEnd());
    return undefined;
  }
}

function add(tally: Tally, outcome: string): void {
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
}

function digest(data: Uint8Array): number {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length >> 2);
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum = (Math.imul(sum, 31) + words[i]!) | 0;
  return sum;
}

function checkGuards(bytes: Uint8Array, state: number, seed: number): void {
  const end = bytes.length - GUARD;
  for (let i = 0; i < GUARD; i++)
    if (bytes[i] !== CANARY || bytes[end + i] !== CANARY)
      throw new Error(`state ${state} of seed ${seed}: out of bounds`);
}
