import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AbiError } from '../../src/bytes/errors.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { consumed, decodeAt, encodeInto, encodeUnchecked } from '../../src/layout/codec.js';
import { describe, type FieldNode } from '../../src/layout/describe.js';
import { check } from '../../src/layout/explain.js';
import { extentAt } from '../../src/layout/extent.js';
import { fromJson, type Json, toJson } from '../../src/layout/json.js';
import { maySuspect } from '../../src/layout/suspect.js';
import { outcome } from '../support/canonical.js';
import { declaredLayouts } from '../support/declared-layouts.js';
import { type Case, casesOf, samplesOf } from '../support/engine-law.js';

// encode(decode(bytes)) is bytes, reserved ones included, and the walk sees the same bytes that decode does.

const law = suite('law: round trip');

/** Cases with their value; a case whose bytes end too early has none. */
function* decoded(): Generator<{
  where: string;
  type: (typeof declaredLayouts)[number]['type'];
  one: Case;
  value: unknown;
  end: number;
}> {
  for (const { title, type } of declaredLayouts) {
    for (const one of casesOf(type, title)) {
      let value: unknown;
      try {
        value = decodeAt(type, one.view, one.offset, one.limits);
      } catch (error) {
        if (error instanceof AbiError && error.code === 'E_TRUNCATED') continue;
        throw error;
      }
      yield { where: `${title}: ${one.note}`, type, one, value, end: consumed() };
    }
  }
}

const hexOf = (one: Case, end: number): string =>
  bytesToHex(new Uint8Array(one.view.buffer, one.offset, end - one.offset));

law('any bytes, decoded and encoded, are the same bytes', () => {
  let cases = 0;
  for (const { where, type, one, value, end } of decoded()) {
    assert.is(bytesToHex(encodeUnchecked(type, value)), hexOf(one, end), where);
    cases++;
  }
  assert.ok(cases > 2000, `${cases} cases`);
});

law('encoding into used memory leaves no stale byte, and none outside is touched', () => {
  for (const { where, type, one, value, end } of decoded()) {
    const size = end - one.offset;
    const memory = new Uint8Array(size + 16).fill(0x5a);
    const written = encodeInto(type as never, value as never, new DataView(memory.buffer), 8);
    assert.is(written, size, where);
    assert.is(bytesToHex(memory), `${'5a'.repeat(8)}${hexOf(one, end)}${'5a'.repeat(8)}`, where);
  }
});

law('a value survives JSON', () => {
  for (const { where, type, one, value, end } of decoded()) {
    const text = JSON.stringify(toJson(value));
    const again = fromJson(type, JSON.parse(text) as Json);
    assert.is(bytesToHex(encodeUnchecked(type, again)), hexOf(one, end), where);
  }
});

law('the tags and counts of a drawn value agree with its arms and lists', () => {
  for (const { title, type } of declaredLayouts) {
    for (const { note, value } of samplesOf(type, title)) {
      const bytes = encodeUnchecked(type, value);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const again = decodeAt(type, view);
      assert.is(consumed(), bytes.length, `${title}: ${note}`);
      assert.is(bytesToHex(encodeUnchecked(type, again)), bytesToHex(bytes), `${title}: ${note}`);
      const wrong = check(type, view).filter(({ code, text }) => code === 'I_COUNT' || text.endsWith('names no arm'));
      assert.equal(wrong, [], `${title}: ${note}`);
    }
  }
});

law('every byte belongs to exactly one leaf of the walk', () => {
  for (const { where, type, one, end } of decoded()) {
    const { root, size } = describe(type, one.view, one.offset, one.limits);
    assert.is(size, end - one.offset, where);
    const owned = new Uint8Array(size * 8);
    for (const leaf of leavesOf(root)) {
      const from = leaf.bitOffset ?? leaf.offset * 8;
      const bits = leaf.bitSize ?? leaf.size * 8;
      for (let i = from; i < from + bits; i++) owned[i]!++;
    }
    const wrong = owned.findIndex((times) => times !== 1);
    if (wrong >= 0) assert.unreachable(`${where}: bit ${wrong} belongs to ${owned[wrong]} leaves`);
  }
});

law('the extent, found without decoding, is what decode uses', () => {
  for (const { where, type, one, end } of decoded())
    assert.is(extentAt(type, one.view, one.offset, one.limits), end - one.offset, where);
  for (const { title, type } of declaredLayouts) {
    for (const length of new Set([0, type.minSize >> 1, type.minSize - 1, type.minSize])) {
      if (length < 0) continue;
      const view = new DataView(new ArrayBuffer(length));
      const decodes = () => {
        decodeAt(type, view);
        return consumed();
      };
      assert.is(
        outcome(() => extentAt(type, view, 0)),
        outcome(decodes),
        `${title}: ${length} zeros`,
      );
    }
  }
});

law('the quick test suspects whatever check finds', () => {
  let clean = 0;
  for (const { where, type, one } of decoded()) {
    const found = check(type, one.view, one.offset, one.limits).length > 0;
    const suspected = maySuspect(type, one.view, one.offset, one.limits);
    assert.ok(suspected || !found, where);
    if (!suspected) clean++;
  }
  assert.ok(clean > 200, `only ${clean} cases are cleared`);
});

function* leavesOf(node: FieldNode): Generator<FieldNode> {
  if (node.children === undefined) yield node;
  else for (const child of node.children) yield* leavesOf(child);
}

law.run();
