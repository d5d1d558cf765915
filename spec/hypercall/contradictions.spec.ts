import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { catalog } from '../../src/abi/hypercalls/catalog.js';
import { contradictions } from '../../src/hypercall/contradictions.js';
import { splitControlWord } from '../../src/hypercall/words.js';
import type { Arch } from '../../src/layout/types.js';

const contradict = suite('contradictions');

const of = (control: bigint, arch: Arch = 'x64'): string[] => {
  const word = splitControlWord(control);
  return contradictions(catalog.find((call) => call.code === word.code)!, word, arch);
};

// The order of checks and their outcome: TLFS, hypercall inputs; each is refused with invalid hypercall input.
const ROWS: readonly (readonly [string, bigint, RegExp?])[] = [
  ['a simple call', 0x5cn],
  ['a rep call with one rep', 0x1000000b3n],
  ['a full page', 0x1fb000000b3n],
  ['a rep call that goes on', 0x6401fa000000b3n],
  ['a variable header where one is declared', 0x4007en],
  ['4,095 reps without elements', 0xfff000000b4n],
  ['a fast call may carry fewer than a page, by rules of its own', 0x20000010050n],
  ['reps on a simple call', 0x10000005cn, /takes no reps, the rep count is 1/],
  ['a rep start on a simple call', 0x100000000005cn, /takes no reps, the rep start is 1/],
  ['no reps on a rep call', 0xb4n, /is a rep call, the rep count is 0/],
  ['a start that is not below the count', 0x100010000000b3n, /rep start 16 is not below the rep count 1/],
  ['one page number too many', 0x1fc000000b3n, /508 reps do not fit: the input page holds 507/],
  ['too many registers for the output page', 0x10100000050n, /257 reps do not fit: the output page holds 256/],
  ['banks take room from the list', 0x1fc00020014n, /508 reps do not fit: the input page holds 507/],
  ['a variable header where none is declared', 0x200b2n, /no variable header, the word claims 1/],
];

for (const [title, control, expected] of ROWS)
  contradict(title, () => {
    const found = of(control);
    assert.is(found.length, expected === undefined ? 0 : 1, found.join('; '));
    if (expected) assert.match(found[0]!, expected);
  });

contradict('several at once are all told', () => {
  assert.is(of(0x10001000400b2n).length, 3);
});

contradict.run();
