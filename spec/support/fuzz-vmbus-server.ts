import { vmbusVersions } from '../../src/abi/vmbus/protocol.js';
import { ringInGuest } from '../../src/ring/guest-ring.js';
import { ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingReader } from '../../src/ring/ring-reader.js';
import { RingWriter } from '../../src/ring/ring-writer.js';
import type { ChannelDevice, HostChannel } from '../../src/vsp/vmbus/channel-device.js';
import { ChannelServer, type OfferedChannel } from '../../src/vsp/vmbus/channel-server.js';
import { FakeHostPort } from './fake-host-port.js';
import { randomWords } from './random.js';

/** How often each kind of thing came of it: a message type of the host, a log code, `broken`. */
export type ServerTally = Map<string, number>;

const PAGE = 4096;
const CHANNELS = 4;
/** Messages to one server before the next. */
const ROUND = 500;
/** Honest rings lie here; the guest's attacks name lower pages, or no memory. */
const HONEST_PFN = 200;
const EDGES = [0, 1, 2, 3, 4, 5, 7, 8, 0xff, 0xfff, 0x1000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const OFTEN = [5, 5, 5, 5, 7, 8, 8, 8, 8, 9, 11, 11, 11, 18, 19, 22];
/** Some of these end the connection or what goes on in it. */
const RARE = [0, 1, 2, 3, 4, 6, 10, 12, 13, 14, 14, 15, 16, 17, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 0xffffffff];
const SIZES = [0, 1, 4, 7, 8, 9, 12, 16, 20, 24, 28, 40, 56, 108, 148, 156, 236, 240];

/** Answers every packet with its payload, and reads as a device does. */
class Echo implements ChannelDevice {
  readonly interfaceId = '44c4f61d-4444-4400-9d52-802e27ede19f';
  readonly instanceId: string;
  readonly mmioMegabytes = 1;
  readonly channelFlags = 0x400;
  private channel: HostChannel | undefined;
  private readonly packet = new ReceivedPacket(PAGE);

  constructor(number: number) {
    this.instanceId = `1122334${number}-5566-7788-99aa-bbccddeeff00`;
  }

  opened(channel: HostChannel): number {
    if (this.channel !== undefined) throw new Error('opened twice');
    this.channel = channel;
    return 0;
  }

  signaled(): void {
    const { channel, packet } = this;
    if (channel === undefined) throw new Error('signaled while closed');
    // No more than a ring holds: a guest may write while the host reads, here it does not.
    for (let packets = 0; ; packets++) {
      if (packets > PAGE) throw new Error('a ring without end');
      const outcome = channel.receive(packet);
      if (outcome === 'empty') return;
      if (outcome === 'too-large') packet.grow(packet.neededBytes);
      else if (packet.transactionId !== undefined)
        channel.send({ kind: 'completion', payload: packet.payload().slice(), transactionId: packet.transactionId });
    }
  }

  closed(): void {
    if (this.channel === undefined) throw new Error('closed twice');
    this.channel = undefined;
  }
}

/**
 * Plays a hostile guest: `count` messages, good ones spoiled in a few places, random ones, wild signals and writes to its
 * rings. Throws for whatever the server throws, for a channel that stops working after the rest was attacked, and for
 * servers that do not come back after a new contact.
 */
export function fuzzVmbusServer(count: number, seed: number, go: () => boolean = () => true): ServerTally {
  const tally: ServerTally = new Map();
  for (let done = 0, round = 0; done < count && go(); done += ROUND, round++) {
    const rig = new HostileGuest(seed + round, tally);
    try {
      rig.run(Math.min(ROUND, count - done));
    } catch (error) {
      throw new Error(`seed ${seed + round}: ${(error as Error).message}`, { cause: error });
    }
  }
  return tally;
}

class HostileGuest {
  private readonly next: () => number;
  private readonly tally: ServerTally;
  private readonly port = new FakeHostPort();
  private readonly server: ChannelServer;
  private readonly offered: OfferedChannel[] = [];
  private honest: { writer: RingWriter; reader: RingReader };
  private readonly answer = new ReceivedPacket(PAGE);
  private sent = 0;

  constructor(seed: number, tally: ServerTally) {
    this.next = randomWords(seed);
    this.tally = tally;
    this.port.keepsTrace = false;
    this.server = new ChannelServer(this.port, {
      log: ({ code, fields }) => this.count(code === 'vmbus-open-refused' ? `${code} ${String(fields?.why)}` : code),
      monitorPages: this.one([0, 1]) === 0 ? 'refuse' : 'serve',
      maxGpadlPages: 4096,
    });
    for (let i = 0; i < CHANNELS; i++) this.offered.push(this.server.offer(new Echo(i)));
    this.connect(vmbusVersions[this.next() % vmbusVersions.length]!.version);
    this.openHonest();
    this.honest = this.honestEnds();
  }

  run(messages: number): void {
    for (let i = 0; i < messages; i++) {
      this.attack();
      this.port.queue.advance(this.one([0, 0, 0, 1000]));
      this.takeAnswers();
      // Messages may end the connection; a channel is only to answer as long as nobody closed it.
      if (i % 16 === 0 && this.isHonestOpen()) this.echo();
      if (i % 16 === 8 && !this.isHonestOpen()) this.comeBack(this.one([0x10001, 0x40000, 0x50003, 0x60000]));
    }
    this.comeBack(0x50003);
    this.echo();
  }

  /** As a new kernel does. */
  private comeBack(version: number): void {
    this.connect(version);
    this.openHonest();
    if (!this.isHonestOpen()) throw new Error('the server takes no new connection');
    this.honest = this.honestEnds();
  }

  private attack(): void {
    const kind = this.next() % 16;
    if (kind === 0)
      this.port.signal(
        this.one([2, 0x2000 + this.offered[this.next() % CHANNELS]!.relid, this.next()]),
        this.next(),
        this.next(),
      );
    else if (kind === 1) this.spoilRings();
    else if (kind === 2 && this.next() % 4 === 0) this.hostActs();
    else if (kind === 3) this.post(this.random());
    else if (kind === 4) this.openAndBreak();
    else this.post(this.message());
  }

  /** A well-formed message about small numbers, then perhaps spoiled. */
  private message(): Uint8Array {
    const type = this.one(this.next() % 32 === 0 ? RARE : OFTEN);
    const bytes = new Uint8Array(this.sizeOf(type));
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + 4 <= bytes.length; at += 4)
      view.setUint32(at, this.one([0, 0, this.small(), this.edge()]), true);
    this.shape(type, view);
    if (bytes.length >= 4) view.setUint32(0, type, true);
    if (this.next() % 4 !== 0) return bytes;
    for (let spoils = this.next() % 3; spoils >= 0 && bytes.length > 0; spoils--)
      bytes[this.next() % bytes.length] = this.one([0, 1, 0x7f, 0x80, 0xff, this.next()]);
    return this.next() % 4 === 0 ? bytes.subarray(0, this.next() % (bytes.length + 1)) : bytes;
  }

  /** Fields that make most messages of a type pass the first checks. */
  private shape(type: number, view: DataView): void {
    const relid = this.next() % 16 === 0 ? this.small() : this.offered[this.next() % (CHANNELS - 1)]!.relid;
    // A channel's GPADL is mostly the one that its open names.
    const id = this.one([0x10 + relid, 0x10 + relid, 0x10 + relid, 0x10 + (this.next() % 8)]);
    if (type === 14) {
      put(view, 8, 4, this.one([...vmbusVersions.map(({ version }) => version), this.next()]));
      put(view, 12, 4, this.next() % 3);
      put(view, 16, 4, this.one([2, 0x5000, this.next()]));
      return;
    }
    put(view, 8, 4, relid);
    if (type === 8) {
      const inside = Math.max(1, (view.byteLength - 28) >> 3);
      const pages = this.one([inside, inside, inside, inside, 1, 40]);
      put(view, 12, 4, id);
      put(view, 16, 2, this.one([(pages + 1) * 8, (pages + 1) * 8, this.next()]));
      put(view, 18, 2, this.one([1, 1, 1, 2, this.next()]));
      put(view, 20, 4, pages * PAGE);
      put(view, 24, 4, this.one([0, 0, 0, this.edge()]));
      for (let at = 28; at + 8 <= view.byteLength; at += 8) view.setBigUint64(at, this.pfn(), true);
    }
    if (type === 9) for (let at = 16; at + 8 <= view.byteLength; at += 8) view.setBigUint64(at, this.pfn(), true);
    if (type === 9 || type === 11 || type === 22) put(view, 12, 4, id);
    if (type === 5) {
      put(view, 16, 4, id);
      put(view, 20, 4, this.one([0, 0, 1, 0xffffffff, this.next()]));
      put(view, 24, 4, this.one([2, 2, 2, this.small(), this.next()]));
    }
  }

  private sizeOf(type: number): number {
    const usual = new Map([
      [3, 8],
      [5, this.one([148, 156])],
      [7, 12],
      [8, this.one([60, 108, 236])],
      [9, this.one([16, 240])],
      [11, 16],
      [13, 12],
      [14, this.one([40, 56])],
      [18, 28],
      [19, 20],
      [21, this.one([40, 56])],
      [22, 16],
      [25, 24],
    ]).get(type);
    return this.next() % 8 === 0 ? this.one(SIZES) : (usual ?? 8);
  }

  private random(): Uint8Array {
    return Uint8Array.from({ length: this.one(SIZES) }, () => this.next());
  }

  /** Indices, descriptors and packets of rings that were handed over, except the honest ones. */
  private spoilRings(): void {
    for (let i = this.next() % 6; i >= 0; i--) {
      const page = 16 + (this.next() % 32);
      const at = this.one([0, 4, 8, 12, 64, (this.next() % 1024) * 4]);
      this.port.memory.writeU32(
        page * PAGE + at,
        this.one([0, 8, 24, 32, 0x00020006, 0x00010003, this.edge(), this.next()]),
      );
    }
    this.port.signal(0x2000 + this.offered[this.next() % (CHANNELS - 1)]!.relid);
  }

  /** The host's own doings go on: all but the honest device come and go. */
  private hostActs(): void {
    const channel = this.offered[this.next() % (CHANNELS - 1)]!;
    if (this.next() % 2 === 0) channel.rescind();
    else channel.reoffer();
    if (this.next() % 64 === 0) this.server.recordRings();
  }

  private post(bytes: Uint8Array): void {
    // The honest channel's own driver is the one that closes it.
    if (bytes.length >= 12 && [7, 13, 11].includes(bytes[0]!) && bytes[8] === CHANNELS) return;
    this.port.post(this.one([1, 1, 4]), bytes, this.next() % 3, this.next() % 64 === 0 ? this.next() : 1);
  }

  private takeAnswers(): void {
    for (const { payload } of this.port.messages.splice(0)) {
      // The last word of the answers to open and GPADL requests is their status.
      const status = payload[0] === 6 || payload[0] === 10 ? (payload[19] === 0 ? ' done' : ' refused') : '';
      this.count(`message ${payload[0]}${status}`);
    }
    this.port.events.length = 0;
  }

  private connect(version: number): void {
    const contact = new Uint8Array(40);
    const view = new DataView(contact.buffer);
    view.setUint32(0, 14, true);
    view.setUint32(8, version, true);
    if (version >= 0x50000) view.setUint8(16, 2);
    this.say(contact);
    this.say(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0));
  }

  private openHonest(): void {
    this.openRings(this.offered[CHANNELS - 1]!.relid, HONEST_PFN, 0x99);
  }

  /** Opens a channel as it should be, lays a good packet into its ring, and changes a word or two of it. */
  private openAndBreak(): void {
    const { relid } = this.offered[this.next() % (CHANNELS - 1)]!;
    const pfn = 64 + (this.next() % 16) * 4;
    for (const type of [7, 11]) {
      const message = new DataView(new ArrayBuffer(16));
      for (const [at, value] of [
        [0, type],
        [8, relid],
        [12, pfn],
      ] as const)
        message.setUint32(at, value, true);
      this.say(new Uint8Array(message.buffer));
    }
    this.openRings(relid, pfn, pfn);
    const writer = new RingWriter(ringInGuest(this.port.memory, [pfn, pfn + 1]));
    for (let i = this.next() % 8; i >= 0; i--)
      writer.append({
        kind: 'in-band',
        payload: new Uint8Array(8 * this.small()),
        transactionId: 1n,
        completion: true,
      });
    writer.publish();
    for (let i = this.next() % 3; i > 0; i--) {
      const at = this.one([0, 4, 8, 12, PAGE, PAGE + 4, PAGE + 32, PAGE + 36, 2 * PAGE, 2 * PAGE + 4]);
      this.port.memory.writeU32(
        pfn * PAGE + at,
        this.one([0, 8, 24, 0x00030007, 0x00030009, this.edge(), this.next()]),
      );
    }
    this.port.signal(0x2000 + relid);
  }

  /** Hands four pages over and opens a channel with a page of data each way, as far as the server goes along. */
  private openRings(relid: number, pfn: number, id: number): void {
    this.port.memory.clear(pfn * PAGE, 4 * PAGE);
    const gpadl = new DataView(new ArrayBuffer(60));
    for (const [at, value] of [
      [0, 8],
      [8, relid],
      [12, id],
      [16, 40 | (1 << 16)],
      [20, 4 * PAGE],
    ] as const)
      gpadl.setUint32(at, value, true);
    for (let i = 0; i < 4; i++) gpadl.setBigUint64(28 + i * 8, BigInt(pfn + i), true);
    this.say(new Uint8Array(gpadl.buffer));
    const open = new DataView(new ArrayBuffer(148));
    for (const [at, value] of [
      [0, 5],
      [8, relid],
      [12, 1],
      [16, id],
      [24, 2],
    ] as const)
      open.setUint32(at, value, true);
    this.say(new Uint8Array(open.buffer));
  }

  private honestEnds(): { writer: RingWriter; reader: RingReader } {
    const ring = (first: number) => ringInGuest(this.port.memory, [HONEST_PFN + first, HONEST_PFN + first + 1]);
    return { writer: new RingWriter(ring(0)), reader: new RingReader(ring(2), { interrupts: 'leave' }) };
  }

  private isHonestOpen(): boolean {
    const relid = this.offered[CHANNELS - 1]!.relid;
    return this.server.channels.some((one) => one.relid === relid && one.state === 'open' && !one.reserved);
  }

  /** A packet there and back on the honest channel. */
  private echo(): void {
    const { writer, reader } = this.honest;
    const payload = new Uint8Array(16).fill(++this.sent & 0xff);
    if (writer.append({ kind: 'in-band', payload, transactionId: 7n, completion: true }) !== 'ok')
      throw new Error('the host has stopped reading');
    writer.publish();
    this.port.signal(0x2000 + this.offered[CHANNELS - 1]!.relid);
    this.port.queue.advance(0);
    const outcome = reader.readInto(this.answer);
    if (outcome !== 'ok' || this.answer.payload()[0] !== (this.sent & 0xff)) throw new Error(`no answer: ${outcome}`);
    reader.release();
    this.count('echo');
  }

  private say(bytes: Uint8Array): void {
    this.port.queue.advance(0);
    if (this.port.post(1, bytes) !== 0) throw new Error('an empty host takes no message');
    this.port.queue.advance(0);
  }

  private pfn(): bigint {
    return this.next() % 32 !== 0
      ? BigInt(16 + (this.next() % 32))
      : this.one([0n, 0xffn, 0x100n, 0xffffffffffffffffn, BigInt(this.next())]);
  }

  private small(): number {
    return this.next() % 8;
  }

  private edge(): number {
    return this.one(EDGES);
  }

  private one<T>(of: readonly T[]): T {
    return of[this.next() % of.length]!;
  }

  private count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }
}

/** Stores a field where the message reaches that far. */
function put(view: DataView, at: number, bytes: 2 | 4, value: number): void {
  if (at + bytes > view.byteLength) return;
  if (bytes === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
}
