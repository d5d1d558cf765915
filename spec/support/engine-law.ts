import { bytesToHex } from '../../src/bytes/hex.js';
import { consumed, decodeAt, encodeUnchecked, lendAt } from '../../src/layout/codec.js';
import type { Engine } from '../../src/layout/dispatch.js';
import type { Limits } from '../../src/layout/limits.js';
import { onesDraw, sample, seededDraw, zeroDraw } from '../../src/layout/sample.js';
import type { AnyType } from '../../src/layout/types.js';
import { canonical, outcome } from './canonical.js';
import { randomBytes, randomWords, seedOf } from './random.js';

export const ENGINES = ['compiled', 'interpreted'] as const satisfies readonly Engine[];

/** Memory with something to decode in it, at an odd place in front of bytes that are not the struct's. */
export interface Case {
  readonly note: string;
  readonly view: DataView;
  readonly offset: number;
  readonly limits?: Limits;
}

/** Bytes of every sort for one struct: zeros, all ones, random; as long as it is, and longer where its size varies. */
export function casesOf(type: AnyType, title: string): Case[] {
  const seed = seedOf(title);
  const extras = type.flexible ? [0, 1, 8, 27] : [0];
  const cases: Case[] = [];
  for (const extra of extras) {
    const length = type.size + extra;
    const fills = { zeros: new Uint8Array(length), ones: new Uint8Array(length).fill(0xff) };
    for (const [note, bytes] of Object.entries(fills)) cases.push(place(`${note} ${length}`, bytes));
    for (let i = 0; i < 3; i++) cases.push(place(`random ${length} #${i}`, randomBytes(length, seed + extra * 7 + i)));
  }
  if (type.flexible) {
    // Small numbers, so that tags and counts are met.
    for (let i = 0; i < 4; i++) {
      const next = randomWords(seed + 100 + i);
      const small = Uint8Array.from({ length: type.size + 40 }, () => (next() % 3 === 0 ? next() % 5 : 0));
      const one = place(`small numbers #${i}`, small);
      cases.push(one, { ...one, note: `${one.note}, 2 reps`, limits: { reps: 2 } });
      cases.push({ ...one, note: `${one.note}, header`, limits: { varEnd: one.offset + type.size + 16, reps: 1 } });
      cases.push({ ...one, note: `${one.note}, early end`, limits: { end: one.offset + type.size + 3 } });
    }
  }
  return cases;
}

function place(note: string, bytes: Uint8Array): Case {
  const around = new Uint8Array(bytes.length + 3).fill(0xa5);
  around.set(bytes, 3);
  return { note, view: new DataView(around.buffer), offset: 3 };
}

/** What one engine makes of a case: the value, its lent form, the bytes used, and the value encoded again. */
export function readWith(engine: Engine, type: AnyType, { view, offset, limits }: Case): string {
  return outcome(() => {
    const value = decodeAt(type, view, offset, limits, engine);
    const end = consumed();
    const lent = lendAt(type, view, offset, limits, engine);
    return [value, lent, end - offset, outcome(() => encodeUnchecked(type, value, engine))];
  });
}

/** What one engine makes of a value. */
export function writeWith(engine: Engine, type: AnyType, value: unknown): string {
  return outcome(() => encodeUnchecked(type, value, engine));
}

/** Values whose tags and counts agree, from zero, all ones and seeds. */
export function samplesOf(type: AnyType, title: string, seeds = 3): { note: string; value: unknown }[] {
  const seed = seedOf(title);
  const draws = { zeros: zeroDraw, ones: onesDraw } as const;
  return [
    ...Object.entries(draws).map(([note, draw]) => ({ note, value: sample(type, draw) })),
    ...Array.from({ length: seeds }, (_, i) => ({
      note: `seed ${i}`,
      value: sample(type, seededDraw(seed + i), { elements: i + 1 }),
    })),
  ];
}

/** Bytes used of a case, as hex. */
export function usedHex({ view, offset }: Case, end: number): string {
  return bytesToHex(new Uint8Array(view.buffer, view.byteOffset + offset, end - offset));
}

export { canonical };
