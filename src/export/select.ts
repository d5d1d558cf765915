import { layouts } from '../abi/catalog.js';
import { openvmmLayouts } from '../abi/openvmm-catalog.js';
import { AbiError } from '../bytes/errors.js';
import { type Layout, pick } from '../layout/group.js';
import { rows } from '../layout/rows.js';
import type { AnyType, Arch, NamedType } from '../layout/types.js';

export interface ExportOptions {
  readonly arch: Arch;
  /** Takes this layout of a type that has several (`linux-6.12`), else the newest; `openvmm`: the types of OpenVMM instead of Linux's. */
  readonly version?: string;
  /** These types and what they contain; every one of the version when absent. */
  readonly names?: readonly string[];
}

/** The types of one export, each behind those it contains. */
export interface Selection {
  readonly types: readonly NamedType[];
  /** Name in the export: a second layout of one name carries its version. */
  readonly nameOf: (type: NamedType) => string;
  /** Types that are part of another one. */
  readonly embedded: ReadonlySet<NamedType>;
}

/** Chooses one layout per name. Throws AbiError E_UNKNOWN_NAME, E_NO_VERSION. */
export function selectTypes(options: ExportOptions): Selection {
  const wanted = wantedTypes(options);
  const chosen = new Map(wanted.map((type) => [type.name, type]));
  const names = new Map<NamedType, string>();
  const canonical = new Map<NamedType, NamedType>();
  const taken = new Map<string, NamedType>();
  const types: NamedType[] = [];
  const embedded = new Set<NamedType>();

  const visit = (found: NamedType): NamedType => {
    const known = canonical.get(found);
    if (known !== undefined) return known;
    const plain = chosen.get(found.name);
    if (plain !== undefined && plain !== found && sameLayout(plain, found)) {
      const type = visit(plain);
      canonical.set(found, type);
      return type;
    }
    const name = plain === undefined || plain === found ? found.name : `${found.name}_${suffixOf(found)}`;
    const other = taken.get(name);
    if (other !== undefined) {
      if (!sameLayout(other, found))
        throw new AbiError('E_NO_VERSION', `two layouts are named ${name}`, { struct: found.name });
      canonical.set(found, other);
      return other;
    }
    taken.set(name, found);
    canonical.set(found, found);
    for (const part of partsOf(found)) embedded.add(visit(part));
    names.set(found, name);
    types.push(found);
    return found;
  };
  for (const type of wanted) visit(type);
  return { types, nameOf: (type) => names.get(canonical.get(type) ?? type) ?? type.name, embedded };
}

function wantedTypes({ arch, version, names }: ExportOptions): NamedType[] {
  const own = version === 'openvmm' ? openvmmLayouts : layouts;
  if (version !== undefined && version !== 'openvmm' && !layouts.some((layout) => hasVersion(layout, version)))
    throw new AbiError('E_NO_VERSION', `no layout belongs to ${JSON.stringify(version)}`);
  const from = names === undefined ? own : names.map((name) => byName(name, own));
  return from.map((layout) => pick(layout, { arch, ...(version === undefined ? {} : { abi: version }) }).type);
}

function hasVersion(layout: Layout, version: string): boolean {
  if (layout.kind === 'perArch') return hasVersion(layout.x64, version) || hasVersion(layout.arm64, version);
  if (layout.kind === 'versions') return layout.rows.some((row) => row.version === version);
  return layout.origin?.version === version;
}

function byName(name: string, first: readonly Layout[]): Layout {
  for (const list of [first, layouts, openvmmLayouts]) {
    const found = list.find((layout) => layout.name === name);
    if (found !== undefined) return found;
  }
  throw new AbiError('E_UNKNOWN_NAME', 'is not declared', { struct: name });
}

function sameLayout(a: NamedType, b: NamedType): boolean {
  return a.size === b.size && JSON.stringify(rows(a)) === JSON.stringify(rows(b));
}

function suffixOf(type: NamedType): string {
  return (type.origin?.version ?? 'other').replace(/[^A-Za-z0-9]/g, '_');
}

/** The named types that `type` contains directly or through members without a type name. */
export function partsOf(type: AnyType): NamedType[] {
  switch (type.kind) {
    case 'anon':
      return type.of.kind === 'bits' ? [] : partsOf(type.of);
    case 'array':
    case 'rep':
    case 'varhead':
      return asPart(type.of);
    case 'struct':
      return type.slots.flatMap((slot) => (slot.anon ? partsOf(slot.type) : asPart(slot.type)));
    case 'union':
      return Object.values(type.arms).flatMap((arm) => (arm.kind === 'anon' ? partsOf(arm) : asPart(arm)));
    default:
      return [];
  }
}

function asPart(type: AnyType): NamedType[] {
  return (type.kind === 'struct' || type.kind === 'union' || type.kind === 'bits') && type.name !== ''
    ? [type]
    : partsOf(type);
}
