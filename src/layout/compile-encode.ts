import { writeGuid } from '../bytes/guid.js';
import { bytesOf, clear } from '../bytes/span.js';
import { behind, Emitter, expr, type Place, place } from './emit.js';
import { elements, putBytes, putU64s, putWire, refuse } from './encode-runtime.js';
import { isSeq } from './seq.js';
import {
  type AnyType,
  type ArrayType,
  type BitsType,
  type Code,
  type RepType,
  type ScalarName,
  type StructType,
  titleOf,
  type UnionType,
  type VarheadType,
} from './types.js';

export type EncodeFn = Code['encode'];

/** What generated encoders call. */
export const ENCODE_RUNTIME = { refuse, putBytes, putWire, putU64s, elements, isSeq, writeGuid, bytesOf, clear };

/** The body of `(x, dv, o) => end`, straight-line code for one declaration. */
export function encodeSource(type: AnyType): string {
  const e = new Emitter();
  e.line('let p=o;');
  encode(e, type, 'x', place('o'));
  const end = type.flexible ? 'return p;' : `return o+${type.size};`;
  return `if(o+${type.minSize}>dv.byteLength)refuse();\n${e.lines.join('\n')}\n${end}`;
}

/** The encoder of one declaration. Throws EvalError where the host forbids code generation. */
export function compileEncode(type: AnyType): EncodeFn {
  const names = Object.keys(ENCODE_RUNTIME);
  const body = `"use strict";return function encode_${titleOf(type)}(x,dv,o){${encodeSource(type)}}`;
  return new Function(...names, body)(...Object.values(ENCODE_RUNTIME));
}

/** Emits the writes of `value` (an expression without side effects); a flexible type leaves `p` behind its last byte. */
function encode(e: Emitter, type: AnyType, value: string, at: Place): boolean {
  switch (type.kind) {
    case 'scalar':
      putScalar(e, type.scalar, value, at);
      break;
    case 'atomic':
      putScalar(e, 'u32', value, at);
      break;
    case 'guid':
      e.line(`writeGuid(dv,${expr(at)},${value});`);
      break;
    case 'rsvd':
      e.line(`if(${value}===undefined){${zeros(at, type.size)}}else putBytes(dv,${expr(at)},${value},${type.size});`);
      break;
    case 'bytes':
      e.line(`putBytes(dv,${expr(at)},${value},${type.size});`);
      break;
    case 'bits':
      putBits(e, type, e.let('b', value), at);
      break;
    case 'array':
      putArray(e, type, value, at);
      break;
    case 'anon':
      encode(e, type.of, value, at);
      break;
    case 'struct':
      putStruct(e, type, value, at);
      break;
    case 'union':
      putUnion(e, type, e.let('u', value), at);
      break;
    case 'rep':
    case 'varhead':
      putList(e, type, value, at);
      break;
  }
  return !type.flexible;
}

function zeros(at: Place, size: number): string {
  if (size > 32) return `clear(dv,${expr(at)},${size});`;
  let code = '';
  let done = 0;
  for (const [bytes, set] of [
    [4, 'setUint32'],
    [2, 'setUint16'],
    [1, 'setUint8'],
  ] as const) {
    while (size - done >= bytes) {
      code += `dv.${set}(${expr(behind(at, done))},0${bytes > 1 ? ',true' : ''});`;
      done += bytes;
    }
  }
  return code;
}

function putScalar(e: Emitter, scalar: ScalarName, value: string, at: Place): void {
  const v = e.let('s', value);
  const bits = Number(scalar.slice(1));
  if (bits === 64) {
    const [low, high, set] =
      scalar === 'u64'
        ? ['0n', '0xffffffffffffffffn', 'setBigUint64']
        : ['-0x8000000000000000n', '0x7fffffffffffffffn', 'setBigInt64'];
    e.line(`if(typeof ${v}!=='bigint'||${v}<${low}||${v}>${high})refuse();dv.${set}(${expr(at)},${v},true);`);
  } else if (scalar === 'i32') e.line(`if((${v}|0)!==${v})refuse();dv.setInt32(${expr(at)},${v},true);`);
  else if (bits === 32) e.line(`if(${v}>>>0!==${v})refuse();dv.setUint32(${expr(at)},${v},true);`);
  else
    e.line(`if((${v}&${2 ** bits - 1})!==${v})refuse();dv.setUint${bits}(${expr(at)},${v}${bits > 8 ? ',true' : ''});`);
}

