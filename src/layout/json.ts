import { EncodeError } from '../bytes/errors.js';
import { bytesToHex, hex64, hexToBytes } from '../bytes/hex.js';
import { isSeq } from './seq.js';
import { type AnyType, type BitsType, titleOf } from './types.js';

export type Json = number | string | boolean | null | Json[] | { [key: string]: Json };

/** A decoded value as JSON: 64-bit integers "0x" and 16 digits, bytes as hex. */
export function toJson(value: unknown): Json {
  if (typeof value === 'bigint') return hex64(value);
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (isSeq(value)) return (value.toArray() as (number | bigint)[]).map(toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    const out: Record<string, Json> = {};
    for (const [key, part] of Object.entries(value)) if (part !== undefined) out[key] = toJson(part);
    return out;
  }
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  return null;
}

export interface FromJsonOptions {
  /** Missing fields become zero, absent lists empty. */
  readonly defaults?: boolean;
}

/** JSON as the value that encode takes; integers may be numbers, decimal or 0x text, and enum names. Throws EncodeError. */
export function fromJson(type: AnyType, json: Json | undefined, options: FromJsonOptions = {}): unknown {
  return convert(type, json, titleOf(type), '', options.defaults ?? false);
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

function convert(type: AnyType, json: Json | undefined, struct: string, path: string, defaults: boolean): unknown {
  const fail = (code: 'E_TYPE' | 'E_MISSING' | 'E_UNKNOWN_FIELD' | 'E_ARM', what: string, at = path): never => {
    throw new EncodeError(code, what, { struct, path: at });
  };
  if (json === undefined && type.kind !== 'rsvd' && !defaults) fail('E_MISSING', 'is missing (--defaults fills zeros)');
  switch (type.kind) {
    case 'scalar':
    case 'atomic': {
      const wide = type.size === 8;
      if (json === undefined) return wide ? 0n : 0;
      const named =
        type.kind === 'scalar' && typeof json === 'string' ? nameValue(type.enumeration?.names, json) : undefined;
      const value = named ?? integer(json) ?? fail('E_TYPE', `takes an integer, got ${JSON.stringify(json)}`);
      if (!wide) return Number(value);
      // toJson writes the two's complement.
      const negative = type.kind === 'scalar' && type.scalar === 'i64' && BigInt(value) < 1n << 64n;
      return negative ? BigInt.asIntN(64, BigInt(value)) : BigInt(value);
    }
    case 'guid':
      return json === undefined ? '00000000-0000-0000-0000-000000000000' : json;
    case 'rsvd':
      return json === undefined ? undefined : bytesFrom(json, fail);
    case 'bytes':
      return json === undefined ? new Uint8Array(type.size) : bytesFrom(json, fail);
    case 'bits':
      return convertBits(type, json, struct, path, defaults);
    case 'anon':
      return convert(type.of, json, struct, path, defaults);
    case 'array':
    case 'rep':
    case 'varhead': {
      if (json === undefined) return [];
      if (!Array.isArray(json)) return fail('E_TYPE', `takes a list, got ${JSON.stringify(json)}`);
      return json.map((item, i) => convert(type.of, item, struct, `${path}[${i}]`, defaults));
    }
    case 'union': {
      const keys = Object.keys(isDict(json) ? json : {}).filter((key) => key !== 'tail');
      if (json === undefined) {
        const arm = type.otherwise ?? Object.keys(type.arms)[0]!;
        return { [arm]: convert(type.arms[arm]!, undefined, struct, join(path, arm), defaults) };
      }
      const [arm] = keys;
      if (!isDict(json) || arm === undefined || keys.length !== 1)
        return fail('E_ARM', `takes exactly one of ${Object.keys(type.arms).join(', ')}, raw`);
      const tail = json.tail === undefined ? {} : { tail: bytesFrom(json.tail, fail) };
      if (arm === 'raw') return { raw: bytesFrom(json.raw, fail) };
      const of =
        (Object.hasOwn(type.arms, arm) ? type.arms[arm] : undefined) ??
        fail('E_ARM', `has no arm ${JSON.stringify(arm)}: takes ${Object.keys(type.arms).join(', ')}, raw`);
      return { [arm]: convert(of, json[arm], struct, join(path, arm), defaults), ...tail };
    }
    case 'struct': {
      if (json !== undefined && !isDict(json)) return fail('E_TYPE', `takes an object, got ${JSON.stringify(json)}`);
      const given = json ?? {};
      const known = new Set<string>();
      const out: Record<string, unknown> = {};
      for (const slot of type.slots) {
        if (slot.anon && slot.type.kind !== 'union') {
          const names = flatNames(slot.type);
          for (const name of names) known.add(name);
          const part = Object.fromEntries(
            names.filter((name) => given[name] !== undefined).map((name) => [name, given[name]!]),
          );
          Object.assign(out, convert(slot.type, part, struct, path, defaults));
        } else {
          known.add(slot.key);
          const part = convert(slot.type, given[slot.key], struct, join(path, slot.key), defaults);
          if (part !== undefined) out[slot.key] = part;
        }
      }
      const stranger = Object.keys(given).find((key) => !known.has(key));
      if (stranger !== undefined)
        fail('E_UNKNOWN_FIELD', `is no field; the fields are ${[...known].join(', ')}`, join(path, stranger));
      return out;
    }
  }
}

function flatNames(type: AnyType): string[] {
  if (type.kind === 'bits') return type.fields.map((f) => f.name);
  if (type.kind === 'struct')
    return type.slots.flatMap((s) => (s.anon && s.type.kind !== 'union' ? flatNames(s.type) : [s.key]));
  return [];
}

function convertBits(type: BitsType, json: Json | undefined, struct: string, path: string, defaults: boolean): object {
  if (json !== undefined && !isDict(json))
    throw new EncodeError('E_TYPE', `takes an object of bit-fields, got ${JSON.stringify(json)}`, { struct, path });
  const given = json ?? {};
  const out: Record<string, unknown> = {};
  for (const field of type.fields) {
    const part = given[field.name];
    if (part === undefined && !defaults && !field.reserved)
      throw new EncodeError('E_MISSING', 'is missing (--defaults fills zeros)', {
        struct,
        path: join(path, field.name),
      });
    const named = typeof part === 'string' ? nameValue(field.enumeration?.names, part) : undefined;
    const value = named ?? (typeof part === 'boolean' ? Number(part) : part === undefined ? 0 : integer(part));
    if (value === undefined)
      throw new EncodeError('E_TYPE', `takes an integer, got ${JSON.stringify(part)}`, {
        struct,
        path: join(path, field.name),
      });
    out[field.name] =
      field.width === 1
        ? value === 1n || value === 1
          ? true
          : value === 0n || value === 0
            ? false
            : value
        : field.width > 32
          ? BigInt(value)
          : Number(value);
  }
  const stranger = Object.keys(given).find((key) => !type.fields.some((f) => f.name === key));
  if (stranger !== undefined)
    throw new EncodeError('E_UNKNOWN_FIELD', 'is no bit-field', { struct, path: join(path, stranger) });
  return out;
}

const isDict = (json: Json | undefined): json is { [key: string]: Json } =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

function nameValue(names: ReadonlyMap<number | bigint, string> | undefined, text: string): number | bigint | undefined {
  for (const [value, name] of names ?? []) if (name === text) return value;
  return undefined;
}

function integer(json: Json): number | bigint | undefined {
  // A larger number was rounded when the JSON was read: 64-bit values come as text.
  if (typeof json === 'number' && Number.isSafeInteger(json)) return json;
  if (typeof json === 'string' && /^(0x[0-9a-f]+|-?\d+)$/i.test(json)) return BigInt(json);
  return undefined;
}

function bytesFrom(json: Json | undefined, fail: (code: 'E_TYPE', what: string) => never): Uint8Array {
  if (typeof json !== 'string' || !/^([0-9a-f]{2})*$/i.test(json))
    return fail('E_TYPE', `takes hex text, got ${JSON.stringify(json)}`);
  return hexToBytes(json);
}
