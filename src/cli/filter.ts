import type { JsonRecord } from '../capture/present.js';
import type { Json } from '../layout/json.js';

export type RecordTest = (record: JsonRecord) => boolean;

/** `KEY=GLOB` tests, all of which a record has to pass. KEY is a dotted path; through a list, any element may match. */
export function filterOf(rules: readonly string[]): RecordTest {
  const tests = rules.map((rule) => {
    const cut = rule.indexOf('=');
    const path = rule.slice(0, cut).split('.');
    const glob = globToRegExp(rule.slice(cut + 1));
    return (record: JsonRecord): boolean => some(record, path, glob);
  });
  return (record) => tests.every((test) => test(record));
}

/** A glob in which `*` is any text and `?` any character; it matches the whole text. */
export function globToRegExp(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 's');
}

function some(json: Json | undefined, path: readonly string[], glob: RegExp): boolean {
  if (json === undefined || json === null) return false;
  if (Array.isArray(json)) {
    const [head, ...rest] = path;
    // A number in the path is an index; else the path goes on in every element.
    if (head !== undefined && /^\d+$/.test(head)) return some(json[Number(head)], rest, glob);
    return json.some((item) => some(item, path, glob));
  }
  const [head, ...rest] = path;
  if (head === undefined) return typeof json !== 'object' && glob.test(String(json));
  return typeof json === 'object' && some(json[head], rest, glob);
}
