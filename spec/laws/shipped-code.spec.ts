import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyType, Code, NamedType } from '../../src/layout/types.js';
import { bundleShipped, loadBundle } from '../support/bundle.js';
import { canonical } from '../support/canonical.js';
import { abiLayouts, type DeclaredLayout } from '../support/declared-layouts.js';
import * as engineLaw from '../support/engine-law.js';
import { withTempFolder } from '../support/project.js';

// The package ships the declarations as what they made when they ran, with the code that the engines would make of them
// (.ci/packaging/). It has to be the same declarations and the same code.

interface Shipped {
  readonly abiLayouts: readonly DeclaredLayout[];
  readonly engineLaw: typeof engineLaw;
}

const ENTRY = `
export { abiLayouts } from '%/spec/support/declared-layouts.ts';
export * as engineLaw from '%/spec/support/engine-law.ts';
`;

/** The longest prefix whose every length is tried. */
const EVERY_LENGTH = 48;

const law = suite('law: shipped declarations');

/** A declaration as text, without code and methods. */
function graph(type: unknown): string {
  if (typeof type !== 'object' || type === null) return canonical(type);
  if (type instanceof Map) return `Map(${[...type].map(([key, value]) => `${graph(key)}:${graph(value)}`).join()})`;
  if (Array.isArray(type)) return `[${type.map(graph).join()}]`;
  const parts = Object.entries(type).filter(([key, value]) => key !== 'code' && typeof value !== 'function');
  return `{${parts.map(([key, value]) => `${key}:${graph(value)}`).join()}}`;
}

/** Everything that decoding and encoding make of a type. */
function meaning(engine: typeof engineLaw, type: AnyType, title: string): string[] {
  const cases = engine.casesOf(type, title);
  const { view, offset } = cases[0]!;
  const lengths = Array.from({ length: Math.min(type.minSize, EVERY_LENGTH) }, (_, i) => i);
  return [
    ...cases.map((one) => `${one.note}: ${engine.readWith('compiled', type, one)}`),
    ...engine.samplesOf(type, title).map(({ note, value }) => `${note}: ${engine.writeWith('compiled', type, value)}`),
    ...lengths.map((length) => {
      const one = { note: '', view, offset, limits: { end: offset + length } };
      return `${length} bytes: ${engine.readWith('compiled', type, one)}`;
    }),
    `nothing: ${engine.writeWith('compiled', type, undefined)}`,
    `empty: ${engine.writeWith('compiled', type, {})}`,
  ];
}

law('are the declarations, and mean the same', async () => {
  await withTempFolder(async (folder) => {
    const text = await bundleShipped(ENTRY, folder, { platform: 'node' });
    const shipped = await loadBundle<Shipped>(text, folder);
    assert.equal(
      shipped.abiLayouts.map(({ title }) => title),
      abiLayouts.map(({ title }) => title),
    );
    let withCode = 0;
    for (const [i, { title, type }] of abiLayouts.entries()) {
      const other: NamedType & { code?: Code } = shipped.abiLayouts[i]!.type;
      assert.is(graph(other), graph(type), title);
      if (other.code === undefined) continue;
      withCode++;
      assert.equal(meaning(shipped.engineLaw, other, title), meaning(engineLaw, type, title), title);
    }
    // Only structs that end in a union of open size are left to the engines.
    assert.ok(withCode > 0.95 * abiLayouts.length, `${withCode} of ${abiLayouts.length} have code`);
  });
});

law.run();
