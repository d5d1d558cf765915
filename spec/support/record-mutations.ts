import type { Event } from '../../src/capture/decoder.js';
import { randomJson } from './random-json.js';
import { CLASS, wireGuid } from './trace-events.js';

type Words = () => number;
type Mutation = (event: Record<string, unknown>, draw: Words, corpus: readonly Event[]) => void;

const STRINGS = ['in', 'out', 'raw', 'ctl'];
const KINDS = ['hypercall', 'synic_message', 'ring', 'ring_control', 'gpadl', 'rdmsr', 'wrmsr', 'msi', 'dma', 'setup'];
/** Classes that the decoder treats in different ways, and one that no header names. */
const CLASSES = [...Object.values(CLASS), '33221100-5544-7766-8899-aabbccddeeff'].map(wireGuid);

export const below = (draw: Words, n: number): number => Math.floor((draw() / 0x100000000) * n);
const oneOf = <T>(draw: Words, list: readonly T[]): T => list[below(draw, list.length)]!;
const hexByte = (draw: Words): string => (draw() >>> 24).toString(16).padStart(2, '0');
const randomHex = (draw: Words, bytes: number): string => Array.from({ length: bytes }, () => hexByte(draw)).join('');

function onBytes(change: (hex: string, draw: Words, corpus: readonly Event[]) => string): Mutation {
  return (event, draw, corpus) => {
    const key = oneOf(draw, STRINGS);
    const now = event[key];
    event[key] = change(typeof now === 'string' ? now : '', draw, corpus);
  };
}

/** Writes little-endian bytes over the hex text at a byte offset, where there is room. */
function put(hex: string, offset: number, value: number, bytes: number): string {
  let text = '';
  for (let i = 0; i < bytes; i++) text += ((value >>> (8 * i)) & 255).toString(16).padStart(2, '0');
  return offset * 2 + text.length > hex.length
    ? hex
    : hex.slice(0, offset * 2) + text + hex.slice(offset * 2 + text.length);
}

function anyHex(draw: Words, corpus: readonly Event[]): string {
  const event = oneOf(draw, corpus);
  const texts = STRINGS.map((key) => event[key]).filter((text) => typeof text === 'string' && text !== '');
  return (texts[below(draw, texts.length)] as string | undefined) ?? randomHex(draw, 16);
}

const MUTATIONS: readonly Mutation[] = [
  onBytes((hex, draw) => {
    if (hex === '') return hex;
    const at = below(draw, hex.length);
    return hex.slice(0, at) + (Number.parseInt(hex[at]!, 16) ^ (1 << below(draw, 4))).toString(16) + hex.slice(at + 1);
  }),
  onBytes((hex, draw) => hex.slice(0, below(draw, hex.length / 2 + 1) * 2)),
  onBytes((hex, draw) => hex + randomHex(draw, below(draw, 40))),
  onBytes((hex, draw, corpus) => {
    const cut = below(draw, hex.length / 2 + 1) * 2;
    return hex.slice(0, cut) + anyHex(draw, corpus).slice(cut);
  }),
  onBytes((_hex, draw, corpus) => anyHex(draw, corpus)),
  onBytes((_hex, draw) => randomHex(draw, below(draw, 300))),
  onBytes((hex, draw) => put(hex, below(draw, hex.length / 2), oneOf(draw, [0, 1, 0xffffffff, 0x80000000, draw()]), 4)),
  // Packets: type, offset of the payload, length, flags.
  (event, draw) => {
    const raw = String(event.raw ?? '');
    event.raw = put(
      put(raw, below(draw, 4) * 2, oneOf(draw, [0, 1, 2, 3, 6, 7, 9, 11, 13, 65535]), 2),
      4,
      below(draw, 40),
      2,
    );
  },
  // Message slots: type and payload size; posted ones at 8 and 12.
  (event, draw) => {
    const type = oneOf(draw, [0, 1, 2, 0x80000010, 0x80000000, 0x80010004, 0x80000077]);
    event.raw = put(put(String(event.raw ?? ''), 0, type, 4), 4, below(draw, 256), 1);
    event.in = put(put(String(event.in ?? ''), 8, type, 4), 12, oneOf(draw, [0, 7, 8, 40, 240, 241, 0xffffffff]), 4);
  },
  // VMBus message types.
  (event, draw) => {
    event.raw = put(String(event.raw ?? ''), 16, below(draw, 32), 4);
    event.in = put(String(event.in ?? ''), 16, below(draw, 32), 4);
  },
  // Offers of other classes.
  (event, draw) => {
    const raw = String(event.raw ?? '');
    if (raw.length >= 112) event.raw = raw.slice(0, 48) + oneOf(draw, CLASSES) + raw.slice(80);
  },
  // Control words of every shape.
  (event, draw) => {
    const code = oneOf(draw, [0x5c, 0xb3, 0xb4, 0x7c, 0x7e, 0x50, 0x51, 0x13, 0x14, 0xe3, 0x101, draw() & 0xffff]);
    const lo = (code | (draw() & 0x87ff0000 & oneOf(draw, [0, 0x10000, 0x60000, 0xffffffff]))) >>> 0;
    const hi =
      (below(draw, 4096) | (oneOf(draw, [0, 1, below(draw, 4096)]) << 16) | (below(draw, 8) === 0 ? 0xf000f000 : 0)) >>>
      0;
    event.control = `0x${((BigInt(hi) << 32n) | BigInt(lo)).toString(16)}`;
  },
  (event, draw) => {
    event.k = below(draw, 8) === 0 ? randomJson(draw) : oneOf(draw, KINDS);
  },
  (event, draw) => {
    event[oneOf(draw, [...Object.keys(event), 'relid', 'arch', 'n'])] = randomJson(draw);
  },
  (event, draw) => {
    delete event[oneOf(draw, Object.keys(event))];
  },
];

/** A copy of an event with one to four things changed. */
export function mutated(event: Event, draw: Words, corpus: readonly Event[]): Event {
  const copy = { ...event };
  for (let i = 1 + below(draw, 4); i > 0; i--) oneOf(draw, MUTATIONS)(copy, draw, corpus);
  return copy;
}
