import { pagesTouched } from '../bytes/page.js';
import { isZero } from '../bytes/span.js';
import { popcount32 } from '../bytes/word.js';
import { ruleExpr, zeroTest } from './compile-decode.js';
import type { Cursor } from './cursor.js';
import { behind, Emitter, expr, type Place, place, readExpr, refExpr } from './emit.js';
import { tagRef } from './limits.js';
import { TRUNCATED } from './markers.js';
import type { AnyType, BitsType, RepType, ScalarType, StructType, UnionType, VarheadType } from './types.js';

/** False when check() would find nothing; true when it has to look. Throws the TRUNCATED marker. */
export type SuspectFn = (view: DataView, at: number, cursor: Cursor) => boolean;

/** Straight-line test for anything that check() reports. Throws EvalError where the host forbids code generation. */
export function compileSuspect(type: AnyType): SuspectFn {
  const e = new Emitter();
  const known: ReadonlyMap<number | bigint, string>[] = [];
  test({ e, known }, type, place('o'), type, place('o'));
  const runtime = { isZero, popcount32, pagesTouched, TRUNCATED, known };
  const body = `if(o+${type.minSize}>c.end)throw TRUNCATED;\n${e.lines.join('\n')}\nreturn false;`;
  return new Function(...Object.keys(runtime), `"use strict";return function suspect(dv,o,c){${body}}`)(
    ...Object.values(runtime),
  );
}

interface Context {
  readonly e: Emitter;
  readonly known: ReadonlyMap<number | bigint, string>[];
}

function test(ctx: Context, type: AnyType, at: Place, owner: AnyType, base: Place): void {
  const { e } = ctx;
  switch (type.kind) {
    case 'scalar':
      return testScalar(ctx, type, at);
    case 'rsvd':
      return e.line(`if(!(${zeroTest(at, type.size)}))return true;`);
    case 'bits':
      return testBits(ctx, type, at);
    case 'anon':
      return test(ctx, type.of, at, owner, base);
    case 'array':
      return eachOf(ctx, type.of, expr(at), String(type.count));
    case 'struct':
      return testStruct(ctx, type, at);
    case 'union':
      return testUnion(ctx, type, at, owner, base);
    case 'rep':
    case 'varhead':
      return testList(ctx, type, at, owner, base);
    default:
      return;
  }
}

function testScalar(ctx: Context, type: ScalarType, at: Place): void {
  const read = readExpr(type.scalar, at);
  if (type.enumeration && !type.flags) {
    const { names } = type.enumeration;
    const index = ctx.known.push(names) - 1;
    const bigints = [...names.keys()].some((k) => typeof k === 'bigint');
    const wide = type.size === 8;
    // Small constants of a wide field are kept as numbers.
    if (wide && !bigints)
      ctx.e.line(`if(${readExpr('u32', behind(at, 4))}!==0||!known[${index}].has(${readExpr('u32', at)}))return true;`);
    else ctx.e.line(wide === bigints ? `if(!known[${index}].has(${read}))return true;` : 'return true;');
  }
  if (type.multipleOf !== undefined) {
    const low = type.size === 8 ? readExpr('u32', at) : read;
    // The low half alone tells for powers of two only.
    const divides = type.size < 8 || 2 ** 32 % type.multipleOf === 0;
    ctx.e.line(divides ? `if(${low}%${type.multipleOf}!==0)return true;` : 'return true;');
  }
}

function testBits(ctx: Context, type: BitsType, at: Place): void {
  const step = Math.min(4, type.size / type.words);
  const masks = new Map<number, number>();
  for (const field of type.fields) {
    if (field.enumeration) ctx.e.line(enumBits(ctx, field.at, field.width, field.enumeration.names, at, step));
    if (!field.reserved) continue;
    for (let bit = field.at; bit < field.at + field.width; bit++) {
      const index = Math.floor(bit / (step * 8));
      masks.set(index, ((masks.get(index) ?? 0) | (1 << (bit % (step * 8)))) >>> 0);
    }
  }
  const unit = step === 4 ? 'u32' : step === 2 ? 'u16' : 'u8';
  for (const [index, mask] of masks)
    ctx.e.line(`if((${readExpr(unit, behind(at, index * step))}&${mask})!==0)return true;`);
}

