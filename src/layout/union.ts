import { LayoutError } from '../bytes/errors.js';
import { withEngines } from './engines.js';
import { checkNames } from './names.js';
import { checkAlone, isOwnTag, resolveTag } from './ref.js';
import type { Anon, AnyType, Arms, Origin, Union, UnionTag, UnionType } from './types.js';

export interface UnionOptions<A, By extends string> {
  /** Path of the tag: a sibling, a bit-field of a sibling (`flags.set`) or of an arm (`arm.field`). */
  readonly by?: By;
  readonly mask?: number;
  /** Tag value → arm. */
  readonly of?: Readonly<Record<number, Extract<keyof A, string>>>;
  /** The arm for unknown tags, or for unions without one. */
  readonly otherwise?: Extract<keyof A, string>;
}

/**
 * Overlaid arms. The value has exactly one arm's key, plus `tail` with the bytes behind a shorter arm when they are not zero;
 * `{ raw }` where no arm applies. Throws LayoutError E_LAYOUT_TAG, E_LAYOUT_SIZE.
 */
export function union<const A extends Arms, const By extends string = never>(
  name: string,
  size: number,
  arms: A,
  options?: UnionOptions<A, By>,
  origin?: Origin,
): Union<A, By>;
export function union<const A extends Arms, const By extends string = never>(
  arms: A,
  options?: UnionOptions<A, By>,
): Union<A, By>;
export function union(
  first: string | Arms,
  second?: number | UnionOptions<Arms, string>,
  third?: Arms,
  fourth?: UnionOptions<Arms, string>,
  origin?: Origin,
): UnionType {
  if (typeof first === 'string') return declare(first, second as number, third as Arms, fourth ?? {}, origin);
  return declare('', undefined, first, (second ?? {}) as UnionOptions<Arms, string>);
}

function declare(
  name: string,
  claim: number | undefined,
  arms: Arms,
  options: UnionOptions<Arms, string>,
  origin?: Origin,
): UnionType {
  const owner = name || 'union';
  checkNames(owner, name === '' ? Object.keys(arms) : [name, ...Object.keys(arms)]);
  const types = Object.values(arms);
  if (types.length === 0) throw new LayoutError('E_LAYOUT_TAG', 'a union needs an arm', { struct: owner });
  const size = Math.max(...types.map((t) => t.size));
  if (claim !== undefined && claim !== size)
    throw new LayoutError(
      'E_LAYOUT_SIZE',
      `claims 0x${claim.toString(16)} bytes, its largest arm has 0x${size.toString(16)}`,
      { struct: owner },
    );
  for (const arm of [...Object.values(options.of ?? {}), ...(options.otherwise ? [options.otherwise] : [])]) {
    if (!Object.hasOwn(arms, arm))
      throw new LayoutError('E_LAYOUT_TAG', `no arm ${JSON.stringify(arm)}`, { struct: owner });
  }
  if ((options.by === undefined) !== (options.of === undefined))
    throw new LayoutError('E_LAYOUT_TAG', '`by` and `of` go together', { struct: owner });
  const flexible = types.some((t) => t.flexible);
  const tag: UnionTag | undefined =
    options.by !== undefined && options.of !== undefined
      ? { by: options.by, of: options.of, ...(options.mask === undefined ? {} : { mask: options.mask }) }
      : undefined;
  const made: UnionType = {
    kind: 'union',
    name,
    size,
    // With an arm of open size the bytes may end where the chosen arm does.
    minSize: flexible ? Math.min(...types.map((t) => t.minSize)) : size,
    flexible,
    arms,
    ...(tag ? { tag } : {}),
    ...(options.otherwise ? { otherwise: options.otherwise } : {}),
    ...(origin ? { origin } : {}),
  };
  for (const [arm, of] of Object.entries(arms)) checkAlone(of, owner, arm);
  if (tag === undefined || !isOwnTag(made, tag)) return withEngines(made);
  const ref = resolveTag(made, tag, owner);
  return withEngines({ ...made, minSize: Math.max(made.minSize, ref.offset + ref.size) });
}

/** A C member without a name. */
export function anon<T extends AnyType>(of: T): Anon<T> {
  return withEngines({ kind: 'anon', of, size: of.size, minSize: of.minSize, flexible: of.flexible });
}
