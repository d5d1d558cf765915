import { AbiError, LayoutError } from '../bytes/errors.js';
import type { Arch, NamedType } from './types.js';

/** Layouts of one name, oldest first, keyed by the ABI they belong to. */
export interface Versions<T extends Readonly<Record<string, NamedType>> = Readonly<Record<string, NamedType>>> {
  readonly kind: 'versions';
  readonly name: string;
  readonly rows: readonly { readonly version: string; readonly type: NamedType }[];
  readonly of: T;
}

/** Two layouts of one name, chosen once and never while decoding. */
export interface PerArch<
  X extends NamedType | Versions = NamedType | Versions,
  A extends NamedType | Versions = NamedType | Versions,
> {
  readonly kind: 'perArch';
  readonly name: string;
  readonly x64: X;
  readonly arm64: A;
}

/** Anything that resolves to one concrete layout. */
export type Layout = NamedType | Versions | PerArch;

/** Versions of one struct, oldest first: `versions({ 'linux-6.12': …, 'linux-7.3': … })`. */
export function versions<const T extends Readonly<Record<string, NamedType>>>(of: T): Versions<T> {
  const rows = Object.entries(of).map(([version, type]) => ({ version, type }));
  const name = rows[0]?.type.name ?? '';
  for (const row of rows)
    if (row.type.name !== name)
      throw new LayoutError('E_LAYOUT_NAME', `versions of ${name} cannot hold ${row.type.name}`, { struct: name });
  if (rows.length < 2) throw new LayoutError('E_LAYOUT_KIND', 'versions() takes two or more', { struct: name });
  return { kind: 'versions', name, rows, of };
}

/** The x64 and arm64 layouts of one struct. */
export function perArch<X extends NamedType | Versions, A extends NamedType | Versions>(layouts: {
  x64: X;
  arm64: A;
}): PerArch<X, A> {
  if (layouts.x64.name !== layouts.arm64.name)
    throw new LayoutError('E_LAYOUT_NAME', `perArch holds ${layouts.x64.name} and ${layouts.arm64.name}`);
  return { kind: 'perArch', name: layouts.x64.name, x64: layouts.x64, arm64: layouts.arm64 };
}

export interface PickOptions {
  readonly arch?: Arch;
  /** Takes this version, whatever the size; a layout that has no such version is chosen by size. */
  readonly abi?: string;
  /** Bytes at hand: the newest layout that they can fill is taken. */
  readonly size?: number;
}

export interface Picked {
  readonly type: NamedType;
  readonly arch: Arch | 'any';
  /** The version's name where there are several; else that of the origin. */
  readonly version: string;
  /** True when another layout of the name exists for this architecture. */
  readonly chosen: boolean;
}

/** Resolves to one layout: of an architecture, and of a version by name or by size. */
export function pick(layout: Layout, options: PickOptions = {}): Picked {
  const arch = layout.kind === 'perArch' ? (options.arch ?? 'x64') : 'any';
  const one = layout.kind === 'perArch' ? layout[options.arch ?? 'x64'] : layout;
  if (one.kind !== 'versions') return { type: one, arch, version: one.origin?.version ?? '', chosen: false };
  const { rows } = one;
  const newest = rows[rows.length - 1]!;
  if (options.abi !== undefined) {
    const forced = rows.find((row) => row.version === options.abi);
    if (forced !== undefined) return { type: forced.type, arch, version: forced.version, chosen: true };
  }
  const { size } = options;
  const best = size === undefined ? newest : bestFor(rows, size);
  return { type: best.type, arch, version: best.version, chosen: true };
}

/** The newest version whose fixed part the bytes can fill; where none can, the shortest, so that the error names what is missing. */
function bestFor(rows: Versions['rows'], size: number): Versions['rows'][number] {
  for (let i = rows.length - 1; i >= 0; i--) if (rows[i]!.type.minSize <= size) return rows[i]!;
  return rows.reduce((a, b) => (b.type.minSize < a.type.minSize ? b : a));
}

/** Every concrete layout, with its architecture and version. */
export function* concrete(layout: Layout): Generator<{ type: NamedType; arch: Arch | 'any'; version: string }> {
  if (layout.kind === 'perArch') {
    for (const arch of ['x64', 'arm64'] as const) for (const one of concrete(layout[arch])) yield { ...one, arch };
  } else if (layout.kind === 'versions') {
    for (const row of layout.rows) yield { type: row.type, arch: 'any', version: row.version };
  } else {
    yield { type: layout, arch: 'any', version: layout.origin?.version ?? '' };
  }
}

/** The struct of a layout that has only one. Throws AbiError E_NO_VERSION. */
export function only(layout: Layout): NamedType {
  if (layout.kind === 'perArch' || layout.kind === 'versions')
    throw new AbiError('E_NO_VERSION', 'several layouts: pick one', { struct: layout.name });
  return layout;
}
