import type { Json } from '../../src/layout/json.js';

const TEXTS = [
  '',
  '0x',
  '0x1',
  '-1',
  '0xffffffffffffffff',
  '1e400',
  'zz',
  '00',
  'ff00',
  'as_uint64',
  'é',
  '0x1ffffffffffffffff',
];
const NUMBERS = [0, 1, -1, 0.5, 255, 65536, 4294967295, 2 ** 53, 1e308];
const KEYS = ['raw', 'tail', 'length', 'type', 'constructor', 'header', 'u', 'id', '__proto__'];

/** JSON of any shape: what a file may hold where something else was expected. */
export function randomJson(draw: () => number, depth = 0): Json {
  const pick = <T>(list: readonly T[]): T => list[draw() % list.length]!;
  switch (draw() % (depth > 3 ? 5 : 7)) {
    case 0:
      return null;
    case 1:
      return draw() % 2 === 0;
    case 2:
      return pick(NUMBERS);
    case 3:
      return pick(TEXTS);
    case 4:
      return draw();
    case 5:
      return Array.from({ length: draw() % 5 }, () => randomJson(draw, depth + 1));
    default:
      return Object.fromEntries(Array.from({ length: draw() % 4 }, () => [pick(KEYS), randomJson(draw, depth + 1)]));
  }
}
