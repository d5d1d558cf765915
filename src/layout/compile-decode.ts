import { readGuid } from '../bytes/guid.js';
import { pagesTouched } from '../bytes/page.js';
import { bytesOf, copyBytes, copyView, isZero } from '../bytes/span.js';
import { joinU64, popcount32 } from '../bytes/word.js';
import { behind, Emitter, expr, type Place, place, readExpr, refExpr } from './emit.js';
import { tagRef } from './limits.js';
import { TRUNCATED } from './markers.js';
import { resolveRef } from './ref.js';
import { I32Seq, I64Seq, U8Seq, U16Seq, U32Seq, U64Seq } from './seq.js';
import {
  type AnyType,
  type ArrayType,
  type BitField,
  type BitsType,
  type Code,
  type RepType,
  type ScalarName,
  type StructType,
  titleOf,
  type UnionType,
  type VarheadType,
} from './types.js';

export type DecodeFn = Code['decode'];

/** What generated decoders call. */
export const DECODE_RUNTIME = {
  readGuid,
  bytesOf,
  copyBytes,
  copyView,
  isZero,
  popcount32,
  pagesTouched,
  joinU64,
  TRUNCATED,
  U8Seq,
  U16Seq,
  U32Seq,
  U64Seq,
  I32Seq,
  I64Seq,
};

/** The body of `(dv, o, c, lend) => value`, straight-line code for one declaration; the first statement tests the length. */
export function decodeSource(type: AnyType): string {
  const e = new Emitter();
  const value = decode(e, type, place('o'), type, place('o'));
  return `if(o+${type.minSize}>c.end)throw TRUNCATED;\n${e.lines.join('\n')}\n${type.flexible ? '' : `c.p=o+${type.size};\n`}return ${value};`;
}

/** The decoder of one declaration. Throws EvalError where the host forbids code generation. */
export function compileDecode(type: AnyType): DecodeFn {
  const names = Object.keys(DECODE_RUNTIME);
  const body = `"use strict";return function decode_${titleOf(type)}(dv,o,c,lend){${decodeSource(type)}}`;
  return new Function(...names, body)(...Object.values(DECODE_RUNTIME));
}

/** A list of scalars, lent or over a copy, as an expression of generated code. */
function listOver(scalar: ScalarName, at: string, count: string | number): string {
  const list = `${scalar.toUpperCase()}Seq`;
  const bytes = `${count}*${Number(scalar.slice(1)) / 8}`;
  return `(lend?new ${list}(dv,${at},${count}):new ${list}(copyView(dv,${at},${bytes}),0,${count}))`;
}

// The largest array that is unrolled into one literal; longer ones are a loop.
const UNROLL = 40;

function decode(e: Emitter, type: AnyType, at: Place, owner: AnyType, base: Place): string {
  switch (type.kind) {
    case 'scalar':
      return readExpr(type.scalar, at);
    case 'atomic':
      return readExpr('u32', at);
    case 'guid':
      return `readGuid(dv,${expr(at)})`;
    case 'rsvd':
      // Only a struct leaves zeros out; an arm or an element is there whatever it holds.
      return `copyBytes(dv,${expr(at)},${type.size})`;
    case 'bytes':
      return `(lend?bytesOf:copyBytes)(dv,${expr(at)},${type.size})`;
    case 'bits':
      return `{${bitPairs(e, type, at).join(',')}}`;
    case 'array':
      return decodeArray(e, type, at);
    case 'anon':
      return decode(e, type.of, at, owner, base);
    case 'struct':
      return decodeStruct(e, type, at);
    case 'union':
      return decodeUnion(e, type, at, owner, base);
    case 'rep':
    case 'varhead':
      return decodeList(e, type, at, owner, base);
  }
}

export function zeroTest(at: Place, size: number): string {
  if (size > 16) return `isZero(dv,${expr(at)},${size})`;
  const parts: string[] = [];
  let done = 0;
  for (const [bytes, scalar] of [
    [4, 'u32'],
    [2, 'u16'],
    [1, 'u8'],
  ] as const) {
    while (size - done >= bytes) {
      parts.push(readExpr(scalar, behind(at, done)));
      done += bytes;
    }
  }
  return parts.length === 1 ? `${parts[0]}===0` : `(${parts.join('|')})===0`;
}

