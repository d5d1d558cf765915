import type { Event } from '../../src/capture/decoder.js';
import { captureNames, readCapture } from './captures.js';

const PIECE = 1 << 20;

export interface EndlessTrace {
  /** Lines put into the pieces so far. */
  lines: number;
  bytes: number;
}

/** What nobody answers: a request with a transaction id of its own, a channel that is never offered, an open that gets no result. */
function unanswered(i: number): Event[] {
  const word = (value: number): string => {
    const bytes = [value, value >>> 8, value >>> 16, value >>> 24];
    return bytes.map((b) => (b & 255).toString(16).padStart(2, '0')).join('');
  };
  const query = `${word(0x42490005)}${word(0)}`;
  const packet = `0600020003000100${word(i)}00000000${query}${word(0)}${word(0)}`;
  const open = `${word(5)}${word(0)}${word(i)}${word(i)}${'00'.repeat(132)}`;
  return [
    { k: 'ring', direction: 'g2h', relid: 3, offset: 0, raw: packet },
    { k: 'ring', direction: 'g2h', relid: 100 + i, offset: 0, raw: packet },
    {
      k: 'hypercall',
      control: '0x5c',
      in: `0400000000000000${word(1)}${word(148)}${open}${'00'.repeat(92)}`,
      result: '0x0',
    },
  ];
}

/** The shared traces one behind the other, numbered through, as pieces of text until `bytes` are out. `made` counts what came out. */
export function* endlessTrace(bytes: number, made: EndlessTrace): Generator<Uint8Array> {
  const traces = captureNames().map((name) => readCapture(name).map((event) => ({ ...event, n: 0 })));
  const encoder = new TextEncoder();
  let text = '';
  for (let round = 0; ; round++)
    for (const trace of traces) {
      for (const event of [...trace, ...unanswered(round * traces.length + traces.indexOf(trace))]) {
        text += `${JSON.stringify({ ...event, n: made.lines })}\n`;
        made.lines++;
        if (text.length < PIECE) continue;
        const piece = encoder.encode(text);
        text = '';
        made.bytes += piece.length;
        yield piece;
        if (made.bytes >= bytes) return;
      }
    }
}
