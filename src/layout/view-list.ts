import { explain } from './explain.js';
import { interpretDecode, startOf } from './interpret-decode.js';
import { cursorOf, ruledCount } from './limits.js';
import { TRUNCATED } from './markers.js';
import { seqOver } from './seq.js';
import type { AnyType, RepType, StructType, VarheadType } from './types.js';

/** Elements as views, made on demand. */
export interface ViewList<V> {
  readonly length: number;
  /** The element at `index`, 0-based; undefined outside. */
  at(index: number): V | undefined;
}

/** Makes the view of one element. */
export type MakeView = (of: AnyType, view: DataView, at: number) => unknown;

/** `count` elements from `at`, over the same memory. */
export function listView(of: AnyType, view: DataView, at: number, count: number, make: MakeView): unknown {
  if (of.kind === 'scalar') return seqOver(of.scalar, view, at, count, true);
  if (of.flexible) {
    const places = elementPlaces(of, view, at, count);
    return { length: places.length, at: (i: number) => (i in places ? make(of, view, places[i]!) : undefined) };
  }
  return { length: count, at: (i: number) => (i >= 0 && i < count ? make(of, view, at + i * of.size) : undefined) };
}

/** The list of a struct (in slot `index`, undefined for a list taken by itself) whose owner begins at `base`: as many elements as its rule says and the bytes have. */
export function openListView(
  type: RepType | VarheadType,
  owner: { readonly type: StructType; readonly index: number } | undefined,
  view: DataView,
  base: number,
  make: MakeView,
): unknown {
  const at = owner === undefined ? base : startOf(owner.type, owner.index, view, base, cursorOf(view, undefined));
  const fit = Math.max(0, Math.floor((view.byteLength - at) / type.of.minSize));
  const ruled = owner === undefined ? undefined : ruledCount(view, base, owner.type, type);
  return listView(type.of, view, at, Math.min(fit, ruled ?? fit), make);
}

/** Where elements of varying size begin. Throws DecodeError E_TRUNCATED. */
function elementPlaces(of: AnyType, view: DataView, at: number, count: number): number[] {
  const places: number[] = [];
  const cursor = cursorOf(view, undefined);
  for (let p = at; places.length < count && p + of.minSize <= cursor.end; p = cursor.p) {
    try {
      interpretDecode(of, view, p, cursor, true);
    } catch (error) {
      throw error === TRUNCATED ? explain(of, view, p) : error;
    }
    places.push(p);
  }
  return places;
}
