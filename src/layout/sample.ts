import { readGuid } from '../bytes/guid.js';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { interpretDecode } from './interpret-decode.js';
import { interpretEncode } from './interpret-encode.js';
import { cursorOf } from './limits.js';
import { isOwnTag, resolveRef } from './ref.js';
import { U64Seq } from './seq.js';
import { sizeOf } from './size.js';
import type { AnyType, BitsType, CountRule, RepType, StructType, UnionTag, UnionType, VarheadType } from './types.js';

/** Where the numbers of a sample come from: an integer of so many bits. */
export type Draw = (bits: number) => bigint;

/** Deterministic draws (xorshift128+ of 64-bit words) from a seed. */
export function seededDraw(seed: number): Draw {
  let a = BigInt.asUintN(64, BigInt(seed) * 0x9e3779b97f4a7c15n + 0x243f6a8885a308d3n);
  let b = BigInt.asUintN(64, a ^ 0xbf58476d1ce4e5b9n) | 1n;
  return (bits) => {
    let x = a;
    const y = b;
    a = y;
    x = BigInt.asUintN(64, x ^ (x << 23n));
    b = x ^ y ^ (x >> 17n) ^ (y >> 26n);
    return BigInt.asUintN(bits, BigInt.asUintN(64, b + y) >> BigInt(64 - Math.min(bits, 64)));
  };
}

export const zeroDraw: Draw = () => 0n;
export const onesDraw: Draw = (bits) => BigInt.asUintN(bits, -1n);

export interface SampleOptions {
  /** Elements of each list; counts in sibling fields are set to agree. */
  readonly elements?: number;
}

/** A value of `type` from a source of integers; tags and counts are made to agree with the arms and lists drawn. */
export function sample(type: AnyType, draw: Draw, options: SampleOptions = {}): unknown {
  const { elements = 2 } = options;
  switch (type.kind) {
    case 'scalar': {
      const raw = draw(type.size * 8);
      if (type.scalar === 'u64') return raw;
      if (type.scalar === 'i64') return BigInt.asIntN(64, raw);
      return type.scalar === 'i32' ? Number(BigInt.asIntN(32, raw)) : Number(raw);
    }
    case 'atomic':
      return Number(draw(32));
    case 'guid':
      return readGuid(new DataView(drawBytes(16, draw).buffer), 0);
    case 'rsvd':
    case 'bytes':
      return drawBytes(type.size, draw);
    case 'bits':
      return sampleBits(type, draw);
    case 'anon':
      return sample(type.of, draw, options);
    case 'array':
      return Array.from({ length: type.count }, () => sample(type.of, draw, options));
    case 'rep':
    case 'varhead':
      return sampleList(type, draw, elements);
    case 'union':
      return sampleArm(type, draw, options);
    case 'struct':
      return sampleStruct(type, draw, options);
  }
}

function drawBytes(size: number, draw: Draw): Uint8Array {
  return Uint8Array.from({ length: size }, () => Number(draw(8)));
}

function sampleBits(type: BitsType, draw: Draw): object {
  return Object.fromEntries(
    type.fields.map((f) => {
      const raw = draw(f.width);
      return [f.name, f.width === 1 ? raw === 1n : f.width <= 32 ? Number(raw) : raw];
    }),
  );
}

function sampleList(type: RepType | VarheadType, draw: Draw, elements: number): unknown {
  const inner = { elements: Math.max(0, elements - 1) };
  const list = Array.from({ length: elements }, () => sample(type.of, draw, inner));
  return type.of.kind === 'scalar' && type.of.scalar === 'u64' ? U64Seq.from(list as bigint[]) : list;
}

function sampleArm(type: UnionType, draw: Draw, options: SampleOptions): object {
  if (type.tag && isOwnTag(type, type.tag)) return sampleTagged(type, type.tag, draw, options);
  // Without a tag the arm that covers all bytes is the one that decodes to what was drawn.
  const arms = Object.entries(type.arms);
  const [arm, of] =
    arms.find(([key]) => key === type.otherwise) ?? arms.reduce((a, b) => (b[1].size > a[1].size ? b : a));
  return { [arm]: sample(of, draw, options) };
}

