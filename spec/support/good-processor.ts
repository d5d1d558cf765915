import { type FuzzedPartition, MESSAGES, SIGNALS, SINT, VPS } from './fuzz-partitions.js';

/** The VP that behaves, and its pages. */
const GOOD = 1;
const GOOD_MESSAGES = 0x2e000;
const GOOD_EVENTS = 0x2f000;
const EVENT_FLAG = 77;

/**
 * A VP that behaves, whatever was done before, sets up its pages, posts a message and is answered, gives a signal and gets the event.
 * Throws where that is not so.
 */
export function checkGoodProcessor(one: FuzzedPartition): void {
  const { partition, memory, queue } = one;
  one.checkGuards();
  for (const vp of VPS) startSynic(one, vp, vp === GOOD ? 0 : vp === 0 ? 1 : 2);
  // What waits for any VP is taken first, as a guest that comes to its senses would.
  for (let rounds = 0; partition.backlog.count > 0; rounds++) {
    if (rounds > 16384) throw new Error(`${partition.backlog.count} messages stay`);
    for (const vp of VPS) endMessages(one, vp);
    queue.advance(5000);
  }
  for (const vp of VPS) endMessages(one, vp);
  const before = one.interrupts.get(GOOD) ?? 0;
  one.posted.clear();
  const page = new Uint8Array(256);
  const view = new DataView(page.buffer);
  view.setUint32(0, MESSAGES, true);
  view.setUint32(8, 1, true);
  view.setUint32(12, 4, true);
  view.setUint32(16, 0xc0ffee, true);
  const gate = partition.gate(GOOD);
  memory.write(0x1000, page);
  gate.hypercall(0x5c, 0, 0x1000, 0);
  if (gate.resultLo !== 0 || one.posted.get(GOOD) !== 1) throw new Error(`a good post gives ${gate.resultLo}`);
  const slot = GOOD_MESSAGES + SINT * 256;
  if (memory.readU32(slot) !== 1 || memory.readU32(slot + 16) !== 0xc0ffee)
    throw new Error('a good post has no answer');
  memory.clear(GOOD_EVENTS, 4096);
  gate.hypercallFast(0x1005d, 0, BigUint64Array.of(BigInt(SIGNALS) | (BigInt(EVENT_FLAG) << 32n)));
  if (gate.resultLo !== 0) throw new Error(`a good signal gives ${gate.resultLo}`);
  const word = memory.readU32(GOOD_EVENTS + SINT * 256 + (EVENT_FLAG >> 5) * 4);
  if (word !== 1 << (EVENT_FLAG & 31)) throw new Error(`a good signal sets ${word}`);
  if ((one.interrupts.get(GOOD) ?? 0) !== before + 2) throw new Error('a good VP was not interrupted');
  endMessages(one, GOOD);
}

function startSynic({ partition, memory }: FuzzedPartition, vp: number, page: number): void {
  const messages = GOOD_MESSAGES - page * 0x2000;
  const events = GOOD_EVENTS - page * 0x2000;
  for (const [msr, value] of [
    [0x40000083, BigInt(messages) | 1n],
    [0x40000082, BigInt(events) | 1n],
    [0x40000080, 1n],
    ...Array.from({ length: 16 }, (_, sint) => [0x40000090 + sint, 0xf3n] as const),
  ] as const)
    if (!partition.wrmsr(vp, msr, value)) throw new Error(`register ${msr.toString(16)} of VP ${vp} refuses ${value}`);
  memory.clear(messages, 4096);
  memory.clear(events, 4096);
}

function endMessages({ partition, memory }: FuzzedPartition, vp: number): void {
  const page = Number((partition.rdmsr(vp, 0x40000083) ?? 0n) & ~0xfffn);
  for (let sint = 0; sint < 16; sint++) memory.writeU32(page + sint * 256, 0);
  partition.wrmsr(vp, 0x40000084, 0n);
}