/** `name:expression` of each field; the words are read once. */
function bitPairs(e: Emitter, type: BitsType, at: Place): string[] {
  const unitBits = (type.size / type.words) * 8;
  const halves = new Map<number, string>();
  const word = (bit: number): string => {
    const step = Math.min(32, unitBits);
    const index = Math.floor(bit / step);
    let name = halves.get(index);
    if (name === undefined) {
      name = e.let('w', readExpr(step === 8 ? 'u8' : step === 16 ? 'u16' : 'u32', behind(at, (index * step) / 8)));
      halves.set(index, name);
    }
    return name;
  };
  return type.fields.map((f) => `${f.name}:${bitExpr(f, word, Math.min(32, unitBits))}`);
}

function bitExpr(f: BitField, word: (bit: number) => string, step: number): string {
  const shift = f.at % step;
  const last = f.at + f.width - 1;
  const crosses = Math.floor(f.at / step) !== Math.floor(last / step);
  if (f.width === 1) return `(${word(f.at)}>>>${shift}&1)===1`;
  if (!crosses) {
    if (f.width === step) return word(f.at);
    if (shift + f.width === 32) return `${word(f.at)}>>>${shift}`;
    return `${word(f.at)}>>>${shift}&${2 ** f.width - 1}`;
  }
  const lo = word(f.at);
  const hi = word(last);
  if (f.width <= 32) {
    const mixed = `(${lo}>>>${shift}|${hi}<<${32 - shift})`;
    return f.width === 32 ? `${mixed}>>>0` : `(${mixed}&${2 ** f.width - 1})>>>0`;
  }
  const joined = shift === 0 ? `joinU64(${lo},${hi})` : `joinU64(${lo},${hi})>>${shift}n`;
  return shift + f.width === 64 ? joined : `BigInt.asUintN(${f.width},${joined})`;
}

function decodeArray(e: Emitter, type: ArrayType, at: Place): string {
  const { of, count } = type;
  const lendable = of.kind === 'scalar';
  const lent = lendable ? `new ${of.scalar.toUpperCase()}Seq(dv,${expr(at)},${count})` : '';
  if (of.kind === 'scalar' && count <= UNROLL) {
    const items = Array.from({ length: count }, (_, i) => readExpr(of.scalar, behind(at, i * of.size)));
    return `lend?${lent}:[${items.join(',')}]`;
  }
  const list = e.fresh('a');
  e.line(`let ${list};`);
  if (lendable) e.line(`if(lend)${list}=${lent};else{`);
  const i = e.fresh('i');
  const p = e.fresh('e');
  e.line(`${list}=new Array(${count});for(let ${i}=0,${p}=${expr(at)};${i}<${count};${i}++,${p}+=${of.size}){`);
  const item = decode(e, of, place(p), of, place(p));
  e.line(`${list}[${i}]=${item};}`);
  if (lendable) e.line('}');
  return list;
}

function decodeStruct(e: Emitter, type: StructType, at: Place): string {
  const pairs: string[] = [];
  const later: string[] = [];
  collect(e, type, at, pairs, later);
  if (later.length === 0) return `{${pairs.join(',')}}`;
  const v = e.fresh('v');
  e.line(`const ${v}={${pairs.join(',')}};`);
  for (const line of later) e.line(line.replaceAll('$V', v));
  return v;
}

/** `pairs` for the literal; `later` for reserved parts, which exist only when they are not zero. */
function collect(e: Emitter, type: StructType, base: Place, pairs: string[], later: string[]): void {
  let open: string | undefined;
  for (const slot of type.slots) {
    const at = open === undefined ? behind(base, slot.offset) : place(open);
    const { type: t } = slot;
    if (t.kind === 'rsvd')
      later.push(`if(!(${zeroTest(at, t.size)}))$V.${slot.key}=copyBytes(dv,${expr(at)},${t.size});`);
    else if (slot.anon && t.kind === 'bits') pairs.push(...bitPairs(e, t, at));
    else if (slot.anon && t.kind === 'struct') collect(e, t, at, pairs, later);
    else {
      const value = decode(e, t, at, type, base);
      // Parts of varying size move the cursor: their value is taken before the next part is read.
      pairs.push(`${slot.key}:${t.flexible ? e.let('f', value) : value}`);
    }
    if (t.flexible) open = e.let('p', 'c.p');
  }
}

