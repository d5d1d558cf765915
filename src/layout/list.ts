import { LayoutError } from '../bytes/errors.js';
import { withEngines } from './engines.js';
import { checkAlone } from './ref.js';
import { checkCount } from './scalar.js';
import type { AnyType, ArrayOf, CountRule, Rep, Varhead } from './types.js';

/** A fixed number of equal elements. */
export function array<T extends AnyType>(of: T, count: number): ArrayOf<T> {
  if (of.flexible) throw new LayoutError('E_LAYOUT_KIND', 'elements of a fixed array have a fixed size; use rep');
  checkAlone(of, 'array', '');
  checkCount(count, 1);
  const size = of.size * count;
  return withEngines({ kind: 'array', of, count, size, minSize: size, flexible: false });
}

export interface ListOptions {
  /** Where the number of elements stands; else the control word, else the rest of the bytes. */
  readonly count?: CountRule;
  /** Elements counted into C's sizeof. */
  readonly declared?: number;
  /** The list goes on in a later message. */
  readonly partial?: boolean;
}

function list<T extends AnyType>(of: T, options: ListOptions) {
  if (of.minSize === 0) throw new LayoutError('E_LAYOUT_KIND', 'elements of a list need a size');
  checkAlone(of, 'list', '');
  const declared = options.declared ?? 0;
  checkCount(declared, 0);
  return {
    of,
    declared,
    partial: options.partial ?? false,
    size: declared * of.size,
    minSize: 0,
    flexible: true,
    ...(options.count === undefined ? {} : { count: options.count }),
  };
}

/** A list behind all fixed fields, one element per rep of a hypercall or as many as a sibling says. */
export function rep<T extends AnyType>(of: T, options: ListOptions = {}): Rep<T> {
  return withEngines({ kind: 'rep', ...list(of, options) });
}

/** The variable header of a hypercall: runs to the end that the control word gives; a rep may follow. */
export function varhead<T extends AnyType>(of: T, options: ListOptions = {}): Varhead<T> {
  return withEngines({ kind: 'varhead', ...list(of, options) });
}
