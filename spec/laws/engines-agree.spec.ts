import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileDecode } from '../../src/layout/compile-decode.js';
import { interpretDecode } from '../../src/layout/interpret-decode.js';
import { cursorOf } from '../../src/layout/limits.js';
import { TRUNCATED } from '../../src/layout/markers.js';
import type { AnyType } from '../../src/layout/types.js';
import { declaredLayouts } from '../support/declared-layouts.js';
import { casesOf, readWith, samplesOf, writeWith } from '../support/engine-law.js';
import { randomBytes, seedOf } from '../support/random.js';
import { spoiled } from '../support/spoil.js';

// Two engines, one meaning: generated code against the interpreter, over every declared struct.

const law = suite('law: engines agree');

law('on what any bytes mean, and on the bytes of that value', () => {
  for (const { title, type } of declaredLayouts)
    for (const one of casesOf(type, title))
      assert.is(readWith('compiled', type, one), readWith('interpreted', type, one), `${title}: ${one.note}`);
});

law('on the bytes of drawn values', () => {
  for (const { title, type } of declaredLayouts)
    for (const { note, value } of samplesOf(type, title))
      assert.is(writeWith('compiled', type, value), writeWith('interpreted', type, value), `${title}: ${note}`);
});

law('on why a spoiled value is refused', () => {
  const refusals = new Map<string, number>();
  for (const { title, type } of declaredLayouts) {
    for (const { note, value } of samplesOf(type, title, 1)) {
      for (const { what, value: bad } of spoiled(value, seedOf(title), 12)) {
        const refused = writeWith('compiled', type, bad);
        assert.is(refused, writeWith('interpreted', type, bad), `${title}: ${note}: ${what}`);
        const code = /^EncodeError (\w+)/.exec(refused)?.[1] ?? 'accepted';
        refusals.set(code, (refusals.get(code) ?? 0) + 1);
      }
    }
  }
  for (const code of ['E_TYPE', 'E_RANGE', 'E_LENGTH', 'E_MISSING', 'E_ARM', 'accepted'])
    assert.ok((refusals.get(code) ?? 0) > 20, `${code}: ${refusals.get(code)}`);
});

law('on where bytes end too early, at every length', () => {
  for (const { title, type } of declaredLayouts) {
    const bytes = randomBytes(type.size + (type.flexible ? 24 : 0), seedOf(title));
    const compiled = compileDecode(type);
    for (let length = 0; length <= bytes.length; length++) {
      const view = new DataView(bytes.buffer, 0, length);
      const generated = truncates(view, (cursor) => compiled(view, 0, cursor, true));
      const walked = truncates(view, (cursor) => interpretDecode(type, view, 0, cursor, true));
      if (generated !== walked) assert.is(generated, walked, `${title}: ${length} bytes`);
      if (length < type.minSize && !generated) assert.unreachable(`${title}: decodes from ${length} bytes`);
    }
  }
});

function truncates(view: DataView, decode: (cursor: ReturnType<typeof cursorOf>) => unknown): boolean {
  try {
    decode(cursorOf(view, undefined));
    return false;
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    return true;
  }
}

law('the law covers the ABI', () => {
  assert.ok(declaredLayouts.length > 400, `${declaredLayouts.length} layouts`);
  const kinds = new Set(declaredLayouts.flatMap(({ type }) => [...kindsIn(type)]));
  assert.equal([...kinds].sort(), [
    'array',
    'atomic',
    'bits',
    'bytes',
    'guid',
    'rep',
    'rsvd',
    'scalar',
    'struct',
    'union',
    'varhead',
  ]);
});

function* kindsIn(type: AnyType): Generator<string> {
  if (type.kind === 'anon') return yield* kindsIn(type.of);
  yield type.kind;
  if (type.kind === 'struct') for (const slot of type.slots) yield* kindsIn(slot.type);
  else if (type.kind === 'union') for (const of of Object.values(type.arms)) yield* kindsIn(of);
  else if ('of' in type) yield* kindsIn(type.of);
}

law.run();