function decodeUnion(e: Emitter, type: UnionType, at: Place, owner: AnyType, base: Place): string {
  const u = e.fresh('u');
  const end = type.flexible ? e.let('n', `Math.min(${expr(at)}+${type.size},c.end)`) : expr(behind(at, type.size));
  const raw = `${u}={raw:copyBytes(dv,${expr(at)},${type.flexible ? `${end}-(${expr(at)})` : type.size})};${type.flexible ? `c.p=${end};` : ''}`;
  e.line(`let ${u};`);
  const branches = new Map<string, number[]>();
  if (type.tag)
    for (const [value, arm] of Object.entries(type.tag.of))
      branches.set(arm, [...(branches.get(arm) ?? []), Number(value)]);
  if (type.otherwise) branches.delete(type.otherwise);
  let opened = 0;
  const tagAt = type.tag && tagRef(type.tag, type, owner);
  if (type.tag && tagAt) {
    const word = refExpr(tagAt.ref, tagAt.own ? at : base);
    const tag = e.let('t', type.tag.mask === undefined ? word : `(${word}&${type.tag.mask})>>>0`);
    for (const [arm, values] of branches) {
      e.line(`${opened++ ? '}else ' : ''}if(${values.map((v) => `${tag}===${v}`).join('||')}){`);
      decodeArm(e, type, arm, at, end, u);
    }
  }
  if (opened) e.line('}else{');
  if (type.otherwise) decodeArm(e, type, type.otherwise, at, end, u);
  else e.line(raw);
  if (opened) e.line('}');
  return u;
}

function decodeArm(e: Emitter, type: UnionType, arm: string, at: Place, end: string, u: string): void {
  const of = type.arms[arm]!;
  if (type.flexible) e.line(`if(${expr(at)}+${of.minSize}>c.end)throw TRUNCATED;`);
  const value = decode(e, of, at, of, at);
  e.line(`${u}={${arm}:${value}};`);
  if (of.flexible) return;
  const from = behind(at, of.size);
  if (of.size < type.size) {
    const left = type.flexible ? `${end}-(${expr(from)})` : String(type.size - of.size);
    // Where the bytes end early the tail tells how many there are, be they zero or none.
    const kept = type.flexible
      ? `${end}<${expr(behind(at, type.size))}||!isZero(dv,${expr(from)},${left})`
      : `!(${zeroTest(from, type.size - of.size)})`;
    e.line(`if(${kept})${u}.tail=copyBytes(dv,${expr(from)},${left});`);
  }
  if (type.flexible) e.line(`c.p=${end};`);
}

export function ruleExpr(owner: AnyType, base: Place, list: RepType | VarheadType): string | undefined {
  const rule = list.count;
  if (rule === undefined || owner.kind !== 'struct') return undefined;
  const read = (path: string): string => refExpr(resolveRef(owner, path, 'count'), base);
  if (typeof rule === 'string') return read(rule);
  if ('pages' in rule) return `pagesTouched(${read(rule.pages[0])},${read(rule.pages[1])})`;
  if ('quotient' in rule) return `Math.floor(${read(rule.quotient[0])}/${rule.quotient[1]})`;
  const ref = resolveRef(owner, rule.popcount, 'count');
  const counts = [`popcount32(${refExpr(ref, base)})`];
  for (let more = 4; more < ref.size; more += 4)
    counts.push(`popcount32(${readExpr('u32', behind(base, ref.offset + more))})`);
  return counts.length === 1 ? counts[0] : `(${counts.join('+')})`;
}

function decodeList(e: Emitter, type: RepType | VarheadType, at: Place, owner: AnyType, base: Place): string {
  const { of } = type;
  const start = e.let('s', expr(at));
  const end = type.kind === 'varhead' ? e.let('n', 'c.varEnd>=0?Math.min(c.varEnd,c.end):c.end') : 'c.end';
  const fit = e.let('k', `Math.max(0,Math.floor((${end}-${start})/${of.minSize}))`);
  const rule = ruleExpr(owner, base, type);
  const wanted = rule ?? (type.kind === 'rep' ? `(c.reps>=0?c.reps:${fit})` : fit);
  const count = e.let(
    'm',
    type.kind === 'varhead' ? `c.varEnd>=0?${fit}:Math.min(${fit},${wanted})` : `Math.min(${fit},${wanted})`,
  );
  if (of.kind === 'scalar') {
    e.line(`c.p=${start}+${count}*${of.size};`);
    return listOver(of.scalar, start, count);
  }
  const list = e.fresh('a');
  const p = e.fresh('e');
  const i = e.fresh('i');
  e.line(`const ${list}=[];let ${p}=${start};for(let ${i}=0;${i}<${count}&&${p}+${of.minSize}<=${end};${i}++){`);
  const item = decode(e, of, place(p), of, place(p));
  e.line(`${list}.push(${item});${p}=${of.flexible ? 'c.p' : `${p}+${of.size}`};}c.p=${p};`);
  return list;
}
