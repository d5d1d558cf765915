import type { Test } from 'uvu';
import * as assert from 'uvu/assert';

/** Statements of a requirement about what shows from outside, and whether they hold of a variant. */
export type Facts = Readonly<Record<string, boolean>>;

/** A requirement, and both sides of it. */
export interface Sides<V> {
  readonly check: (variant: V) => Facts;
  readonly ours: () => V;
  /** Behaviour that was criticised, by what it does: how to make it, and the facts that do not hold of it. */
  readonly criticised: Readonly<Record<string, readonly [make: () => V, ...broken: readonly string[]]>>;
}

/** Facts that do not hold. */
export function brokenFacts(facts: Facts): string[] {
  return Object.keys(facts).filter((fact) => facts[fact] !== true);
}

/** Registers one spec for each requirement: every fact holds of ours, and exactly the named ones fail of what was criticised. */
export function twoSided(test: Test): <V>(title: string, sides: Sides<V>) => void {
  return (title, { check, ours, criticised }) => {
    test(title, () => {
      assert.equal(brokenFacts(check(ours())), [], 'ours');
      assert.ok(Object.keys(criticised).length > 0, 'nothing is criticised');
      for (const [what, [make, ...broken]] of Object.entries(criticised)) {
        assert.ok(broken.length > 0, `${what}: nothing is expected to fail`);
        assert.equal(brokenFacts(check(make())), broken, what);
      }
    });
  };
}