/** The tag lies under every arm: it is set in the bytes, and they are read again. */
function sampleTagged(type: UnionType, tag: UnionTag, draw: Draw, options: SampleOptions): object {
  const choices = Object.entries(tag.of);
  const [wanted, arm] = choices[Number(draw(16)) % choices.length]!;
  const value = { [arm]: sample(type.arms[arm]!, draw, options) };
  const view = new DataView(new ArrayBuffer(sizeOf(type, value)));
  interpretEncode(type, value, view, 0);
  const { offset, size, at = 0, width = size * 8 } = resolveRef(type, tag.by, 'tag');
  const mask = tag.mask === undefined ? (1n << BigInt(width)) - 1n : BigInt(tag.mask);
  for (let i = 0; i < size; i++) {
    const clear = Number(BigInt.asUintN(8, (mask << BigInt(at)) >> BigInt(i * 8)));
    const set = Number(BigInt.asUintN(8, (BigInt(wanted) << BigInt(at)) >> BigInt(i * 8)));
    view.setUint8(offset + i, (view.getUint8(offset + i) & ~clear) | set);
  }
  return interpretDecode(type, view, 0, cursorOf(view, undefined), false) as object;
}

function sampleStruct(type: StructType, draw: Draw, options: SampleOptions): object {
  const value: Record<string, unknown> = {};
  for (const slot of type.slots) {
    const part = sample(slot.type, draw, options);
    if (slot.anon && slot.type.kind !== 'union') Object.assign(value, part);
    else if (slot.type.kind !== 'rsvd' || !(part as Uint8Array).every((b) => b === 0)) value[slot.key] = part;
  }
  const set: Setter = (path, to, mask) => {
    enterArms(type, value, path.split('.'), draw, options);
    setAt(value, path, to, mask);
  };
  for (const { key, type: part } of type.slots) {
    if (part.kind === 'union' && part.tag && !isOwnTag(part, part.tag)) {
      const choices = Object.entries(part.tag.of);
      const [tag, arm] = choices[Number(draw(16)) % choices.length]!;
      set(part.tag.by, BigInt(tag), part.tag.mask);
      value[key] = { [arm]: sample(part.arms[arm]!, draw, options) };
    } else if ((part.kind === 'rep' || part.kind === 'varhead') && part.count !== undefined) {
      agree(set, part.count, (value[key] as ArrayLike<unknown>).length);
    }
  }
  return value;
}

type Setter = (path: string, to: bigint, mask?: number) => void;

/** Makes the fields that a count rule reads say `n`. */
function agree(set: Setter, rule: CountRule, n: number): void {
  if (typeof rule === 'string') set(rule, BigInt(n));
  else if ('popcount' in rule) set(rule.popcount, (1n << BigInt(n)) - 1n);
  else if ('quotient' in rule) set(rule.quotient[0], BigInt(n * rule.quotient[1]));
  else {
    set(rule.pages[0], 0n);
    set(rule.pages[1], BigInt(n * HV_HYP_PAGE_SIZE));
  }
}

/** Makes a value have the union arms that a path goes through. */
function enterArms(
  type: AnyType,
  value: Record<string, unknown>,
  [key, ...rest]: readonly string[],
  draw: Draw,
  options: SampleOptions,
): void {
  if (key === undefined) return;
  const part = partOf(type, key);
  if (type.kind === 'union' && part !== undefined && value[key] === undefined) {
    for (const other of Object.keys(value)) delete value[other];
    value[key] = sample(part, draw, options);
  }
  if (part !== undefined && rest.length > 0)
    enterArms(part, value[key] as Record<string, unknown>, rest, draw, options);
}

/** The type of what a value has under `key`, members of unnamed parts included. */
function partOf(type: AnyType, key: string): AnyType | undefined {
  if (type.kind === 'anon') return partOf(type.of, key);
  if (type.kind === 'union') return type.arms[key];
  if (type.kind !== 'struct') return undefined;
  for (const slot of type.slots) {
    if (slot.key === key) return slot.type;
    const inner = slot.anon ? partOf(slot.type, key) : undefined;
    if (inner !== undefined && slot.type.kind !== 'union') return inner;
  }
  return undefined;
}

/** Sets a number at a dotted path, keeping the kind of what stood there; with a mask, only its bits. */
function setAt(value: Record<string, unknown>, path: string, to: bigint, mask?: number): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  const owner = keys.reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, value);
  const before = owner[last];
  const wanted = mask === undefined ? to : (BigInt(before as number | bigint) & ~BigInt(mask)) | to;
  owner[last] = typeof before === 'bigint' ? wanted : typeof before === 'boolean' ? wanted === 1n : Number(wanted);
}
