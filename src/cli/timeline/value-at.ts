import { hexText } from '../tree/numbers.js';

export type Value = Readonly<Record<string, unknown>>;

/** The words of a structure's value; `reps` is the count of the call that it belongs to, 0 for none. */
export type Detail = (value: Value, reps: number) => readonly string[];

/** A member by its path with dots; undefined where there is none. */
export const at = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((on, key) => (on === null || typeof on !== 'object' ? undefined : (on as Value)[key]), value);

export const numberAt = (value: Value, path: string): number => Number(at(value, path) ?? 0);

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