function putBits(e: Emitter, type: BitsType, from: string, at: Place): void {
  const unitBits = (type.size / type.words) * 8;
  const step = Math.min(32, unitBits);
  // Nothing else would notice a number where the object should be.
  if (type.fields.every((f) => f.reserved)) e.line(`if(typeof ${from}!=='object')refuse();`);
  const words: string[][] = Array.from({ length: (type.size * 8) / step }, () => []);
  for (const f of type.fields) {
    const v = e.fresh('v');
    const none = f.width > 32 ? '0n' : '0';
    const given = f.reserved
      ? `let ${v}=${from}.${f.name};if(${v}===undefined)${v}=${none};`
      : `const ${v}=${from}.${f.name};`;
    const shift = f.at % step;
    const index = Math.floor(f.at / step);
    if (f.width === 1) {
      e.line(`${given}if(${v}!==true&&${v}!==false&&${v}!==1&&${v}!==0)refuse();`);
      words[index]!.push(shift === 0 ? `+${v}` : `+${v}<<${shift}`);
    } else if (f.width <= 32) {
      e.line(`${given}if(${f.width === 32 ? `${v}>>>0` : `(${v}&${2 ** f.width - 1})`}!==${v})refuse();`);
      words[index]!.push(shift === 0 ? v : `${v}<<${shift}`);
      if (shift + f.width > step) words[index + 1]!.push(`${v}>>>${step - shift}`);
    } else {
      e.line(`${given}if(typeof ${v}!=='bigint'||${v}<0n||${v}>${2n ** BigInt(f.width) - 1n}n)refuse();`);
      const wide = shift === 0 ? v : e.let('v', `${v}<<${shift}n`);
      words[index]!.push(`Number(BigInt.asUintN(32,${wide}))`);
      words[index + 1]!.push(`Number(${wide}>>32n)`);
    }
  }
  words.forEach((parts, i) => {
    const place = behind(at, (i * step) / 8);
    e.line(`dv.setUint${step}(${expr(place)},${parts.join('|') || '0'}${step > 8 ? ',true' : ''});`);
  });
}

function putArray(e: Emitter, type: ArrayType, value: string, at: Place): void {
  const { of, count } = type;
  const list = e.let('l', `elements(${value})`);
  const n = e.let('n', `${list}.length`);
  e.line(`if(!(${n}<=${count}))refuse();`);
  const i = e.fresh('i');
  const q = e.fresh('e');
  e.line(`for(let ${i}=0,${q}=${expr(at)};${i}<${n};${i}++,${q}+=${of.size}){`);
  encode(e, of, `${list}[${i}]`, place(q));
  e.line('}');
  e.line(`if(${n}<${count})clear(dv,${expr(at)}+${n}*${of.size},(${count}-${n})*${of.size});`);
}

function putStruct(e: Emitter, type: StructType, value: string, at: Place): void {
  const x = /^[a-z]\d*$/.test(value) ? value : e.let('x', value);
  if (type.slots.every((slot) => slot.type.kind === 'rsvd')) e.line(`if(typeof ${x}!=='object')refuse();`);
  let open: string | undefined;
  for (const slot of type.slots) {
    const flat = slot.anon && slot.type.kind !== 'union';
    encode(e, slot.type, flat ? x : `${x}.${slot.key}`, open === undefined ? behind(at, slot.offset) : place(open));
    if (slot.type.flexible) open = e.let('q', 'p');
  }
}

function putUnion(e: Emitter, type: UnionType, u: string, at: Place): void {
  const arms = Object.entries(type.arms);
  const present = [...arms.map(([arm]) => arm), 'raw'].map((arm) => `(${u}.${arm}!==undefined)`);
  e.line(`if(${present.join('+')}!==1)refuse();`);
  for (const [arm, of] of arms) {
    e.line(`if(${u}.${arm}!==undefined){`);
    if (type.flexible && !of.flexible) e.line(`if(${expr(at)}+${of.size}>dv.byteLength)refuse();`);
    encode(e, of, `${u}.${arm}`, at);
    if (!of.flexible) putTail(e, type, of, u, at);
    e.line('}else ');
  }
  if (type.flexible)
    e.line(
      `{if(!(${u}.raw.length<=${type.size}))refuse();putBytes(dv,${expr(at)},${u}.raw,${u}.raw.length);p=${expr(at)}+${u}.raw.length;}`,
    );
  else e.line(`putBytes(dv,${expr(at)},${u}.raw,${type.size});`);
}

/** Bytes behind a shorter arm: zeros, or the tail; the tail of a union of open size ends it. */
function putTail(e: Emitter, type: UnionType, of: AnyType, u: string, at: Place): void {
  const left = type.size - of.size;
  const from = behind(at, of.size);
  const put = `if(!(${u}.tail.length<=${left}))refuse();putBytes(dv,${expr(from)},${u}.tail,${u}.tail.length);`;
  if (type.flexible)
    e.line(
      `if(${u}.tail===undefined){clear(dv,${expr(from)},${left});p=${expr(behind(at, type.size))};}else{${put}p=${expr(from)}+${u}.tail.length;}`,
    );
  else e.line(`${left > 0 ? zeros(from, left) : ''}if(${u}.tail!==undefined){${put}}`);
}

function putList(e: Emitter, type: RepType | VarheadType, value: string, at: Place): void {
  const { of } = type;
  const v = e.let('l', value);
  if (of.kind === 'scalar')
    e.line(`if(isSeq(${v})&&${v}.scalar==='${of.scalar}')p=putWire(dv,${expr(at)},${v}.bytes());else `);
  if (of.kind === 'scalar' && of.scalar === 'u64') {
    e.line(`p=putU64s(dv,${expr(at)},${v});`);
    return;
  }
  e.line('{');
  const list = e.let('l', `elements(${v})`);
  const i = e.fresh('i');
  const q = e.fresh('e');
  e.line(`let ${q}=${expr(at)};for(let ${i}=0;${i}<${list}.length;${i}++){`);
  encode(e, of, `${list}[${i}]`, place(q));
  e.line(`${q}=${of.flexible ? 'p' : `${q}+${of.size}`};}p=${q};}`);
}
