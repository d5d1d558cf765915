import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { consumed, lendAt } from '../../src/layout/codec.js';
import { extentAt } from '../../src/layout/extent.js';
import type { Limits } from '../../src/layout/limits.js';
import type { AnyType } from '../../src/layout/types.js';
import { outcome } from '../support/canonical.js';
import { declaredLayouts } from '../support/declared-layouts.js';
import { casesOf } from '../support/engine-law.js';

const law = suite('layout: extentAt');

/** Bytes that decoding takes up. */
function decoded(type: AnyType, view: DataView, offset: number, limits?: Limits): number {
  lendAt(type, view, offset, limits);
  return consumed() - offset;
}

law('finds what decoding takes up, or says the same', () => {
  let open = 0;
  for (const { title, type } of declaredLayouts) {
    if (type.flexible) open++;
    for (const { note, view, offset, limits } of casesOf(type, title)) {
      const found = outcome(() => extentAt(type, view, offset, limits));
      assert.is(
        found,
        outcome(() => decoded(type, view, offset, limits)),
        `${title}: ${note}`,
      );
      for (const end of [offset, offset + type.minSize - 1, offset + type.minSize, offset + type.size + 1]) {
        const cut = { ...limits, end };
        const short = outcome(() => extentAt(type, view, offset, cut));
        assert.is(
          short,
          outcome(() => decoded(type, view, offset, cut)),
          `${title}: ${note}, end ${end - offset}`,
        );
      }
    }
  }
  assert.ok(open > 20, `${open} types of open size`);
});

law.run();
