import { AbiError, DecodeError, EncodeError } from '../../src/bytes/errors.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';
import { consumed, decodeAt, encodeUnchecked } from '../../src/layout/codec.js';
import { describe } from '../../src/layout/describe.js';
import { fromJson, toJson } from '../../src/layout/json.js';
import type { Limits } from '../../src/layout/limits.js';
import { maySuspect } from '../../src/layout/suspect.js';
import type { AnyType } from '../../src/layout/types.js';
import { view } from '../../src/layout/view.js';
import { abiLayouts } from './declared-layouts.js';
import { randomBytes, randomWords, seedOf } from './random.js';
import { randomJson } from './random-json.js';

/** Random bytes and random JSON through every declared struct, `rounds` times. Throws an Error that names struct, seed and round. */
export function fuzzStructs(seed: number, rounds: number, go: () => boolean = () => true): number {
  let done = 0;
  for (let round = 0; round < rounds && go(); round++)
    for (const { title, type } of abiLayouts) {
      const own = (seedOf(title) ^ Math.imul(seed + 1, 0x9e3779b1) ^ round) >>> 0;
      try {
        bytesThrough(type, own);
        jsonThrough(type, own);
      } catch (error) {
        throw new Error(`${title}, seed ${seed}, round ${round}: ${(error as Error).stack}`, { cause: error });
      }
      done++;
    }
  return done;
}

function bytesThrough(type: AnyType, seed: number): void {
  const draw = randomWords(seed);
  const room = draw() % 4 === 0 ? draw() % (type.minSize + 1) : type.size + (draw() % 80);
  const bytes = randomBytes(room, seed);
  // Counts that bytes like these hold are huge; small ones reach further into the struct.
  if (draw() % 2 === 0) for (let i = 0; i < room; i++) if (draw() % 4 !== 0) bytes[i] = draw() % 3;
  const limits: Limits =
    draw() % 2 === 0 ? {} : { reps: draw() % 5, varEnd: Math.min(room, draw() % (type.size + 16)) };
  const data = viewOf(bytes);
  const suspect = maySuspect(type, data, 0, limits);
  let value: unknown;
  try {
    value = decodeAt(type as never, data, 0, limits);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refusedByAll(type, data, limits);
  }
  const size = consumed();
  if (bytesToHex(encodeUnchecked(type, value)).slice(0, size * 2) !== bytesToHex(bytes, 0, size))
    throw new Error(`encodes to other bytes: ${bytesToHex(bytes)}`);
  const found = describe(type, data, 0, limits);
  if (!suspect && found.issues.length > 0) throw new Error(`unsuspected: ${JSON.stringify(found.issues)}`);
  const again = fromJson(type, JSON.parse(JSON.stringify(toJson(value))));
  if (bytesToHex(encodeUnchecked(type, again)) !== bytesToHex(encodeUnchecked(type, value)))
    throw new Error(`JSON changes the bytes: ${bytesToHex(bytes)}`);
  if (type.kind === 'struct' || type.kind === 'union') viewThrough(type, data);
}

function refusedByAll(type: AnyType, data: DataView, limits: Limits): void {
  try {
    describe(type, data, 0, limits);
  } catch (error) {
    if (error instanceof DecodeError) return;
    throw error;
  }
  throw new Error('decode refuses what describe reads');
}

/** Reads everything that a view offers, as deep as it goes. */
function walk(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || depth > 6) return;
  for (
    let proto: object | null = value;
    proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  )
    for (const key of Object.keys(Object.getOwnPropertyDescriptors(proto)))
      if (!key.startsWith('$') && key !== 'constructor') walk((value as Record<string, unknown>)[key], depth + 1);
}

/** A view checks nothing but what DataView checks: arms of an open union that the bytes do not hold are outside. */
function viewThrough(type: AnyType, data: DataView): void {
  try {
    walk(view(type as never, data, 0), 0);
  } catch (error) {
    if (!(type.flexible && error instanceof RangeError)) throw error;
  }
}

function jsonThrough(type: AnyType, seed: number): void {
  const draw = randomWords(seed ^ 0x5bd1e995);
  for (const defaults of [false, true]) {
    const json = spoiled(type, draw);
    let value: unknown;
    try {
      value = fromJson(type, json, { defaults });
    } catch (error) {
      if (!(error instanceof AbiError)) throw error;
      continue;
    }
    try {
      encodeUnchecked(type, value);
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
    }
  }
  try {
    encodeUnchecked(type, randomJson(draw));
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
  }
}

/** JSON of the struct with one value, somewhere, replaced by anything; sometimes nothing of the struct at all. */
function spoiled(type: AnyType, draw: () => number): never {
  if (draw() % 4 === 0) return randomJson(draw) as never;
  const good = toJson(decodeAt(type as never, viewOf(randomBytes(type.size + 32, draw())), 0));
  let place: unknown = good;
  for (;;) {
    if (typeof place !== 'object' || place === null) return good as never;
    const keys = Object.keys(place);
    if (keys.length === 0) return good as never;
    const key = keys[draw() % keys.length]!;
    const inside = (place as Record<string, unknown>)[key];
    if (typeof inside !== 'object' || inside === null || draw() % 3 === 0) {
      (place as Record<string, unknown>)[key] = randomJson(draw);
      return good as never;
    }
    place = inside;
  }
}
