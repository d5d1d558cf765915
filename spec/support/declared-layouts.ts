import { layouts } from '../../src/abi/catalog.js';
import { openvmmLayouts } from '../../src/abi/openvmm-catalog.js';
import { concrete } from '../../src/layout/group.js';
import type { NamedType } from '../../src/layout/types.js';
import { kernelLayouts } from './kernel-layouts.js';

/** A concrete layout under a title that no other has. */
export interface DeclaredLayout {
  readonly title: string;
  readonly type: NamedType;
}

/** Every concrete layout of the ABI, once. */
export const abiLayouts: readonly DeclaredLayout[] = unique(
  [...layouts, ...openvmmLayouts].flatMap((layout) =>
    [...concrete(layout)].map(({ type, arch, version }) => ({ title: `${type.name} ${arch} ${version}`.trim(), type })),
  ),
);

/** Those of the ABI, and the made-up ones that have what the ABI happens not to use. */
export const declaredLayouts: readonly DeclaredLayout[] = [
  ...kernelLayouts.map((type) => ({ title: `made-up ${type.name}`, type })),
  ...abiLayouts,
];

function unique(all: readonly DeclaredLayout[]): DeclaredLayout[] {
  const seen = new Set<NamedType>();
  return all.filter(({ type }) => !seen.has(type) && seen.add(type));
}