function enumBits(
  ctx: Context,
  bit: number,
  width: number,
  names: ReadonlyMap<number | bigint, string>,
  at: Place,
  step: number,
): string {
  const index = Math.floor(bit / (step * 8));
  const shift = bit % (step * 8);
  if (shift + width > 32) return 'return true;';
  const unit = step === 4 ? 'u32' : step === 2 ? 'u16' : 'u8';
  const value =
    width === 32
      ? readExpr(unit, behind(at, index * step))
      : `(${readExpr(unit, behind(at, index * step))}>>>${shift}&${2 ** width - 1})`;
  return `if(!known[${ctx.known.push(names) - 1}].has(${value}))return true;`;
}

/** Nothing is emitted where no element can be suspicious. */
function eachOf(ctx: Context, of: AnyType, from: string, count: string): void {
  const inner = new Emitter();
  const p = ctx.e.fresh('e');
  test({ e: inner, known: ctx.known }, of, place(p), of, place(p));
  if (inner.lines.length === 0) return;
  const i = ctx.e.fresh('i');
  ctx.e.line(`for(let ${i}=0,${p}=${from};${i}<${count};${i}++,${p}+=${of.size}){${inner.lines.join('')}}`);
}

function testStruct(ctx: Context, type: StructType, base: Place): void {
  let open: string | undefined;
  for (const slot of type.slots) {
    test(ctx, slot.type, open === undefined ? behind(base, slot.offset) : place(open), type, base);
    if (slot.type.flexible) open = ctx.e.let('p', 'c.p');
  }
  if (open === undefined && type.flexible) ctx.e.line(`c.p=${expr(behind(base, type.size))};`);
}

function testUnion(ctx: Context, type: UnionType, at: Place, owner: AnyType, base: Place): void {
  const { e } = ctx;
  const end = type.flexible ? e.let('n', `Math.min(${expr(at)}+${type.size},c.end)`) : expr(behind(at, type.size));
  const arm = (key: string): void => {
    const of = type.arms[key]!;
    if (type.flexible) e.line(`if(${expr(at)}+${of.minSize}>c.end)throw TRUNCATED;`);
    test(ctx, of, at, of, at);
    if (of.flexible) return;
    const from = expr(behind(at, of.size));
    if (of.size < type.size) e.line(`if(${from}<${end}&&!isZero(dv,${from},${end}-(${from})))return true;`);
    if (type.flexible) e.line(`c.p=Math.max(${from},${end});`);
  };
  const { tag } = type;
  if (tag === undefined) {
    if (type.otherwise === undefined) e.line('return true;');
    else arm(type.otherwise);
    return;
  }
  const tagAt = tagRef(tag, type, owner);
  if (tagAt === undefined) return e.line('return true;');
  const word = refExpr(tagAt.ref, tagAt.own ? at : base);
  const name = e.let('t', tag.mask === undefined ? word : `(${word}&${tag.mask})>>>0`);
  for (const [value, key] of Object.entries(tag.of)) {
    e.line(`if(${name}===${value}){`);
    arm(key);
    e.line('}else ');
  }
  e.line('{');
  if (type.otherwise === undefined) e.line('return true;');
  else arm(type.otherwise);
  e.line('}');
}

function testList(ctx: Context, type: RepType | VarheadType, at: Place, owner: AnyType, base: Place): void {
  const { e } = ctx;
  const { of } = type;
  // Elements of open size, and lists that may go on elsewhere, are left to the walk.
  if (of.flexible || type.partial) return e.line('return true;');
  const start = e.let('s', expr(at));
  const end = type.kind === 'varhead' ? e.let('n', 'c.varEnd>=0?Math.min(c.varEnd,c.end):c.end') : 'c.end';
  const fit = e.let('k', `Math.max(0,Math.floor((${end}-${start})/${of.minSize}))`);
  const rule = ruleExpr(owner, base, type);
  const wanted = rule ?? (type.kind === 'rep' ? `(c.reps>=0?c.reps:${fit})` : fit);
  const want = e.let('m', wanted);
  e.line(
    type.kind === 'varhead'
      ? `if(${want}!==${fit}&&(c.varEnd>=0||${want}>${fit}))return true;`
      : `if(${want}>${fit})return true;`,
  );
  const count = e.let('q', `Math.min(${want},${fit})`);
  eachOf(ctx, of, start, count);
  e.line(`c.p=${start}+${count}*${of.size};`);
}
