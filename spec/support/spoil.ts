import { isSeq } from '../../src/layout/seq.js';
import { randomWords } from './random.js';

/** One value with one thing wrong (or merely odd) in it. */
export interface Spoiled {
  readonly what: string;
  readonly value: unknown;
}

// What a caller may put where something else belongs; some of it fits here and there, and both engines then say so.
const ODD: readonly { what: string; make: () => unknown }[] = [
  { what: 'undefined', make: () => undefined },
  { what: 'null', make: () => null },
  { what: '-1', make: () => -1 },
  { what: '2', make: () => 2 },
  { what: '2^32', make: () => 2 ** 32 },
  { what: '1.5', make: () => 1.5 },
  { what: 'NaN', make: () => Number.NaN },
  { what: '-0', make: () => -0 },
  { what: '1n', make: () => 1n },
  { what: '-1n', make: () => -1n },
  { what: '2n^64', make: () => 1n << 64n },
  { what: 'true', make: () => true },
  { what: 'text', make: () => 'text' },
  { what: '{}', make: () => ({}) },
  { what: '[]', make: () => [] },
  { what: '[1, 2, 3]', make: () => [1, 2, 3] },
  { what: 'length -1', make: () => ({ length: -1 }) },
  { what: 'length text', make: () => ({ length: '1', 0: 1 }) },
  { what: '3 bytes', make: () => Uint8Array.of(1, 2, 3) },
  { what: 'no bytes', make: () => new Uint8Array(0) },
  { what: '5000 bytes', make: () => new Uint8Array(5000) },
];

type Path = readonly (string | number)[];

/** `count` copies of `value`, each with one part replaced, left out or added. */
export function spoiled(value: unknown, seed: number, count: number): Spoiled[] {
  const next = randomWords(seed);
  const paths = [...pathsOf(value)];
  return Array.from({ length: count }, () => {
    const path = paths[next() % paths.length]!;
    const { what, make } = ODD[next() % ODD.length]!;
    if (next() % 8 === 0) return { what: `stranger beside ${path.join('.')}`, value: withStranger(value, path) };
    return { what: `${path.join('.') || 'all'} = ${what}`, value: replaced(value, path, make()) };
  });
}

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || isSeq(value)) return;
  for (const [key, part] of Object.entries(value)) yield* pathsOf(part, [...path, key]);
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

/** The object that holds `path`, with one key more than it should have; `raw` and `tail` mean something in unions. */
function withStranger(value: unknown, path: Path): unknown {
  const owner = path.slice(0, -1);
  const keys = ['stranger', 'raw', 'tail', 'toString'];
  const at = owner.reduce<unknown>((part, key) => (part as Record<string | number, unknown>)[key], value);
  if (typeof at !== 'object' || at === null || Array.isArray(at)) return value;
  return replaced(value, [...owner, keys[path.length % keys.length]!], Uint8Array.of(1));
}
