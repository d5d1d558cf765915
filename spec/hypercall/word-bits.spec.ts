import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { controlWord, splitControl, splitControlWord } from '../../src/hypercall/words.js';

const bits = suite('splitControlWord, splitControl, controlWord: bit by bit (COM-01)');

bits('each of the 64 bits belongs to exactly one field, from one bigint and from two halves', () => {
  for (let bit = 0n; bit < 64n; bit++) {
    const word = 1n << bit;
    const split = splitControlWord(word);
    const { reserved, ...rest } = split;
    const set =
      Object.values(rest).filter((value) => value !== 0 && value !== false).length + (reserved === 0n ? 0 : 1);
    assert.is(set, 1, `bit ${bit}`);
    assert.is(controlWord(rest) | reserved, word, `bit ${bit}`);
    assert.equal(splitControl(Number(word & 0xffffffffn), Number(word >> 32n)), split, `bit ${bit}`);
  }
});

bits('fields beyond their width are cut', () => {
  assert.is(controlWord({ code: 0x100b3, reps: 4096, repStart: 4097, varQwords: 1024 }), 0x1000000000000n + 0xb3n);
});

bits.run();
