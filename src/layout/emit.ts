import type { Ref } from './ref.js';
import type { ScalarName } from './types.js';

/** A place in generated code: a variable and a constant number of bytes behind it. */
export interface Place {
  readonly base: string;
  readonly plus: number;
}

export const place = (base: string, plus = 0): Place => ({ base, plus });
export const behind = (at: Place, bytes: number): Place => ({ base: at.base, plus: at.plus + bytes });
export const expr = (at: Place): string => (at.plus === 0 ? at.base : `${at.base}+${at.plus}`);

/** Lines of a function under construction, with fresh variable names. Only names checked at declaration reach it. */
export class Emitter {
  readonly lines: string[] = [];
  private names = 0;

  fresh(prefix: string): string {
    this.names++;
    return `${prefix}${this.names}`;
  }

  line(text: string): void {
    this.lines.push(text);
  }

  /** Declares a constant and returns its name. */
  let(prefix: string, value: string): string {
    const name = this.fresh(prefix);
    this.line(`const ${name}=${value};`);
    return name;
  }
}

/** Expression that reads a scalar. */
export function readExpr(scalar: ScalarName, at: Place): string {
  switch (scalar) {
    case 'u8':
      return `dv.getUint8(${expr(at)})`;
    case 'u16':
      return `dv.getUint16(${expr(at)},true)`;
    case 'u32':
      return `dv.getUint32(${expr(at)},true)`;
    case 'i32':
      return `dv.getInt32(${expr(at)},true)`;
    case 'u64':
      return `dv.getBigUint64(${expr(at)},true)`;
    case 'i64':
      return `dv.getBigInt64(${expr(at)},true)`;
  }
}

/** Expression of the number that a ref reads. */
export function refExpr(ref: Ref, base: Place): string {
  const at = behind(base, ref.offset);
  const word = readExpr(ref.size === 1 ? 'u8' : ref.size === 2 ? 'u16' : 'u32', at);
  if (ref.width === undefined || ref.at === undefined || ref.width === 32) return word;
  return `(${word}>>>${ref.at}&${2 ** ref.width - 1})`;
}
