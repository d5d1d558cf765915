import { hexText } from '../tree/numbers.js';

export type Value = Readonly<Record<string, unknown>>;

/** The words of a structure's value; `reps` is the count of the call that it belongs to, 0 for none. */
export type Detail = (value: Value, reps: number) => readonly string[];

/** A member by its path with dots; undefined where there is none. */
export const at = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((on, key) => (on === null || typeof on !== 'object' ? undefined : (on as Value)[key]), value);

/** 0 for what is not there, or of which a part is missing. */
export const numberAt = (value: Value, path: string): number => {
  const found = at(value, path);
  return typeof found === 'object' ? 0 : Number(found ?? 0);
};

/** In decimal; `?` for what is not there, or of which a part is missing. */
export const textAt = (value: Value, path: string): string => {
  const found = at(value, path);
  return typeof found === 'bigint' || typeof found === 'number' ? String(found) : '?';
};

export const hexAt = (value: Value, path: string): string => {
  const found = at(value, path);
  return typeof found === 'bigint' || typeof found === 'number' ? hexText(found) : '?';
};

/** Lists of words are list-likes of their own. */
export function listOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
    ? [...(value as Iterable<unknown>)]
    : [];
}
