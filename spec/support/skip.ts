import type { Callback, Test } from 'uvu';

/** Printed before the reason of each skipped spec; the guard counts these lines. */
export const SKIP_MARK = 'skipped: ';

/**
 * Chooses between registering a spec and skipping it with a printed reason. `run.js` fails on a skip without one.
 *
 *   const whenGcc = skipUnless(hasGcc, 'no gcc on PATH');
 *   whenGcc(test, 'the header compiles', () => { … });
 */
export function skipUnless(condition: boolean, reason: string) {
  return <T>(test: Test<T>, name: string, body: Callback<T>): void => {
    if (condition) {
      test(name, body);
      return;
    }
    process.stdout.write(`${SKIP_MARK}${reason} (${name})\n`);
    test.skip(name, body);
  };
}
